"""Health: whether the process is alive and whether it can work, in every state of the database."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from apiflask import APIFlask

from app.datastores import db
from app.events.domain import EventOrder
from app.health import controllers
from app.health.controllers import EXPECTED, OLDER
from app.health.services import HealthServices
from lib.services import services_of
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql
from tests.integration.locks import locked
from tests.integration.servers import MAX_WAIT
from tests.integration.wiring import wiring


@pytest.fixture
def version(sql: Sql) -> Iterator[None]:
    """Restore the number of the migration after each test."""
    yield
    sql("DELETE FROM alembic_version")
    sql("INSERT INTO alembic_version VALUES (%s)", EXPECTED)


SILENT, RULES_NOT_READ = (503, "database-silent"), (503, "rule-book-unreadable")


def ready(app: APIFlask) -> tuple[int, str]:
    """Return what `ask_ready` does, once database and rules were looked at: on a busy machine that is late."""
    deadline = time.monotonic() + MAX_WAIT
    while (found := ask_ready(app)) in {SILENT, RULES_NOT_READ} and time.monotonic() < deadline:
        time.sleep(controllers.PAUSE)
    return found


def ask_ready(app: APIFlask) -> tuple[int, str]:
    """Ask whether it is ready; return the status and the reason."""
    began = time.monotonic()
    answer = app.test_client().get("/health/ready")
    assert time.monotonic() - began < 1
    if answer.status_code == 200:
        return 200, str(answer.get_json()["status"])
    assert problem(answer) == (503, "not-ready")
    return 503, str(answer.get_json()["detail"]).partition(":")[0]


def test_a_service_at_the_expected_migration_is_ready(app_with: AppWith) -> None:
    assert ready(app_with()) == (200, "ready")


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (None, "migration-missing"),
        (min(OLDER), "migration-missing"),
        ("9999", "migration-unknown"),
    ],
)
def test_the_service_is_not_ready_at_another_migration(
    app_with: AppWith, sql: Sql, stored: str | None, reason: str
) -> None:
    sql("DELETE FROM alembic_version")
    if stored:
        sql("INSERT INTO alembic_version VALUES (%s)", stored)
    app = app_with()
    assert ready(app) == (503, reason)
    assert app.test_client().get("/health/live").status_code == 200


@pytest.mark.usefixtures("version")
def test_the_service_becomes_ready_again_by_itself(app_with: AppWith, sql: Sql) -> None:
    sql("UPDATE alembic_version SET version_num = '9999'")
    app = app_with()
    assert ready(app)[0] == 503
    sql("UPDATE alembic_version SET version_num = %s", EXPECTED)
    time.sleep(controllers.PAUSE * 2)
    assert ready(app) == (200, "ready")


def test_the_service_is_not_ready_without_tables(app_with: AppWith, server: str) -> None:
    assert ready(app_with(database_url=server)) == (503, "migration-missing")


def test_a_refusing_database_is_unreachable(app_with: AppWith) -> None:
    assert ready(app_with(database_url="postgresql://someone@127.0.0.1:1/x")) == (503, "database-unreachable")


def test_an_unresponsive_database_is_silent(app_with: AppWith) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        app = app_with(database_url=f"postgresql://someone@127.0.0.1:{silent.getsockname()[1]}/x")
        for _ in range(3):
            assert ask_ready(app) == SILENT
            time.sleep(controllers.PAUSE)


def test_health_answers_while_all_connections_are_in_use(app_with: AppWith) -> None:
    app = app_with(web_threads=2)
    with app.app_context(), db.engine.connect(), db.engine.connect():
        assert ready(app) == (200, "ready")
        assert app.test_client().get("/health/live").get_json() == {"status": "live"}


def test_no_trial_write_runs_without_a_probe(app_with: AppWith, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controllers, "UNWATCHED_AFTER", 0.1)
    monkeypatch.setattr(controllers, "PAUSE", 0.05)
    app = app_with()
    assert ready(app) == (200, "ready")
    time.sleep(0.5)
    assert services_of(app, HealthServices).readiness._thread is None  # noqa: SLF001  # seen nowhere else
    assert ready(app) == (200, "ready")


WRITES_FAIL = (503, "database-writes-fail")


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials come often, and so do looks."""
    monkeypatch.setattr(controllers, "TRIAL_PAUSE", 0.05)
    monkeypatch.setattr(controllers, "PAUSE", 0.05)


def await_word(app: APIFlask, expected: tuple[int, str]) -> None:
    deadline = time.monotonic() + MAX_WAIT
    while (shown := ready(app)) != expected:
        assert time.monotonic() < deadline, f"still {shown}"
        time.sleep(0.05)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("table", ["user_clock", "activity_event", "alert", "write_trial"])
def test_the_service_is_not_ready_while_no_event_can_be_stored(app_with: AppWith, database: str, table: str) -> None:
    app = app_with()
    assert ready(app) == (200, "ready")
    with locked(database, f"LOCK TABLE {table} IN EXCLUSIVE MODE"):
        await_word(app, WRITES_FAIL)
    await_word(app, (200, "ready"))


@pytest.mark.usefixtures("soon")
def test_the_service_is_not_ready_while_the_system_clock_is_locked(app_with: AppWith, database: str) -> None:
    by_user, by_system = app_with(), app_with(event_order=EventOrder.SYSTEM)
    codes(send(by_system.test_client(), "deposit", "1", 1))
    with locked(database, "SELECT FROM user_clock WHERE user_id = 0 FOR UPDATE"):
        await_word(by_system, WRITES_FAIL)
        assert ready(by_user) == (200, "ready")  # it needs no such lock
    await_word(by_system, (200, "ready"))


def test_one_failed_trial_does_not_make_it_unready(
    app_with: AppWith, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controllers, "PAUSE", 0.05)
    app = app_with()
    with locked(database, "LOCK TABLE activity_event IN EXCLUSIVE MODE"):
        assert ready(app) == (200, "ready")
        time.sleep(controllers.TRIAL_TIMEOUT + 0.5)
        assert ready(app) == (200, "ready")


@pytest.mark.usefixtures("soon")
def test_the_trial_write_leaves_no_trace(app_with: AppWith, sql: Sql) -> None:
    before = sql("SELECT * FROM write_trial")
    app = app_with()
    for _ in range(5):
        assert ready(app) == (200, "ready")
        time.sleep(0.1)
    assert sql("SELECT * FROM write_trial") == before
    assert sql("SELECT (SELECT count(*) FROM user_clock), (SELECT count(*) FROM activity_event)") == [(0, 0)]


def test_the_trial_write_runs_at_most_once_in_five_seconds(app_with: AppWith) -> None:
    trials = list[None]()
    database = wiring(app_with()).database
    readiness = controllers.Readiness(database, lambda: None, lambda _: trials.append(None))
    end = time.monotonic() + controllers.PAUSE * 4
    while time.monotonic() < end:
        readiness.check()
        time.sleep(0.01)
    assert trials == [None]
