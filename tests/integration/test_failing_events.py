"""Readiness is never green where events fail, whatever makes them fail; it is green again after the repair."""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest
from apiflask import APIFlask

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from app.access.key_cache import OLDEST
from app.datastores import db
from app.events.domain import EventOrder
from app.health import controllers
from app.owner import Owner
from lib.database_url import read_address
from lib.services import services_of
from tests.integration.conftest import AppWith, Sql, run_sql
from tests.integration.locks import locked
from tests.integration.servers import MAX_WAIT
from tests.integration.wiring import wiring

KEYS = {"access": Access.KEYS}
REGISTERED = {"registered_users_only": True}
BY_SYSTEM = {"event_order": EventOrder.SYSTEM}
TRIALS = 3


@dataclass(frozen=True)
class Fault:
    """A missing privilege of the service's login, or a lock held by somebody else, from the start or later."""

    revoked: str = ""
    lock: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    from_the_start: bool = False

    def __str__(self) -> str:
        what = f"without {self.revoked}" if self.revoked else self.lock
        return f"{what}{' from the start' if self.from_the_start else ''}"

    def made(self, app: APIFlask, owner: str, service: str) -> AbstractContextManager[None]:
        """Make it, and repair it at the end."""
        return missing(app, owner, service, self.revoked) if self.revoked else locked(owner, self.lock)


@contextmanager
def missing(app: APIFlask, owner: str, service: str, privilege: str) -> Iterator[None]:
    """Revoke a privilege; at the end grant what the tables declare, as `db upgrade` does."""
    run_sql(owner, f"REVOKE {privilege} FROM {read_address(service)['user']}")
    try:
        yield
    finally:
        with app.app_context(), services_of(app, Owner).connection() as connection:
            services_of(app, Owner).allow(connection, db.metadata)


FAULTS = [
    *(Fault(revoked=f"{verb} ON activity_event") for verb in ("SELECT", "INSERT", "INSERT (seq)", "INSERT (key_id)")),
    *(Fault(revoked=f"{verb} ON user_clock") for verb in ("SELECT", "INSERT", "UPDATE", "UPDATE (events)")),
    Fault(revoked="INSERT ON alert"),
    Fault(revoked="UPDATE ON user_clock", settings=BY_SYSTEM, from_the_start=True),
    Fault(lock="SELECT FROM user_clock WHERE user_id = 0 FOR UPDATE", settings=BY_SYSTEM),
    Fault(revoked="SELECT ON registered_user", settings=REGISTERED),
    Fault(lock="LOCK TABLE registered_user", settings=REGISTERED),
    Fault(revoked="SELECT ON api_key", settings=KEYS),
    Fault(revoked="SELECT ON api_key", settings=KEYS, from_the_start=True),
    Fault(lock="LOCK TABLE api_key", settings=KEYS, from_the_start=True),
    Fault(revoked="SELECT ON rule_book", from_the_start=True),
    Fault(lock="LOCK TABLE rule_book", from_the_start=True),
]


class Service:
    """An application that takes events of one registered player, with a key."""

    def __init__(self, app: APIFlask) -> None:
        self.app = app
        self._key = create_key(wiring(app).database, "payments", [Scope.EVENTS_WRITE], None)
        self._moments = count(1)

    def takes_event(self) -> bool:
        """Send an event that raises an alert; tell whether it was stored, and not answered by a 5xx."""
        event = {"type": "withdraw", "amount": "101", "user_id": 1, "t": next(self._moments)}
        headers = {"Authorization": f"Bearer {self._key}"}
        status = self.app.test_client().post("/event", json=event, headers=headers).status_code
        assert status == 200 or status >= 500
        return status == 200

    def is_ready(self) -> bool:
        return self.app.test_client().get("/health/ready").status_code == 200

    def age_keys(self) -> None:
        """Let the copy of the keys, if there is one, be as old as it may become, instead of waiting for that."""
        keys = wiring(self.app).entrance.keys
        if keys._copy.keys:  # noqa: SLF001  # seen nowhere else
            keys._copy = keys._copy.without((), time.monotonic() - OLDEST)  # noqa: SLF001


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have readiness look, and try a write, often."""
    monkeypatch.setattr(controllers, "TRIAL_PAUSE", 0.02)
    monkeypatch.setattr(controllers, "PAUSE", 0.02)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_the_service_is_not_ready_while_events_fail(
    app_with: AppWith, sql: Sql, database: str, service_url: str, fault: Fault
) -> None:
    sql("INSERT INTO registered_user (user_id, name, email) VALUES (1, 'Ann', 'ann@example.com')")
    service = Service(app_with(db_lock_timeout=0.3, **fault.settings))
    if not fault.from_the_start:
        assert service.takes_event()
        await_ready(service, ready=True)
    with fault.made(service.app, database, service_url):
        await_failing_events(service)
        await_ready(service, ready=False)
        time.sleep(TRIALS * (controllers.TRIAL_PAUSE + controllers.PAUSE))
        assert (service.takes_event(), service.is_ready()) == (False, False)
    await_ready(service, ready=True)
    assert service.takes_event()


def await_failing_events(service: Service) -> None:
    """Return when events fail; at once, unless the keys were just being read."""
    deadline = time.monotonic() + MAX_WAIT
    service.age_keys()
    while service.takes_event():
        assert time.monotonic() < deadline, "events do not fail"
        service.age_keys()


def await_ready(service: Service, *, ready: bool) -> None:
    deadline = time.monotonic() + MAX_WAIT
    while service.is_ready() != ready:
        assert time.monotonic() < deadline, "ready while events fail" if not ready else "not ready after the repair"
        time.sleep(0.05)
