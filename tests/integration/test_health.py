"""Health: whether the process lives, and whether it can do its work; told in every state of the database."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from apiflask import APIFlask

from app.datastores import db
from app.health import controllers
from app.health.controllers import EXPECTED, OLDER
from tests.integration.clients import problem
from tests.integration.conftest import AppWith, Sql


@pytest.fixture
def version(sql: Sql) -> Iterator[None]:
    """Whatever a test does to the number of the migration, it is right again afterwards."""
    yield
    sql("DELETE FROM alembic_version")
    sql("INSERT INTO alembic_version VALUES (%s)", EXPECTED)


def ready(app: APIFlask) -> tuple[int, str]:
    """Ask whether it is ready; return the status and the reason."""
    began = time.monotonic()
    answer = app.test_client().get("/health/ready")
    assert time.monotonic() - began < 1
    if answer.status_code == 200:
        return 200, str(answer.get_json()["status"])
    assert problem(answer) == (503, "not-ready")
    return 503, str(answer.get_json()["detail"]).partition(":")[0]


def test_a_service_whose_tables_are_as_expected_is_ready(app_with: AppWith) -> None:
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
def test_at_another_migration_it_is_not_ready(app_with: AppWith, sql: Sql, stored: str | None, reason: str) -> None:
    sql("DELETE FROM alembic_version")
    if stored:
        sql("INSERT INTO alembic_version VALUES (%s)", stored)
    app = app_with()
    assert ready(app) == (503, reason)
    assert app.test_client().get("/health/live").status_code == 200


@pytest.mark.usefixtures("version")
def test_it_is_ready_again_by_itself(app_with: AppWith, sql: Sql) -> None:
    sql("UPDATE alembic_version SET version_num = '9999'")
    app = app_with()
    assert ready(app)[0] == 503
    sql("UPDATE alembic_version SET version_num = %s", EXPECTED)
    time.sleep(controllers.PAUSE * 2)
    assert ready(app) == (200, "ready")


def test_without_any_tables_it_is_not_ready(app_with: AppWith, server: str) -> None:
    assert ready(app_with(database_url=server)) == (503, "migration-missing")


def test_a_database_that_refuses_is_unreachable(app_with: AppWith) -> None:
    assert ready(app_with(database_url="postgresql://someone@127.0.0.1:1/x")) == (503, "database-unreachable")


def test_a_database_that_says_nothing_is_silent(app_with: AppWith) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        app = app_with(database_url=f"postgresql://someone@127.0.0.1:{silent.getsockname()[1]}/x")
        for _ in range(3):
            assert ready(app) == (503, "database-silent")
            time.sleep(controllers.PAUSE)


def test_health_is_told_while_every_request_holds_a_connection(app_with: AppWith) -> None:
    app = app_with(web_threads=2)
    with app.app_context(), db.engine.connect(), db.engine.connect():
        assert ready(app) == (200, "ready")
        assert app.test_client().get("/health/live").get_json() == {"status": "live"}


def test_nobody_looks_when_nobody_asks(app_with: AppWith, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controllers, "UNWATCHED_AFTER", 0.1)
    monkeypatch.setattr(controllers, "PAUSE", 0.05)
    app = app_with()
    assert ready(app) == (200, "ready")
    time.sleep(0.5)
    assert app.extensions["readiness"]._thread is None  # noqa: SLF001  # seen nowhere else
    assert ready(app) == (200, "ready")
