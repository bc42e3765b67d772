"""The queries for corrections: making one, under the lock of the player's clock, and reading back which were made."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.events.queries import NAMES, WITHOUT_HASTE
from app.events.revising.domain import ChangedCodes, Correction, FirstVersion, Place, RecordedCorrection
from app.events.rows import DECISION, decision_of
from app.rules.event import TYPE_BY_NAME, EventRef
from lib.statements import Statement
from lib.transactions import Transaction

LOCK_CLOCK = Statement(
    "lock_clock", ("bigint",), "SELECT last_t FROM user_clock WHERE user_id = $1 AND user_id > 0 FOR UPDATE"
)
CORRECTED = f"""
    SELECT t, {DECISION}, seq, new_type IS NULL, no FROM superseded_event
"""  # noqa: S608  # constants of ours
FIRST_VERSION_AT = Statement(
    "first_version_at",
    ("bigint", "bigint"),
    f"{CORRECTED} WHERE user_id = $1 AND t = $2 AND n = 0 ORDER BY no",
)
FIRST_VERSION_AS = Statement(
    "first_version_with_id",
    ("bigint", "text"),
    f"{CORRECTED} WHERE user_id = $1 AND event_id = $2 ORDER BY no",
)
CORRECT = Statement(
    "correct_event",
    ("bigint", "bigint", "integer", "activity_type", "numeric", "text", "text", "text"),
    "SELECT correct_event($1, $2, $3, $4, $5, $6, $7, $8)",
)
LOWER_SYSTEM_CLOCK = Statement(
    "lower_system_clock",
    ("bigint",),
    """
    UPDATE user_clock SET last_t = coalesce((SELECT max(last_t) FROM user_clock WHERE user_id > 0), -1)
    WHERE user_id = 0 AND last_t = $1
    """,
)
# An event without a number belongs to no seal until it is counted, and then to that one for ever.
NOT_COUNTED = Statement(
    "event_not_counted",
    ("bigint", "bigint", "integer"),
    """
    SELECT seq IS NULL AND NOT EXISTS (
        SELECT FROM sealed_player WHERE user_id = $1 AND sealed_player.seq <= 0 AND sealed_player.t >= $2
    ) FROM activity_event WHERE user_id = $1 AND t = $2 AND n = $3
    """,
)
BELIEVED_AT = Statement(
    "believed_codes",
    ("bigint", "bigint", "integer"),
    "SELECT no, codes_after FROM revision WHERE user_id = $1 AND t = $2 AND n = $3 ORDER BY no DESC LIMIT 1",
)
CORRECTION = """
    SELECT user_id, seq, t, n, event_id, no, type, amount, new_type, new_amount, reason, corrected_by, corrected_at,
        at_shell FROM superseded_event
