"""Removes deliveries some time after they are done, with their attempts, and notices that nothing is due of.

It also drops what is still due to a deleted endpoint: a deletion that broke off left it, or it was made at that moment.
"""

from lib.database import Database
from lib.statements import BY_INDEX, Statement
from lib.transactions import Transaction

KEPT_DELIVERED = 7  # days
KEPT_OTHERS = 30  # days: dead and dropped deliveries, and notices
STEP = 1_000  # rows in a transaction
DEADLINE = 10.0  # seconds of a transaction
PAUSE = 60.0  # seconds between two looks

# Who has a dead delivery tried again may do so at this moment: then it is locked, and stays.
REMOVE = Statement(
    "remove_deliveries",
    ("text", "integer", "integer"),
    """
    WITH old AS (
        SELECT id FROM delivery
        WHERE state <> 'due' AND state = $1 AND done_at < now() - make_interval(days => $2)
        ORDER BY done_at LIMIT $3 FOR UPDATE SKIP LOCKED
    ), attempts AS (
        DELETE FROM delivery_attempt WHERE delivery_id IN (SELECT id FROM old)
    ), removed AS (
        DELETE FROM delivery WHERE id IN (SELECT id FROM old) RETURNING id
    )
    SELECT count(*) FROM removed
    """,
)
DROP = Statement(
    "drop_due_to_deleted_endpoints",
    ("integer",),
    """
    WITH dropped AS (
        UPDATE delivery SET state = 'dropped', lease_until = NULL, done_at = now() WHERE id IN (
            SELECT due.id FROM endpoint CROSS JOIN LATERAL (
                SELECT id FROM delivery WHERE endpoint_id = endpoint.id AND state = 'due'
                ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED
            ) AS due WHERE endpoint.state = 'deleted'
        ) RETURNING id
    )
    SELECT count(*) FROM dropped
    """,
)
REMOVE_NOTICES = Statement(
    "remove_notices",
    ("integer", "integer"),
    """
    WITH old AS (
        SELECT id FROM notice
        WHERE taken_up AND made_at < now() - make_interval(days => $1)
            AND NOT EXISTS (SELECT FROM delivery WHERE message_id = 'notice_' || notice.id)
        ORDER BY id LIMIT $2
    ), removed AS (
        DELETE FROM notice WHERE id IN (SELECT id FROM old) RETURNING id
    )
    SELECT count(*) FROM removed
    """,
)


class Cleaning:
    """The errand that removes what is old."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run_once(self) -> bool:
        """Remove some of what is old; return whether there may be more."""
        with self._database.transaction(deadline=DEADLINE, trial=True) as current:
            removed = _remove(current)
            current.commit()
        return max(removed) >= STEP


def _remove(current: Transaction) -> list[int]:
    current.write(BY_INDEX)
    removed = [
        current.fetch(DROP, STEP),
        *(
            current.fetch(REMOVE, state, days, STEP)
            for state, days in (("delivered", KEPT_DELIVERED), ("dead", KEPT_OTHERS), ("dropped", KEPT_OTHERS))
        ),
        current.fetch(REMOVE_NOTICES, KEPT_OTHERS, STEP),
    ]
    return [count for [(count,)] in removed]
