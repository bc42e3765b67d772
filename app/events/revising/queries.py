"""The queries for late events and corrections; all run under the lock of the player's clock."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from heapq import merge
from typing import Any, NamedTuple

from app.events.domain import CorrectedEvent, Decision
from app.events.queries import NAMES, NEW_EVENT_OF_GROUPS, STORE_OF_GROUPS, WITHOUT_HASTE
from app.events.revising.domain import ChangedCodes, Correction, Place, RecordedCorrection
from app.events.rows import DECISION, EVENT, decision_of, event_of
from app.players.queries import labels_in
from app.rules.event import TYPE_BY_NAME, ActivityEvent, EventRef, EventType
from app.rules.history import NO_GROUPS, Groups, HistoryNeeds
from app.rules.limits import BIGINT_MAX
from lib.statements import Statement
from lib.transactions import Transaction

FIRST_PAGE, PAGE = 32, 1_000  # of later events, which are few for nearly all late ones

COUNT_LATE = Statement(
    "count_late_event",
    ("bigint",),
    """
    UPDATE user_clock SET events = events + 1, late_events = late_events + 1 WHERE user_id = $1
    RETURNING last_t, events
    """,
)
LOCK_CLOCK = Statement(
    "lock_clock", ("bigint",), "SELECT last_t FROM user_clock WHERE user_id = $1 AND user_id > 0 FOR UPDATE"
)
# A place is never given twice, not even that of a reversed event.
LAST_PLACE = Statement(
    "last_place_in_second",
    ("bigint", "bigint"),
    """
    SELECT max(n) FROM (
        SELECT n FROM activity_event WHERE user_id = $1 AND t = $2
        UNION ALL SELECT n FROM superseded_event WHERE user_id = $1 AND t = $2
    ) AS places
    """,
)
STORE_LATE = Statement(
    "store_late_event",
    (*STORE_OF_GROUPS.types, "bigint"),
    NEW_EVENT_OF_GROUPS.replace("groups_version)", "groups_version, taken_after)").format(
        row="VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    ),
)
# The last revision of an event, as its number followed by the codes that are believed since.
BELIEVED = """
    (SELECT no || codes_after FROM revision
     WHERE user_id = event.user_id AND t = event.t AND n = event.n ORDER BY no DESC LIMIT 1)
"""
# The groups that an event was judged with; null if it names no version of them.
GROUPS_SEEN = """
    (SELECT array_to_string(new_groups, ' ') FROM player_change
     WHERE user_id = event.user_id AND version = event.groups_version)
"""
LATER = Statement(
    "later_events",
    ("bigint", "bigint", "integer", "bigint"),
    f"""
    SELECT t, {DECISION}, {GROUPS_SEEN}, {BELIEVED} FROM activity_event AS event
    WHERE user_id = $1 AND (t, n) > ($2, $3) ORDER BY t, n LIMIT $4
    """,  # noqa: S608  # constants of ours
)
GROUPS_AT = Statement(
    "groups_seen_by_event",
    ("bigint", "bigint", "integer"),
    f"SELECT {GROUPS_SEEN} FROM activity_event AS event WHERE user_id = $1 AND t = $2 AND n = $3",  # noqa: S608  # as above
)
# The events of a type before a place: those within the longest window, and the last ones.
EARLIER = Statement(
    "earlier_events",
    ("bigint", "bigint", "integer", "activity_type", "bigint", "bigint", "bigint"),
    f"""
    SELECT t, {EVENT} FROM activity_event WHERE user_id = $1 AND type = $4 AND (t, n) < ($2, $3) AND t >= $5
    UNION (
        SELECT t, {EVENT} FROM activity_event WHERE user_id = $1 AND type BETWEEN $4 AND $4 AND (t, n) < ($2, $3)
        ORDER BY type DESC, t DESC, n DESC LIMIT $6
    ) ORDER BY t, n LIMIT $7
    """,  # noqa: S608  # as above
)
ADD_TO_TOTAL = Statement(
    "add_to_total",
    ("bigint", "bigint", "integer", "integer", "numeric", "integer", "numeric"),
    """
    UPDATE user_total SET deposits = deposits + $4, deposited = deposited + $5,
        withdraws = withdraws + $6, withdrawn = withdrawn + $7
    WHERE user_id = $1 AND (counted_t, counted_n) >= ($2, $3)
    """,
)
CORRECTED = f"""
    SELECT t, {DECISION}, seq, new_type IS NULL, no FROM superseded_event
