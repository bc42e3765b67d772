"""Behind a real PgBouncer: with session pooling everything works; otherwise nothing starts, with a reason (A18)."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import flask_migrate
import psutil
import psycopg2
import pytest
from apiflask import APIFlask

from app.sessions import check_session_settings, settings_per_session
from lib.settings import SettingsError
from lib.statements import Statement
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, run_sql
from tests.integration.pgbouncers import PROGRAM, bouncer
from tests.integration.servers import MAX_WAIT, Serve, await_answer, post
from tests.integration.wiring import wiring
from tests.settings import settings_with

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")

SHARED = ["transaction", "statement"]  # who has a session changes from one transaction, or statement, to the next
WANTED = settings_per_session(settings_with())
HELD = Statement("held", (), f"SELECT {', '.join(f'current_setting({name!r})' for name in WANTED)}")
AS_SET = Statement("as_set", (), "SELECT current_setting('statement_timeout'), current_setting('plan_cache_mode')")


BY_SESSION = {
    "as it comes": {"pool_mode": "session"},
    "told to ignore options": {"pool_mode": "session", "ignore_startup_parameters": "options"},
    "for this database only": {"pool_mode": "transaction", "entry": "pool_mode=session"},
}


@pytest.fixture(params=BY_SESSION.values(), ids=list(BY_SESSION))
def session_pooling(request: pytest.FixtureRequest, database: str) -> Iterator[str]:
    with bouncer(database, **request.param) as url:
        yield url


@pytest.fixture
def behind(app_with: AppWith) -> Callable[[str], APIFlask]:
    """Both logins go through the pooler."""
    return lambda url: app_with(database_url=url, database_owner_url=url)


def test_with_session_pooling_events_work_and_settings_apply(
    behind: Callable[[str], APIFlask], session_pooling: str
) -> None:
    app = behind(session_pooling)
    client = app.test_client()
    assert codes(send(client, "withdraw", "150", 1)) == [1100]
    assert codes(send(client, "deposit", "150", 2)) == []
    database = wiring(app).database
    for _ in range(3):
        with database.transaction() as one, database.transaction() as other:
            for current in (one, other):
                assert current.fetch(AS_SET) == [("10s", "force_generic_plan")]
                [values] = current.fetch(HELD)
                assert list(values) == canonical(session_pooling)
    assert client.get("/health/ready").status_code == 200


def canonical(url: str) -> list[str]:
    """Return what was wanted, as PostgreSQL writes it."""
    made = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in WANTED.items())
    return list(run_sql(url, f"SELECT {made}")[0])


def test_with_session_pooling_a_lock_timeout_keeps_the_session(app_with: AppWith, session_pooling: str) -> None:
    client = app_with(database_url=session_pooling, db_lock_timeout=0.1).test_client()
    send(client, "deposit", "1", 1)
    with closing(psycopg2.connect(session_pooling)) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM user_clock WHERE user_id = 1 FOR UPDATE")
        assert problem(send(client, "deposit", "1", 2)) == (503, "unavailable")
    assert codes(send(client, "deposit", "1", 2)) == []


@pytest.mark.parametrize("pool_mode", SHARED)
def test_without_session_pooling_lost_settings_are_detected(database: str, pool_mode: str) -> None:
    with bouncer(database, pool_mode=pool_mode) as url, pytest.raises(SettingsError, match="pool_mode = session"):
        check_session_settings(settings_with(database_url=url))


def test_without_session_pooling_the_service_refuses_to_start(database: str, serve: Serve) -> None:
    with bouncer(database, pool_mode="transaction") as url:
        server = serve(DATABASE_URL=url)
        _, output = server.communicate(timeout=MAX_WAIT)
    assert server.returncode == 2
    assert "DATABASE_URL" in output
    assert "pool_mode = session" in output
    assert "docs/deploy.md" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("pool_mode", SHARED)
def test_without_session_pooling_a_worker_accepts_no_event(
    behind: Callable[[str], APIFlask], database: str, pool_mode: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with bouncer(database, pool_mode=pool_mode) as url:
        client = behind(url).test_client()
        assert problem(send(client, "deposit", "1", 1)) == (503, "unavailable")
        assert client.get("/health/ready").status_code == 503
    assert "pool_mode = session" in capfd.readouterr().err
    assert run_sql(database, "SELECT count(*) FROM activity_event") == [(0,)]


@pytest.mark.parametrize("command", [["users", "list"], ["db", "upgrade"]], ids=" ".join)
def test_without_session_pooling_a_command_ends_with_a_remedy(
    behind: Callable[[str], APIFlask], database: str, command: list[str]
) -> None:
    with bouncer(database, pool_mode="transaction") as url:
        done = behind(url).test_cli_runner().invoke(args=command)
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "pool_mode = session" in done.output


def test_with_session_pooling_migrations_and_backtests_work(behind: Callable[[str], APIFlask], database: str) -> None:
    with bouncer(database, pool_mode="session") as url:
        app = behind(url)
        assert codes(send(app.test_client(), "withdraw", "150", 1)) == [1100]
        with app.app_context():
            flask_migrate.upgrade("migrations")
            done = app.test_cli_runner().invoke(args=["rules", "verify", "--jobs", "1"])
    assert done.exit_code == 0, done.output


@contextmanager
def stopped(url: str) -> Iterator[None]:
    """Stop every process that serves this database through a pooler; the pooler itself goes on."""
    found = run_sql(
        url, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    processes = [psutil.Process(pid) for (pid,) in found]
    for each in processes:
        each.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for each in processes:
            each.send_signal(signal.SIGCONT)


def test_the_deadline_is_kept_through_a_pooler(database: str, serve: Serve, port: int) -> None:
    with bouncer(database, pool_mode="session") as url:
        serve(DATABASE_URL=url, DB_DEADLINE="1")
        await_answer(port, 1)
        with stopped(database):
            began = time.monotonic()
            assert post(port, 2) == 503
            assert time.monotonic() - began < 5
        await_answer(port, 2)


def test_a_pooler_with_too_few_sessions_to_test_is_accepted(app_with: AppWith, database: str) -> None:
    with bouncer(database, pool_mode="session", default_pool_size="1") as url:
        app = app_with(database_url=url, db_connect_timeout=0.4)
        with wiring(app).database.transaction() as current:
            assert current.fetch(AS_SET)
