"""A database that does not answer at all: stopped, not ended, so that none of its own timeouts can fire (A19)."""

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count

import flask_migrate
import psutil
import psycopg2
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.datastores import db
from app.factory import create_app
from app.health import controllers
from lib.local.postgres import temporary_cluster
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import FAST
from tests.integration.servers import MAX_WAIT
from tests.integration.wiring import wiring
from tests.settings import settings_with

UNAVAILABLE = (503, "unavailable")
BACK_WITHIN = 5  # seconds
Server = list[psutil.Process]


@pytest.fixture(scope="module")
def own_server() -> Iterator[str]:
    """A separate server, as no other test can use it while it is stopped."""
    with temporary_cluster(settings=FAST) as url:
        yield url


@pytest.fixture
def app(own_server: str) -> Iterator[APIFlask]:
    app = create_app(settings_with(database_url=own_server, web_threads=4, db_deadline=2, db_pool_timeout=1))
    with app.app_context():
        flask_migrate.upgrade("migrations")
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def stop(own_server: str) -> Iterator[Callable[[], Server]]:
    """Stop every process of the server; they go on at the end, if not before."""
    stopped: Server = []

    def now() -> Server:
        with closing(psycopg2.connect(own_server)) as connection:
            postmaster = psutil.Process(connection.info.backend_pid).parent()
        assert postmaster
        stopped.extend([postmaster, *postmaster.children()])
        return signalled(stopped, signal.SIGSTOP)

    yield now
    signalled(stopped, signal.SIGCONT)


def signalled(server: Server, number: signal.Signals) -> Server:
    for process in server:
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            process.send_signal(number)
    return server


def test_an_event_fails_at_the_deadline_and_later_ones_at_once(app: APIFlask, stop: Callable[[], Server]) -> None:
    client = app.test_client()
    assert codes(send(client, "deposit", "1", 1)) == []
    stop()
    assert problem(send(client, "deposit", "1", 2)) == UNAVAILABLE
    assert wiring(app).database.silent
    assert problem(send(client, "deposit", "1", 2)) == UNAVAILABLE


def test_many_concurrent_events_wait_no_longer_than_one(app: APIFlask, stop: Callable[[], Server]) -> None:
    send(app.test_client(), "deposit", "1", 10, user_id=2)
    stop()
    began = time.monotonic()
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda t: send(app.test_client(), "deposit", "1", t, user_id=2), range(11, 75)))
    assert {problem(answer) for answer in answers} == {UNAVAILABLE}
    assert time.monotonic() - began < 5  # the contract's bound; one after the other they would take a minute


def test_events_are_accepted_soon_after_the_database_resumes(app: APIFlask, stop: Callable[[], Server]) -> None:
    client = app.test_client()
    send(client, "deposit", "1", 100, user_id=3)
    server = stop()
    assert problem(send(client, "deposit", "1", 101, user_id=3)) == UNAVAILABLE
    signalled(server, signal.SIGCONT)
    deadline = time.monotonic() + BACK_WITHIN
    while (answer := send(client, "deposit", "1", 101, user_id=3)).status_code != 200:
        assert problem(answer) == UNAVAILABLE
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert codes(answer) == []
    assert not wiring(app).database.silent


def test_a_slow_statement_on_a_responsive_server_is_aborted(app: APIFlask, own_server: str) -> None:
    client = app.test_client()
    send(client, "deposit", "1", 1, user_id=4)
    with closing(psycopg2.connect(own_server)) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM user_clock WHERE user_id = 4 FOR UPDATE")
        assert problem(send(client, "deposit", "1", 2, user_id=4)) == UNAVAILABLE  # the deadline is before the lock's


@contextmanager
def without_its_standby(server: str) -> Iterator[None]:
    """Have the server wait at each commit for a synchronous standby that is gone; at the end it waits no more."""
    set_system(server, "SET synchronous_standby_names = 'gone'")
    try:
        yield
    finally:
        set_system(server, "RESET synchronous_standby_names")


def set_system(server: str, change: str) -> None:
    with closing(psycopg2.connect(server)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f"ALTER SYSTEM {change}")
        cursor.execute("SELECT pg_reload_conf()")


def test_the_service_is_not_ready_while_commits_wait_for_a_standby(
    app: APIFlask, own_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, it was ready all the while: what a trial writes is rolled back, and waits for no standby."""
    monkeypatch.setattr(controllers, "TRIAL_PAUSE", 0.1)
    client = app.test_client()
    with without_its_standby(own_server):
        moments = count(1)
        while (answer := send(client, "deposit", "1", next(moments), user_id=5)).status_code == 200:
            time.sleep(0.05)  # the server has not read its settings again yet
        assert problem(answer) == UNAVAILABLE
        await_readiness(client, "database-writes-fail")
    await_readiness(client, "ready")
    assert codes(send(client, "deposit", "1", next(moments), user_id=5)) == []


def await_readiness(client: FlaskClient, expected: str) -> None:
    deadline = time.monotonic() + MAX_WAIT
    while (shown := readiness(client)) != expected:
        assert time.monotonic() < deadline, shown
        time.sleep(0.05)


def readiness(client: FlaskClient) -> str:
    """Return "ready", or the reason why not."""
    answer = client.get("/health/ready").get_json()
    return str(answer["detail"]).partition(":")[0] if "detail" in answer else str(answer["status"])
