"""After a network outage old connections stay broken without notice; no event may fail for that (A36)."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from apiflask import APIFlask

from app.datastores import db
from lib.database import Database
from testkit.network import Network, network
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith
from tests.integration.servers import MAX_WAIT
from tests.integration.wiring import wiring

UNAVAILABLE = (503, "unavailable")
AT_ONCE = 8  # clients, and connections from before


@pytest.fixture
def between(database: str) -> Iterator[Network]:
    with network(database) as made:
        yield made


def fill_pool(app: APIFlask, count: int) -> None:
    """Have so many connections idle in the pool."""
    with app.app_context(), ExitStack() as held:
        for _ in range(count):
            held.enter_context(db.engine.connect())


def is_silent(database: Database) -> bool:
    return database.silent


def test_lost_connections_cost_no_event_after_the_outage(app_with: AppWith, between: Network) -> None:
    app = app_with(database_url=between.url, db_deadline=3)
    client, database = app.test_client(), wiring(app).database
    assert codes(send(client, "deposit", "1", 1)) == []
    fill_pool(app, AT_ONCE)
    with between.swallowing():
        assert problem(send(client, "deposit", "1", 2)) == UNAVAILABLE
        assert is_silent(database)
    deadline = time.monotonic() + MAX_WAIT
    while is_silent(database):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with ThreadPoolExecutor(AT_ONCE) as clients:
        answers = clients.map(
            lambda user: send(app.test_client(), "deposit", "1", 2, user_id=user), range(1, AT_ONCE + 1)
        )
    assert [answer.status_code for answer in answers] == [200] * AT_ONCE
