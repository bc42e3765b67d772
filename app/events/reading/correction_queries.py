"""The queries that read corrections back: which one reversed an event, and whose codes changed with each."""

from collections.abc import Sequence

from app.events.reading.domain import Moment
from app.events.revising.domain import ChangedCodes
from app.rules.event import EventRef
from lib.statements import Statement
from lib.transactions import Transaction

LAST_AT = Statement(
    "last_correction_at",
    ("bigint", "bigint", "integer"),
    "SELECT seq FROM superseded_event WHERE user_id = $1 AND t = $2 AND n = $3 ORDER BY no DESC LIMIT 1",
)
LAST_WITH_ID = Statement(
    "last_correction_with_id",
    ("bigint", "text"),
    "SELECT seq FROM superseded_event WHERE user_id = $1 AND event_id = $2 ORDER BY no DESC LIMIT 1",
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
    """Queries of corrections within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def last_correction(self, user_id: int, at: Moment | str) -> int | None:
        """Return the number of the last correction of the event at a moment or with an `event_id`, None without any."""
        if isinstance(at, str):
            rows = self._transaction.fetch(LAST_WITH_ID, user_id, at)
        else:
            rows = self._transaction.fetch(LAST_AT, user_id, *at)
        return rows[0][0] if rows else None

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
