"""The queries of those who look at deliveries, and who have some made again.

What sends them has queries of its own. Both change what is due to an endpoint only while they hold the lock of its row.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select, update

from app.webhooks.delivery_queries import Made
from app.webhooks.domain import Delivery, DeliveryState, Topic
from app.webhooks.models import DeliveryAttemptRow as Tried
from app.webhooks.models import DeliveryRow as Stored
from app.webhooks.requests import Attempt, DeliveriesQuery, ReplayQuery, TriedDelivery
from lib.statements import Statement, array_literal
from lib.transactions import Transaction

DROPPED_AT_ONCE = 5_000
# What is due already is not made again while an attempt at it is under way.
REPLAY = Statement(
    "replay_deliveries",
    ("text[]", "bigint[]", "text[]", "bigint[]", "bigint[]", "integer[]", "integer[]", "text[]"),
    """
    INSERT INTO delivery AS stored (message_id, endpoint_id, topic, user_id, t, n, no, codes)
    SELECT message_id, endpoint_id, topic, user_id, t, n, no, codes::integer[]
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS made (message_id, endpoint_id, topic, user_id, t, n, no, codes)
    ON CONFLICT (message_id, endpoint_id) DO UPDATE
        SET state = 'due', attempts = 0, next_at = now(), lease_until = NULL, done_at = NULL, codes = excluded.codes
        WHERE stored.state <> 'due' OR coalesce(stored.lease_until < now(), true)
    RETURNING id
    """,
)
COLUMNS = (
    *(Stored.id, Stored.message_id, Stored.endpoint_id, Stored.topic, Stored.user_id, Stored.t, Stored.n, Stored.no),
    *(Stored.codes, Stored.notice_id, Stored.state, Stored.attempts, Stored.next_at, Stored.last_status),
    *(Stored.last_error, Stored.made_at, Stored.done_at),
)
AGAIN = {
    "state": DeliveryState.DUE.value,
    "attempts": 0,
    "next_at": func.now(),
    "lease_until": None,
    "done_at": None,
}
# An attempt that is under way says by itself what becomes of its delivery.
NOT_UNDER_WAY: ColumnElement[bool] = or_(
    Stored.state != DeliveryState.DUE.value, Stored.lease_until.is_(None), Stored.lease_until < func.now()
)


class DeliveryHistory:
    """Queries of deliveries within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def page(self, query: DeliveriesQuery, most: int) -> list[TriedDelivery]:
        """Return deliveries with their attempts, newest first."""
        found = select(*COLUMNS).order_by(Stored.id.desc()).limit(most)
        if query.before is not None:
            found = found.where(Stored.id < query.before)
        if query.endpoint is not None:
            found = found.where(Stored.endpoint_id == query.endpoint)
        if query.state is not None:
            found = found.where(Stored.state == query.state.value)
        return self._with_attempts([_delivery(row) for row in self._transaction.execute(found)])

    def one(self, delivery_id: int) -> TriedDelivery | None:
        """Return a delivery with its attempts."""
        row = self._transaction.execute(select(*COLUMNS).where(Stored.id == delivery_id)).one_or_none()
        return self._with_attempts([_delivery(row)])[0] if row else None

    def retry(self, delivery_id: int) -> None:
        """Make a delivery due now, with all its attempts before it, unless one is under way."""
        self._transaction.execute(update(Stored).where(Stored.id == delivery_id, NOT_UNDER_WAY).values(AGAIN))

    def retry_dead(self, endpoint_id: int, query: ReplayQuery, most: int) -> int:
        """Make the oldest dead deliveries to an endpoint due now; return how many."""
        dead = select(Stored.id).where(Stored.endpoint_id == endpoint_id, Stored.state == DeliveryState.DEAD.value)
        if query.codes:
            dead = dead.where(Stored.codes.overlap(list(query.codes)))
        dead = dead.where(*_made_within(query.since, query.until)).order_by(Stored.id).limit(most)
        return self._transaction.execute(update(Stored).where(Stored.id.in_(dead)).values(AGAIN)).rowcount

    def replay(self, deliveries: Sequence[Made]) -> int:
        """Make deliveries about events due now, whether or not they were made before; return how many."""
        rows = [
            (each.message_id, each.endpoint_id, each.topic.value, *(each.place or ()), array_literal(each.codes))
            for each in deliveries
        ]
        if not rows:
            return 0
        return len(self._transaction.fetch(REPLAY, *map(array_literal, zip(*rows, strict=True))))

    def drop_due(self, endpoint_id: int) -> int:
        """Drop some of what is due to an endpoint; return how many, fewer than DROPPED_AT_ONCE if no more is due."""
        due = select(Stored.id).where(Stored.endpoint_id == endpoint_id, Stored.state == DeliveryState.DUE.value)
        dropped = update(Stored).where(Stored.id.in_(due.order_by(Stored.next_at).limit(DROPPED_AT_ONCE)))
        values = {"state": DeliveryState.DROPPED.value, "lease_until": None, "done_at": func.now()}
        return self._transaction.execute(dropped.values(values)).rowcount

    def _with_attempts(self, deliveries: Sequence[Delivery]) -> list[TriedDelivery]:
        attempts = self._attempts([each.id for each in deliveries])
        return [TriedDelivery(delivery=each, attempts=attempts[each.id]) for each in deliveries]

    def _attempts(self, delivery_ids: Collection[int]) -> dict[int, list[Attempt]]:
        """Return the attempts of each of these deliveries, oldest first."""
        columns = Tried.delivery_id, Tried.no, Tried.at, Tried.status, Tried.error, Tried.seconds
        found = select(*columns).where(Tried.delivery_id.in_(delivery_ids)).order_by(Tried.delivery_id, Tried.no)
        attempts = defaultdict[int, list[Attempt]](list)
        for row in self._transaction.execute(found):
            attempts[row.delivery_id].append(
                Attempt(no=row.no, at=row.at, status=row.status, error=row.error, seconds=row.seconds)
            )
        return attempts


def _made_within(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    bounds = []
    if since is not None:
        bounds.append(Stored.made_at >= since)
    if until is not None:
        bounds.append(Stored.made_at < until)
    return bounds


def _delivery(row: Row[Any]) -> Delivery:
    members = {**row._mapping}  # noqa: SLF001  # SQLAlchemy's public name for it
    codes, topic, state = tuple(row.codes), Topic(row.topic), DeliveryState(row.state)
    return Delivery(**{**members, "codes": codes, "topic": topic, "state": state})
