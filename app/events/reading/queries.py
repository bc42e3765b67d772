"""The queries that read events back.

A page costs the same however many events a player has: an index serves it, and nothing beyond the page is read.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from app.events.reading.domain import StoredDecision, Total, UserActivity
from app.events.rows import DECISION, decision_of
from lib.fields import BIGINT_MAX
from lib.statements import BY_INDEX, Statement
from lib.transactions import Transaction

COLUMNS = f"t, {DECISION}, received_at"
NULLS = ", ".join("NULL" for _ in COLUMNS.split(", "))

# The planner assumes that a LIMIT given as a parameter returns a tenth of the rows, so walking an index in order
# always looks cheaper than sorting.
PAGE = Statement(
    "events_page",
    ("bigint", "bigint", "bigint"),
    f"""
    SELECT {COLUMNS} FROM activity_event WHERE user_id = $1 AND t <= $2 ORDER BY t DESC LIMIT $3
    """,  # noqa: S608  # constants of ours
)

# With an index on (user_id, t) alone, all of a player's events would have to be walked to find that none raised the
# code. This index holds the player's distinct answers, which are few (15 with four rules), each with its events in
# order: step from one answer to the next, and take the latest events of the answers that contain the code.
# Many rules can make very many answers: after this many steps the query gives up and returns one row of nulls.
# The index's predicate has to be repeated word for word for the planner to use it. A range of one answer, with an
# order that names it, is written where `alert_codes = …` would mean the same: only this index serves that order.
MAX_ANSWERS = 32
PAGE_OF_CODE = Statement(
    "events_page_of_code",
    ("bigint", "bigint", "bigint", "integer"),
    f"""
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
        WHERE user_id = $1 AND alert_codes <> '{{}}' AND alert_codes BETWEEN answer.codes AND answer.codes AND t <= $2
        ORDER BY alert_codes DESC, t DESC LIMIT $3
    ) AS latest
    WHERE answer.codes @> ARRAY[$4] AND NOT EXISTS (SELECT FROM beyond) ORDER BY t DESC LIMIT $3)
    UNION ALL
    SELECT {NULLS} FROM beyond
    """,  # noqa: S608  # as above
)

# In that case the events are walked from the newest on, at most this many. The first row holds the `t` of the last
# event walked, or null if there are no more, and nulls in its other columns.
MAX_WALKED = 10_000
WALK_FOR_CODE = Statement(
    "events_walk_for_code",
    ("bigint", "bigint", "bigint", "integer", "bigint"),
    f"""
    WITH walked AS MATERIALIZED (
        SELECT {COLUMNS} FROM activity_event WHERE user_id = $1 AND t <= $2 ORDER BY t DESC LIMIT $5
    )
    SELECT ended.t, {NULLS.removeprefix("NULL, ")}
    FROM (SELECT CASE count(*) WHEN $5 THEN min(t) END AS t FROM walked) AS ended
    UNION ALL
    (SELECT * FROM walked WHERE alert_codes @> ARRAY[$4] ORDER BY t DESC LIMIT $3)
    """,  # noqa: S608  # as above
)

# A single statement, so a consistent snapshot: the totals include the latest event. Earlier totals are stored; of the
# events since, at most this many are read, and the first column says whether those were all.
MAX_UNCOUNTED = 1000
ACTIVITY = Statement(
    "user_activity",
    ("bigint", "bigint"),
    """
    SELECT rest.events < $2, latest.t, latest.alert_codes,
           coalesce(kept.deposits, 0) + rest.deposits, coalesce(kept.deposited, 0) + coalesce(rest.deposited, 0),
           coalesce(kept.withdraws, 0) + rest.withdraws, coalesce(kept.withdrawn, 0) + coalesce(rest.withdrawn, 0)
    FROM (
        SELECT count(*) AS events,
               count(*) FILTER (WHERE type = 'deposit') AS deposits,
               sum(amount) FILTER (WHERE type = 'deposit') AS deposited,
               count(*) FILTER (WHERE type = 'withdraw') AS withdraws,
               sum(amount) FILTER (WHERE type = 'withdraw') AS withdrawn
        FROM (
            SELECT type, amount FROM activity_event
            WHERE user_id = $1 AND t > coalesce((SELECT counted_t FROM user_total WHERE user_id = $1), -1)
            ORDER BY t LIMIT $2
        ) AS uncounted
    ) AS rest
    LEFT JOIN user_total AS kept ON kept.user_id = $1
    LEFT JOIN (SELECT t, alert_codes FROM activity_event WHERE user_id = $1 ORDER BY t DESC LIMIT 1) AS latest ON true
    """,
)

# The player's clock is locked first, so that no event of theirs is stored or changed meanwhile. If it is already
# locked, an event is being stored, and we do not wait. A batch takes milliseconds, so the next event hardly waits.
ADD_UP_BATCH = 20_000
LOCK_IF_FREE = Statement(
    "lock_clock_if_free",
    ("bigint",),
    "SELECT FROM user_clock WHERE user_id = $1 FOR NO KEY UPDATE SKIP LOCKED",
)
ADD_UP_MORE = Statement(
    "add_up_more",
    ("bigint", "bigint"),
    """
    INSERT INTO user_total AS kept (user_id, counted_t, deposits, deposited, withdraws, withdrawn)
    SELECT $1, max(t),
           count(*) FILTER (WHERE type = 'deposit'), coalesce(sum(amount) FILTER (WHERE type = 'deposit'), 0),
           count(*) FILTER (WHERE type = 'withdraw'), coalesce(sum(amount) FILTER (WHERE type = 'withdraw'), 0)
    FROM (
        SELECT t, type, amount FROM activity_event
        WHERE user_id = $1 AND t > coalesce((SELECT counted_t FROM user_total WHERE user_id = $1), -1)
        ORDER BY t LIMIT $2
    ) AS uncounted
    HAVING count(*) > 0
    ON CONFLICT (user_id) DO UPDATE SET
        counted_t = excluded.counted_t,
        deposits = kept.deposits + excluded.deposits, deposited = kept.deposited + excluded.deposited,
        withdraws = kept.withdraws + excluded.withdraws, withdrawn = kept.withdrawn + excluded.withdrawn
    """,
)

Row = tuple[Any, ...]


class ReadingQueries:
    """Queries of stored events within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def latest_events(
        self, user_id: int, *, before: int | None, code: int | None, most: int
    ) -> tuple[list[StoredDecision], int | None]:
        """Return the player's latest events below `before` that were answered with the code, newest first.

        Also returns the `t` at which the search stopped, if it stopped before it had found `most` or all of them.
        """
        up_to = BIGINT_MAX if before is None else before - 1
        if code is None:
            return list(_stored(user_id, self._transaction.fetch(PAGE, user_id, up_to, most))), None
        rows: Sequence[Row] = self._transaction.fetch(PAGE_OF_CODE, user_id, up_to, most, code)
        if not rows or rows[0][0] is not None:
            return list(_stored(user_id, rows)), None
        [(ended_at, *_), *rows] = self._transaction.fetch(WALK_FOR_CODE, user_id, up_to, most, code, MAX_WALKED)
        return list(_stored(user_id, rows)), ended_at if len(rows) < most else None

    def activity(self, user_id: int) -> UserActivity | None:
        """Return what the player has done so far; None while too many events are still to be added up."""
        self._transaction.write(BY_INDEX)
        [(is_all, latest_t, codes, deposits, deposited, withdrawals, withdrawn)] = self._transaction.fetch(
            ACTIVITY, user_id, MAX_UNCOUNTED + 1
        )
        if not is_all:
            return None
        return UserActivity(
            user_id=user_id,
            latest_t=latest_t,
            alert_codes=tuple(codes or ()),
            deposits=Total(count=deposits, total=deposited),
            withdrawals=Total(count=withdrawals, total=withdrawn),
        )

    def add_up_more(self, user_id: int) -> None:
        """Add up a further batch of the player's events, unless one of their events is being stored."""
        if self._transaction.fetch(LOCK_IF_FREE, user_id):
            self._transaction.write(ADD_UP_MORE, user_id, ADD_UP_BATCH)


def _stored(user_id: int, rows: Sequence[Row]) -> Iterator[StoredDecision]:
    for t, *decision, received_at in rows:
        yield StoredDecision(decision=decision_of(user_id, t, decision), received_at=received_at)