"""
CORRECTIONS = Statement(
    "corrections",
    ("bigint", "bigint", "bigint"),
    f"{CORRECTION} WHERE user_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3",
)
LAST_AT = Statement(
    "last_correction_at",
    ("bigint", "bigint", "integer"),
    f"{CORRECTION} WHERE user_id = $1 AND t = $2 AND n = $3 ORDER BY no DESC LIMIT 1",
)
LAST_WITH_ID = Statement(
    "last_correction_with_id",
    ("bigint", "text"),
    f"{CORRECTION} WHERE user_id = $1 AND event_id = $2 ORDER BY no DESC LIMIT 1",
)
# By the index on `user_id` and `cause`. An event that was judged again either stands or was reversed since.
CHANGED_BY = Statement(
    "changed_by_corrections",
    ("bigint", "bigint[]", "bigint"),
    """
    SELECT cause, t, n, coalesce(
        (SELECT event_id FROM activity_event WHERE user_id = $1 AND t = changed.t AND n = changed.n),
        (SELECT event_id FROM superseded_event
         WHERE user_id = $1 AND t = changed.t AND n = changed.n ORDER BY no LIMIT 1)
    ), codes_before, codes_after
    FROM (
        SELECT cause, t, n, codes_before, codes_after FROM revision
        WHERE user_id = $1 AND cause = ANY ($2) ORDER BY cause DESC, t, n LIMIT $3
    ) AS changed
    """,
)


class CorrectionQueries:
    """Queries of corrections within one transaction; an event is named by its `t` and `n`, or by its `event_id`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def lock_clock(self, user_id: int) -> int | None:
        """Lock the player's clock until the end; return the latest `t`, None for a player without events."""
        rows = self._transaction.fetch(LOCK_CLOCK, user_id)
        return rows[0][0] if rows else None

    def correct(self, user_id: int, place: Place, correction: Correction) -> int:
        """Correct an event, and return the arrival number of the correction."""
        other = (NAMES[correction.type] if correction.type else None, correction.amount)
        made = (correction.reason, correction.actor, correction.at_shell)
        [(seq,)] = self._transaction.fetch(CORRECT, user_id, *place, *other, *made)
        return int(seq)

    def believed(self, user_id: int, place: Place) -> tuple[int, tuple[int, ...]] | None:
        """Return how often the codes of an event changed, and which are believed now; None if they never did."""
        rows = self._transaction.fetch(BELIEVED_AT, user_id, *place)
        return (rows[0][0], tuple(rows[0][1])) if rows else None

    def is_counted(self, user_id: int, place: Place) -> bool:
        """Tell whether an event has a number, or is counted as one without."""
        [(not_counted,)] = self._transaction.fetch(NOT_COUNTED, user_id, *place)
        return not not_counted

    def wait_long(self) -> None:
        """Let each statement take as long as it needs."""
        self._transaction.fetch(WITHOUT_HASTE)

    def lower_system_clock(self, t: int) -> None:
        """If the system's clock, which is locked, shows this `t`, set it to the greatest of all players."""
        self._transaction.write(LOWER_SYSTEM_CLOCK, t)

    def first_version_at(self, user_id: int, t: int) -> FirstVersion | None:
        """Return how the first event of a second was answered if it has been corrected, None if not."""
        return _first_version(user_id, self._transaction.fetch(FIRST_VERSION_AT, user_id, t))

    def first_version_as(self, user_id: int, event_id: str) -> FirstVersion | None:
        """Return how the event with this id was answered if it has been corrected, None if not."""
        return _first_version(user_id, self._transaction.fetch(FIRST_VERSION_AS, user_id, event_id))

    def corrections(self, user_id: int, *, before: int, limit: int) -> list[RecordedCorrection]:
        """Return the player's last corrections with a number below `before`, newest first."""
        rows = self._transaction.fetch(CORRECTIONS, user_id, before, limit)
        return [_correction_of(*row) for row in rows]

    def last_correction(self, user_id: int, at: tuple[int, int] | str) -> RecordedCorrection | None:
        """Return the last correction of an event, None if there is none."""
        if isinstance(at, str):
            rows = self._transaction.fetch(LAST_WITH_ID, user_id, at)
        else:
            rows = self._transaction.fetch(LAST_AT, user_id, *at)
        return _correction_of(*rows[0]) if rows else None

    def changed_by(self, user_id: int, corrections: Sequence[int], most: int) -> list[tuple[int, ChangedCodes]]:
        """Return the first events whose codes changed with corrections, each after the number of its correction.

        They are in the order of a page: by correction descending, then by `t` and `n`.
        """
        if not corrections:
            return []
        return [
            (cause, ChangedCodes(event=EventRef(*event), codes_before=tuple(before), codes_after=tuple(after)))
            for cause, *event, before, after in self._transaction.fetch(CHANGED_BY, user_id, list(corrections), most)
        ]


def _first_version(user_id: int, rows: Sequence[tuple[Any, ...]]) -> FirstVersion | None:
    if not rows:
        return None
    t, *decision, _, _, _ = rows[0]
    *_, correction, was_reversed, _ = rows[-1]
    return FirstVersion(decision_of(user_id, t, decision, replayed=True), correction, was_reversed)


def _correction_of(  # noqa: PLR0913, PLR0917  # a row's columns
    user_id: int,
    seq: int,
    t: int,
    n: int,
    event_id: str | None,
    no: int,
    stored_type: str,
    amount: Decimal,
    new_type: str | None,
    new_amount: Decimal | None,
    *made: Any,  # noqa: ANN401  # as the columns are
) -> RecordedCorrection:
    types = TYPE_BY_NAME[stored_type], amount, TYPE_BY_NAME[new_type] if new_type else None, new_amount
    return RecordedCorrection(user_id, seq, t, n, event_id, no, *types, *made)
