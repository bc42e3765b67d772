"""The queries that read events back.

A page costs the same however many events a player has: an index serves it, and nothing beyond the page is read.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from app.events.reading.beliefs import with_beliefs
from app.events.reading.domain import Moment, StoredDecision
from app.events.rows import DECISION, decision_of
from app.rules.limits import BIGINT_MAX, INTEGER_MAX
from lib.statements import Statement
from lib.transactions import Transaction

COLUMNS = f"t, {DECISION}, received_at"
NULLS = ", ".join("NULL" for _ in COLUMNS.split(", "))

# The planner assumes that a LIMIT given as a parameter returns a tenth of the rows, so walking an index in order
# always looks cheaper than sorting.
PAGE = Statement(
    "events_page",
    ("bigint", "bigint", "integer", "bigint"),
    with_beliefs(f"""
    SELECT {COLUMNS} FROM activity_event WHERE user_id = $1 AND (t, n) < ($2, $3) ORDER BY t DESC, n DESC LIMIT $4
    """),  # noqa: S608  # constants of ours
)
ONE = Statement(
    "one_event",
    ("bigint", "bigint", "integer"),
    with_beliefs(f"SELECT {COLUMNS} FROM activity_event WHERE user_id = $1 AND t = $2 AND n = $3"),  # noqa: S608  # as above
)
ONE_WITH_ID = Statement(
    "one_event_with_id",
    ("bigint", "text"),
    with_beliefs(f"SELECT {COLUMNS} FROM activity_event WHERE user_id = $1 AND event_id = $2"),  # noqa: S608  # as above
)

# With an index on (user_id, t, n) alone, all of a player's events would have to be walked to find that none raised the
# code. This index holds the player's distinct answers, which are few (15 with four rules), each with its events in
# order: step from one answer to the next, and take the latest events of the answers that contain the code.
# Many rules can make very many answers: after this many steps the query gives up and returns one row of nulls.
# The index's predicate has to be repeated word for word for the planner to use it. A range of one answer, with an
# order that names it, is written where `alert_codes = …` would mean the same: only this index serves that order.
MAX_ANSWERS = 32
PAGE_OF_CODE = Statement(
    "events_page_of_code",
    ("bigint", "bigint", "integer", "bigint", "integer"),
    with_beliefs(f"""
    WITH RECURSIVE answer (codes, step) AS (
        (SELECT alert_codes, 1 FROM activity_event
         WHERE user_id = $1 AND alert_codes <> '{{}}' ORDER BY alert_codes LIMIT 1)
        UNION ALL
        SELECT (SELECT alert_codes FROM activity_event
                WHERE user_id = $1 AND alert_codes <> '{{}}' AND alert_codes > answer.codes
                ORDER BY alert_codes LIMIT 1), step + 1
        FROM answer WHERE answer.codes IS NOT NULL AND step <= {MAX_ANSWERS}
    ), beyond AS (SELECT FROM answer WHERE step > {MAX_ANSWERS} AND codes IS NOT NULL)
    (SELECT latest.* FROM answer CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM activity_event
        WHERE user_id = $1 AND alert_codes <> '{{}}' AND alert_codes BETWEEN answer.codes AND answer.codes
            AND (t, n) < ($2, $3)
        ORDER BY alert_codes DESC, t DESC, n DESC LIMIT $4
    ) AS latest
    WHERE answer.codes @> ARRAY[$5] AND NOT EXISTS (SELECT FROM beyond) ORDER BY t DESC, n DESC LIMIT $4)
    UNION ALL
    SELECT {NULLS} FROM beyond
    """),  # noqa: S608  # as above
)

# In that case the events are walked from the newest on, at most this many. The first row holds `t` and `n` of the last
# event walked, or null if there are no more, and nulls in its other columns.
MAX_WALKED = 10_000
WALK_FOR_CODE = Statement(
    "events_walk_for_code",
    ("bigint", "bigint", "integer", "bigint", "integer", "bigint"),
    with_beliefs(f"""
    WITH walked AS MATERIALIZED (
        SELECT {COLUMNS} FROM activity_event WHERE user_id = $1 AND (t, n) < ($2, $3)
        ORDER BY t DESC, n DESC LIMIT $6
    )
    SELECT ended[1] AS t, NULL, NULL, ended[2]::integer AS n, {NULLS.removeprefix("NULL, NULL, NULL, NULL, ")}
    FROM (SELECT CASE count(*) WHEN $6 THEN min(ARRAY[t, n]) END AS ended FROM walked) AS found
    UNION ALL
    (SELECT * FROM walked WHERE alert_codes @> ARRAY[$5] ORDER BY t DESC, n DESC LIMIT $4)
    """),  # noqa: S608  # as above
)

Row = tuple[Any, ...]
END = Moment(BIGINT_MAX, INTEGER_MAX)  # no event comes after it


class ReadingQueries:
    """Queries of stored events within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def latest_events(
        self, user_id: int, *, before: Moment | None, code: int | None, most: int
    ) -> tuple[list[StoredDecision], Moment | None]:
        """Return the player's latest events before `before` that were answered with the code, newest first.

        Also returns the moment at which the search stopped, if it stopped before it had found `most` or all of them.
        """
        end = before or END
        if code is None:
            return list(_stored(user_id, self._transaction.fetch(PAGE, user_id, *end, most))), None
        rows: Sequence[Row] = self._transaction.fetch(PAGE_OF_CODE, user_id, *end, most, code)
        if not rows or rows[0][0] is not None:
            return list(_stored(user_id, rows)), None
        [(t, _, _, n, *_), *rows] = self._transaction.fetch(WALK_FOR_CODE, user_id, *end, most, code, MAX_WALKED)
        return list(_stored(user_id, rows)), Moment(t, n) if t is not None and len(rows) < most else None

    def one(self, user_id: int, at: Moment | str) -> StoredDecision | None:
        """Return the player's event at a moment or with an `event_id`, or None if there is none."""
        if isinstance(at, str):
            rows = self._transaction.fetch(ONE_WITH_ID, user_id, at)
        else:
            rows = self._transaction.fetch(ONE, user_id, *at)
        return next(_stored(user_id, rows), None)


def _stored(user_id: int, rows: Sequence[Row]) -> Iterator[StoredDecision]:
    for t, *columns, received_at, believed, amended in rows:
        decision = decision_of(user_id, t, columns)
        yield StoredDecision(
            decision=decision,
            received_at=received_at,
            believed_codes=decision.alert_codes if believed is None else tuple(believed),
            amended=bool(amended),
        )
