"""How many deliveries each endpoint has in each state, for those who watch: bounded, however many there are."""

from dataclasses import dataclass

from lib.statements import BY_INDEX, Statement
from lib.transactions import Transaction

MOST = 10_000  # that are counted of each endpoint and state
LATELY = 5  # minutes

COUNT = Statement(
    "count_deliveries",
    ("integer", "integer"),
    """
    SELECT format('%s (%s)', name, id), endpoint.state,
        (SELECT count(*) FROM (
            SELECT FROM delivery WHERE endpoint_id = endpoint.id AND state = 'due' LIMIT $1
        ) AS due),
        coalesce((
            SELECT extract(epoch FROM now() - made_at)::float FROM delivery
            WHERE endpoint_id = endpoint.id AND state = 'due' ORDER BY next_at LIMIT 1
        ), 0),
        coalesce(lately.delivered, 0), coalesce(lately.dead, 0)
    FROM endpoint LEFT JOIN (
        SELECT endpoint_id, count(*) FILTER (WHERE state = 'delivered') AS delivered,
            count(*) FILTER (WHERE state = 'dead') AS dead
        FROM (
            (SELECT endpoint_id, state FROM delivery
             WHERE state <> 'due' AND state = 'delivered' AND done_at > now() - make_interval(mins => $2)
             ORDER BY done_at DESC LIMIT $1)
            UNION ALL
            (SELECT endpoint_id, state FROM delivery WHERE state <> 'due' AND state = 'dead'
             ORDER BY done_at DESC LIMIT $1)
        ) AS done GROUP BY endpoint_id
    ) AS lately ON lately.endpoint_id = endpoint.id
    WHERE endpoint.state <> 'deleted'
    ORDER BY endpoint.id
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryCounts:
    """The deliveries of an endpoint: due, delivered in the last 5 minutes, dead of 30 days.

    `endpoint` is its name with its id in brackets, since names need not differ, and `state` its state. `oldest_due` is
    for how many seconds the delivery waits that is due first.
    """

    endpoint: str
    state: str
    due: int
    oldest_due: float
    delivered: int
    dead: int


def delivery_counts(current: Transaction) -> list[DeliveryCounts]:
    """Return the counts of each endpoint that is not deleted; none is above 10,000."""
    current.write(BY_INDEX)
    return [
        DeliveryCounts(endpoint=name, state=state, due=due, oldest_due=oldest, delivered=delivered, dead=dead)
        for name, state, due, oldest, delivered, dead in current.fetch(COUNT, MOST, LATELY)
    ]
