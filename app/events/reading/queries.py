"""The questions that are asked to read events back.

Every page costs what a page costs, whatever a user has done: it is read by an index, and no further than it goes.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from app.events.domain import ActivityEvent, Decision
from app.events.queries import STORED_AS
from app.events.reading.domain import StoredDecision, Total, UserActivity
from lib.fields import GREATEST
from lib.transactions import BY_INDEX, Statement, Transaction

ZERO = Decimal(0)

# Of a limit that is a parameter the planner believes that it asks for a tenth of what there is, so that to walk an
# index in its order is always cheaper than to sort.
PAGE = Statement(
    "events_page",
    ("bigint", "bigint", "bigint"),
    """
    SELECT t, type, amount, alert_codes, edition, received_at FROM activity_event
    WHERE user_id = $1 AND t <= $2 ORDER BY t DESC LIMIT $3
    """,
)

# An index on (user_id, t) alone would have to walk all of a user's events to find out that none met the code. This
# one has the answers that the user got, of which there are few different ones (15 with four rules), each with its
# events in their order: step from one answer to the next, and take the latest events of those that have the code.
# Its predicate is repeated, word for word, wherever it is to be used. A range of one answer and an order that names it,
# where `alert_codes = …` would say the same: no other index serves this order.
PAGE_OF_CODE = Statement(
    "events_page_of_code",
    ("bigint", "bigint", "bigint", "integer"),
    """
    WITH RECURSIVE answer (codes) AS (
        (SELECT alert_codes FROM activity_event
         WHERE user_id = $1 AND alert_codes <> '{}' ORDER BY alert_codes LIMIT 1)
        UNION ALL
        SELECT (SELECT alert_codes FROM activity_event
                WHERE user_id = $1 AND alert_codes <> '{}' AND alert_codes > answer.codes
                ORDER BY alert_codes LIMIT 1)
        FROM answer WHERE answer.codes IS NOT NULL
    )
    SELECT latest.* FROM answer CROSS JOIN LATERAL (
        SELECT t, type, amount, alert_codes, edition, received_at FROM activity_event
        WHERE user_id = $1 AND alert_codes <> '{}' AND alert_codes BETWEEN answer.codes AND answer.codes AND t <= $2
        ORDER BY alert_codes DESC, t DESC LIMIT $3
    ) AS latest
    WHERE answer.codes @> ARRAY[$4] ORDER BY t DESC LIMIT $3
    """,
)

# One statement, so one moment: the latest event is among those that are added up. To add them up is to read them,
# all of this user's and nobody else's.
ACTIVITY = Statement(
    "user_activity",
    ("bigint",),
    """
    SELECT latest.t, latest.alert_codes, of_all.* FROM (
        SELECT count(*) FILTER (WHERE type = 'deposit'), sum(amount) FILTER (WHERE type = 'deposit'),
               count(*) FILTER (WHERE type = 'withdraw'), sum(amount) FILTER (WHERE type = 'withdraw')
        FROM activity_event WHERE user_id = $1
    ) AS of_all
    LEFT JOIN (SELECT t, alert_codes FROM activity_event WHERE user_id = $1 ORDER BY t DESC LIMIT 1) AS latest ON true
    """,
)

Row = tuple[int, str, Decimal, list[int], int, datetime]


class ReadingQueries:
    """The questions about stored events that one transaction asks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def latest_events(self, user_id: int, *, before: int | None, code: int | None, most: int) -> list[StoredDecision]:
        """Which events of the user came last, below `before`, with the code in their answer? The newest first."""
        up_to = GREATEST if before is None else before - 1
        if code is None:
            rows: Sequence[Row] = self._transaction.fetch(PAGE, user_id, up_to, most)
        else:
            rows = self._transaction.fetch(PAGE_OF_CODE, user_id, up_to, most, code)
        return list(_stored(user_id, rows))

    def activity(self, user_id: int) -> UserActivity:
        """What has the user done so far?"""
        self._transaction.write(BY_INDEX)
        [(latest_t, codes, deposits, deposited, withdraws, withdrawn)] = self._transaction.fetch(ACTIVITY, user_id)
        return UserActivity(
            user_id=user_id,
            latest_t=latest_t,
            alert_codes=tuple(codes or ()),
            deposits=Total(count=deposits, total=deposited or ZERO),
            withdraws=Total(count=withdraws, total=withdrawn or ZERO),
        )


def _stored(user_id: int, rows: Sequence[Row]) -> Iterator[StoredDecision]:
    for t, stored_type, amount, codes, edition, received_at in rows:
        event = ActivityEvent(user_id=user_id, t=t, type=STORED_AS[stored_type], amount=amount)
        decision = Decision(event=event, alert_codes=tuple(codes), edition=edition)
        yield StoredDecision(decision=decision, received_at=received_at)
