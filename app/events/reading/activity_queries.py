"""The queries for what a player has done so far: the latest event, and the totals of all."""

from collections.abc import Sequence
from typing import Any

from app.events.reading.beliefs import BELIEVED, PLAYER
from app.events.reading.domain import Total, UserActivity
from lib.statements import BY_INDEX, Statement
from lib.transactions import Transaction

# A single statement, so a consistent snapshot: the totals include the latest event. Earlier totals are stored; of the
# events since, at most this many are read, and the first column says whether those were all.
MAX_UNCOUNTED = 1000
UNCOUNTED = """
    (t, n) > (coalesce((SELECT counted_t FROM user_total WHERE user_id = $1), -1),
              coalesce((SELECT counted_n FROM user_total WHERE user_id = $1), 0))
"""
ACTIVITY = Statement(
    "user_activity",
    ("bigint", "bigint"),
    f"""
    {PLAYER}
    SELECT rest.events < $2, found.t, found.n, found.event_id, found.alert_codes, {BELIEVED},
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
            WHERE user_id = $1 AND {UNCOUNTED} ORDER BY t, n LIMIT $2
        ) AS uncounted
    ) AS rest
    LEFT JOIN user_total AS kept ON kept.user_id = $1
    LEFT JOIN (
        SELECT t, n, event_id, alert_codes FROM activity_event WHERE user_id = $1 ORDER BY t DESC, n DESC LIMIT 1
    ) AS found ON true
    """,  # noqa: S608  # constants of ours
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
    f"""
    INSERT INTO user_total AS kept (user_id, counted_t, counted_n, deposits, deposited, withdraws, withdrawn)
    SELECT $1, (max(ARRAY[t, n]))[1], (max(ARRAY[t, n]))[2],
           count(*) FILTER (WHERE type = 'deposit'), coalesce(sum(amount) FILTER (WHERE type = 'deposit'), 0),
           count(*) FILTER (WHERE type = 'withdraw'), coalesce(sum(amount) FILTER (WHERE type = 'withdraw'), 0)
    FROM (
        SELECT t, n, type, amount FROM activity_event WHERE user_id = $1 AND {UNCOUNTED} ORDER BY t, n LIMIT $2
    ) AS uncounted
    HAVING count(*) > 0
    ON CONFLICT (user_id) DO UPDATE SET
        counted_t = excluded.counted_t, counted_n = excluded.counted_n,
        deposits = kept.deposits + excluded.deposits, deposited = kept.deposited + excluded.deposited,
        withdraws = kept.withdraws + excluded.withdraws, withdrawn = kept.withdrawn + excluded.withdrawn
    """,  # noqa: S608  # as above
)


class ActivityQueries:
    """Queries of what a player has done so far, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def activity(self, user_id: int) -> UserActivity | None:
        """Return what the player has done so far; None while too many events are still to be added up."""
        self._transaction.write(BY_INDEX)
        [(is_all, *latest_and_totals)] = self._transaction.fetch(ACTIVITY, user_id, MAX_UNCOUNTED + 1)
        return _activity(user_id, *latest_and_totals) if is_all else None

    def add_up_more(self, user_id: int) -> None:
        """Add up a further batch of the player's events, unless one of their events is being stored."""
        if self._transaction.fetch(LOCK_IF_FREE, user_id):
            self._transaction.write(ADD_UP_MORE, user_id, ADD_UP_BATCH)


def _activity(  # noqa: PLR0913, PLR0917  # a row's columns
    user_id: int,
    t: int | None,
    n: int | None,
    event_id: str | None,
    codes: Sequence[int] | None,
    believed: Sequence[int] | None,
    *totals: Any,  # noqa: ANN401  # numbers and amounts in turn
) -> UserActivity:
    deposits, deposited, withdrawals, withdrawn = totals
    return UserActivity(
        user_id=user_id,
        latest_t=t,
        latest_n=n,
        latest_event_id=event_id,
        alert_codes=tuple(codes or ()),
        believed_codes=tuple((codes if believed is None else believed) or ()),
        deposits=Total(count=deposits, total=deposited),
        withdrawals=Total(count=withdrawals, total=withdrawn),
    )