"""  # noqa: S608  # as above
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
CORRECTION = """
    user_id, seq, t, n, event_id, no, type, amount, new_type, new_amount, reason, corrected_by, corrected_at, at_shell
"""
CORRECTIONS = Statement(
    "corrections",
    ("bigint", "bigint", "bigint"),
    f"SELECT {CORRECTION} FROM superseded_event WHERE user_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3",  # noqa: S608  # as above
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
LAST_CORRECTION = Statement(
    "last_correction",
    ("bigint", "bigint", "integer"),
    f"SELECT {CORRECTION} FROM superseded_event WHERE user_id = $1 AND t = $2 AND n = $3 ORDER BY no DESC LIMIT 1",  # noqa: S608  # as above
)
BELIEVED_AT = Statement(
    "believed_codes",
    ("bigint", "bigint", "integer"),
    "SELECT no, codes_after FROM revision WHERE user_id = $1 AND t = $2 AND n = $3 ORDER BY no DESC LIMIT 1",
)
CHANGED_BY = Statement(
    "codes_changed_by",
    ("bigint", "bigint"),
    """
    SELECT t, n, coalesce(
        (SELECT event_id FROM activity_event WHERE user_id = $1 AND t = revision.t AND n = revision.n),
        (SELECT event_id FROM superseded_event WHERE user_id = $1 AND t = revision.t AND n = revision.n LIMIT 1)
    ), codes_before, codes_after FROM revision WHERE user_id = $1 AND cause = $2 ORDER BY t, n LIMIT 1000
    """,
)


class Later(NamedTuple):
    """A later event with its first decision, the codes that are believed of it by now, and how often those changed.

    `groups` are those that it was judged with.
    """

    decision: Decision
    believed: tuple[int, ...]
    revisions: int
    groups: Groups = NO_GROUPS


class FirstVersion(NamedTuple):
    """A corrected event as it was first answered, and its last correction."""

    first: Decision
    correction: int
    reversed: bool

    def refusal(self) -> CorrectedEvent:
        """Return the refusal of another event with the identity of this one."""
        return CorrectedEvent(self.first.event, self.correction, reversed_=self.reversed)


class RevisingQueries:
    """Queries for late events and corrections, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def count_late(self, user_id: int) -> tuple[int, int]:
        """Count a late event; return the player's latest `t`, and the arrival number of the event."""
        [(last_t, seq)] = self._transaction.fetch(COUNT_LATE, user_id)
        return last_t, seq

    def lock_clock(self, user_id: int) -> int | None:
        """Lock the player's clock until the end; return the latest `t`, None for a player without events."""
        rows = self._transaction.fetch(LOCK_CLOCK, user_id)
        return rows[0][0] if rows else None

    def next_place(self, event: ActivityEvent) -> int:
        """Return the next free place in the second of an event; one without an id has the second to itself."""
        if event.event_id is None:
            return 0
        [(last,)] = self._transaction.fetch(LAST_PLACE, event.user_id, event.t)
        return 0 if last is None else last + 1

    def first_version_at(self, user_id: int, t: int) -> FirstVersion | None:
        """Return how the first event of a second was answered if it has been corrected, None if not."""
        return _first_version(user_id, self._transaction.fetch(FIRST_VERSION_AT, user_id, t))

    def first_version_as(self, user_id: int, event_id: str) -> FirstVersion | None:
        """Return how the event with this id was answered if it has been corrected, None if not."""
        return _first_version(user_id, self._transaction.fetch(FIRST_VERSION_AS, user_id, event_id))

    def later(self, user_id: int, place: Place) -> Iterator[Later]:
        """Yield the player's events after a place, by `t` and `n`, reading no more of them than are asked for."""
        most = FIRST_PAGE
        while rows := self._transaction.fetch(LATER, user_id, *place, most):
            for t, *decision, groups, believed in rows:
                found = decision_of(user_id, t, decision)
                codes = found.alert_codes if believed is None else tuple(believed[1:])
                yield Later(found, codes, believed[0] if believed else 0, labels_in(groups))
            if len(rows) < most:
                return
            place, most = Place(found.event.t, found.event.n), PAGE

    def earlier(self, user_id: int, place: Place, needs: HistoryNeeds, most: int) -> Iterator[ActivityEvent]:
        """Yield the player's events before a place, as far back as needed from it, by `t` and `n`.

        Of each type, at most so many.
        """
        parts = (self._earlier_of(user_id, place, needs, kind, most) for kind in EventType)
        return merge(*parts, key=lambda event: (event.t, event.n))

    def _earlier_of(
        self, user_id: int, place: Place, needs: HistoryNeeds, kind: EventType, most: int
    ) -> list[ActivityEvent]:
        seconds = [window.seconds for window in needs.sums if window.type is kind]
        seconds += [needs.window[kind]] if kind in needs.window else []
        opens = place.t - max(seconds) if seconds else min(place.t + 1, BIGINT_MAX)
        count = max(needs.latest, needs.latest_of.get(kind, 0))
        rows = self._transaction.fetch(EARLIER, user_id, *place, NAMES[kind], opens, count, most)
        return [event_of(user_id, *row) for row in rows]

    def groups_at(self, user_id: int, place: Place) -> Groups:
        """Return the groups that an event was judged with."""
        [(groups,)] = self._transaction.fetch(GROUPS_AT, user_id, *place)
        return labels_in(groups)

    def store_late(self, decision: Decision, seq: int, key_id: int | None, groups_version: int | None) -> None:
        """Store a late event with its decision, and add it to the player's totals if those are past it."""
        event = decision.event
        verdict = (list(decision.alert_codes), decision.edition, seq, key_id)
        place = (event.n, event.event_id, groups_version, decision.taken_after)
        self._transaction.write(STORE_LATE, event.user_id, event.t, NAMES[event.type], event.amount, *verdict, *place)
        of_type = {
            kind: (int(event.type is kind), event.amount if event.type is kind else Decimal(0)) for kind in NAMES
        }
        self._transaction.write(
            ADD_TO_TOTAL,
            *(event.user_id, event.t, event.n),
            *of_type[EventType.DEPOSIT],
            *of_type[EventType.WITHDRAW],
        )

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

    def changed_by(self, user_id: int, correction: int) -> list[ChangedCodes]:
        """Return the events whose codes changed with a correction, by `t` and `n`: the first 1,000 of a command's."""
        rows = self._transaction.fetch(CHANGED_BY, user_id, correction)
        return [
            ChangedCodes(event=EventRef(t, n, event_id), codes_before=tuple(before), codes_after=tuple(after))
            for t, n, event_id, before, after in rows
        ]

    def last_correction(self, user_id: int, place: Place) -> RecordedCorrection | None:
        """Return the last correction of an event, None if there is none."""
        rows = self._transaction.fetch(LAST_CORRECTION, user_id, *place)
        return _correction_of(*rows[0]) if rows else None

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

    def corrections(self, user_id: int, *, before: int, limit: int) -> list[RecordedCorrection]:
        """Return the player's last corrections with a number below `before`, newest first."""
        rows = self._transaction.fetch(CORRECTIONS, user_id, before, limit)
        return [_correction_of(*row) for row in rows]


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
