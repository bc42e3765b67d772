"""The queries about endpoints and the steps taken with them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, update

from app.datastores import AdvisoryLock
from app.rules.meaning import Strength
from app.webhooks.domain import PREVIOUS_SECRET_HOURS, Endpoint, Filter, Format, State, Topic
from app.webhooks.models import EndpointEventRow as Event
from app.webhooks.models import EndpointRow as Stored
from app.webhooks.requests import EndpointStep, NewEndpoint, StepsQuery, TakenStep
from lib.transactions import Transaction

ALL: Select[Any] = select(*Stored.__table__.columns).where(Stored.state != State.DELETED.value)


class EndpointQueries:
    """Queries of endpoints within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def listening(self) -> list[Endpoint]:
        """Return all endpoints that are not deleted, by id; paused and disabled ones, too."""
        return [_endpoint(row) for row in self._transaction.execute(ALL.order_by(Stored.id))]

    def one(self, endpoint_id: int, *, lock: bool = False) -> Endpoint | None:
        """Return an endpoint that is not deleted; `lock` keeps others from changing it until the transaction ends."""
        found = ALL.where(Stored.id == endpoint_id)
        row = self._transaction.execute(found.with_for_update() if lock else found).one_or_none()
        return _endpoint(row) if row else None

    def lock(self, endpoint_id: int) -> None:
        """Lock an endpoint, whatever its state, before what is due to it is changed."""
        self._transaction.execute(select(Stored.id).where(Stored.id == endpoint_id).with_for_update())

    def lock_creation(self) -> None:
        """Keep others from creating an endpoint until the transaction ends, so that their number can be bounded."""
        self._transaction.execute(select(func.pg_advisory_xact_lock(AdvisoryLock.ENDPOINTS)))

    def count(self) -> int:
        """Return how many endpoints there are."""
        there = select(func.count()).where(Stored.state != State.DELETED.value)
        return int(self._transaction.execute(there).scalar_one())

    def add(self, new: NewEndpoint, *, key: str, made_by: str) -> Endpoint:
        """Add an endpoint whose secret is derived from the WEBHOOK_KEY of this name."""
        values = {
            "name": new.name,
            "url": new.url,
            "format": new.format.value,
            "per_second": new.per_second,
            "key": key,
            "made_by": made_by,
            **_filter_values(new.filter),
        }
        added = insert(Stored).values(values).returning(*Stored.__table__.columns)
        return _endpoint(self._transaction.execute(added).one())

    def made_lately(self, new: NewEndpoint, made_by: str, within: timedelta) -> Endpoint | None:
        """Return the newest endpoint that this person has made just so within this time, as it is now."""
        values = {"name": new.name, "url": new.url, "format": new.format.value, "made_by": made_by}
        same = [getattr(Stored, name) == value for name, value in values.items()]
        found = ALL.where(*same, Stored.made_at > func.now() - within).order_by(Stored.id.desc()).limit(1)
        row = self._transaction.execute(found).one_or_none()
        return _endpoint(row) if row else None

    def change(self, endpoint: Endpoint) -> None:
        """Write what people and the sender may change of an endpoint."""
        values = {
            "name": endpoint.name,
            "url": endpoint.url,
            "per_second": endpoint.per_second,
            "state": endpoint.state.value,
            "reason": endpoint.reason,
            "failing_since": endpoint.failing_since,
            "hold_until": endpoint.hold_until,
            **_filter_values(endpoint.filter),
        }
        self._transaction.execute(update(Stored).where(Stored.id == endpoint.id).values(values))

    def rotate(self, endpoint: Endpoint, *, key: str) -> Endpoint:
        """Begin the next version of the secret, derived from the WEBHOOK_KEY of this name; the one before signs on."""
        rotated = update(Stored).where(Stored.id == endpoint.id)
        values = {
            "key": key,
            "secret_version": Stored.secret_version + 1,
            "previous_key": Stored.key,
            "previous_until": func.now() + timedelta(hours=PREVIOUS_SECRET_HOURS),
        }
        written = rotated.values(values).returning(*Stored.__table__.columns)
        return _endpoint(self._transaction.execute(written).one())

    def delete(self, endpoint: Endpoint) -> None:
        """Mark an endpoint as deleted."""
        self._transaction.execute(update(Stored).where(Stored.id == endpoint.id).values(state=State.DELETED.value))

    def note(self, endpoint_id: int, step: EndpointStep, who: str, note: str = "") -> None:
        """Record who did what."""
        taken = {"endpoint_id": endpoint_id, "step": step.value, "who": who, "note": note}
        self._transaction.execute(insert(Event).values(taken))

    def existed(self, endpoint_id: int) -> bool:
        """Tell whether there is or was such an endpoint; a deleted one counts."""
        found = select(Stored.id).where(Stored.id == endpoint_id)
        return self._transaction.execute(found).one_or_none() is not None

    def steps(self, endpoint_id: int, query: StepsQuery, most: int) -> list[TakenStep]:
        """Return steps that were taken with an endpoint, newest first."""
        columns = Event.id, Event.step, Event.who, Event.note, Event.at
        found = select(*columns).where(Event.endpoint_id == endpoint_id).order_by(Event.id.desc()).limit(most)
        if query.before is not None:
            found = found.where(Event.id < query.before)
        return [
            TakenStep(id=row.id, step=EndpointStep(row.step), who=row.who, note=row.note, at=row.at)
            for row in self._transaction.execute(found)
        ]


def _filter_values(chosen: Filter) -> dict[str, object]:
    return {
        "topics": sorted(topic.value for topic in chosen.topics),
        "codes": sorted(chosen.codes),
        "strength": chosen.strength.value if chosen.strength else None,
        "groups": sorted(chosen.groups),
        "only_fresh": chosen.only_fresh,
    }


def _endpoint(row: Row[Any]) -> Endpoint:
    chosen = Filter(
        topics=tuple(map(Topic, row.topics)),
        codes=tuple(row.codes),
        strength=Strength(row.strength) if row.strength else None,
        groups=tuple(row.groups),
        only_fresh=row.only_fresh,
    )
    return Endpoint(
        id=row.id,
        name=row.name,
        url=row.url,
        format=Format(row.format),
        filter=chosen,
        per_second=row.per_second,
        state=State(row.state),
        reason=row.reason,
        key=row.key,
        secret_version=row.secret_version,
        previous_key=row.previous_key,
        previous_until=row.previous_until,
        failing_since=row.failing_since,
        hold_until=row.hold_until,
        made_by=row.made_by,
        made_at=row.made_at,
    )
