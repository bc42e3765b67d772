"""The migration that adds the index of alerts: beside traffic, again after a failure, and twice at once."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest
from apiflask import APIFlask

from tests.integration.clients import codes, send
from tests.integration.conftest import Unmigrated, run_sql

INDEX = "ix_activity_event_user_id_alert_codes_t"
VALID = f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{INDEX}')"  # noqa: S608  # a name of ours
BUILDERS_WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'
"""
RUNS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'activity-alerts'
"""
INSERT = "INSERT INTO activity_event (user_id, t, type, amount, alert_codes) VALUES"


@pytest.fixture
def url(unmigrated: Unmigrated) -> str:
    return unmigrated.url


@pytest.fixture
def app(unmigrated: Unmigrated) -> APIFlask:
    """The application on a database as it was before the index."""
    unmigrated.migrate("head")
    unmigrated.sql(f"DROP INDEX {INDEX}")
    unmigrated.sql("UPDATE alembic_version SET version_num = '0002'")
    return unmigrated.app


def upgrade(url: str) -> subprocess.CompletedProcess[str]:
    """Apply the migrations in a separate process: two in one process cannot run at once."""
    program = [sys.executable, "-m", "flask", "--app", "app", "db", "upgrade", "0003"]
    environment = {**os.environ, "DATABASE_URL": url}
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def wait_until(url: str, statement: str, expected: int) -> None:
    for _ in range(200):
        if run_sql(url, f"SELECT pg_sleep(0.05); {statement}") == [(expected,)]:
            return
    pytest.fail(f"never {expected}: {statement}")


def test_events_are_taken_while_the_index_is_built(app: APIFlask, url: str) -> None:
    client = app.test_client()
    codes(send(client, "withdraw", "101", 1))
    with closing(psycopg2.connect(url)) as other, other.cursor() as cursor, ThreadPoolExecutor(1) as thread:
        # It must wait for a transaction that has written before it began; so it is under way as long as we like.
        cursor.execute(f"{INSERT} (2, 1, 'deposit', 1, '{{}}')")
        building = thread.submit(upgrade, url)
        wait_until(url, BUILDERS_WAITING, 1)
        assert codes(send(client, "withdraw", "102", 2)) == [1100]
        assert codes(send(client, "withdraw", "103", 3)) == [30, 1100]
        other.commit()
        done = building.result(timeout=60)
    assert done.returncode == 0, done.stderr
    assert run_sql(url, VALID) == [(True,)]
    page = client.get("/users/1/events?code=1100").get_json()
    assert [event["t"] for event in page["events"]] == [3, 2, 1]


def test_an_invalid_index_of_a_failed_run_is_rebuilt(app: APIFlask, url: str) -> None:  # noqa: ARG001  # it migrates
    run_sql(url, f"{INSERT} (1, 1, 'deposit', 1, '{{30}}'), (1, 2, 'deposit', 1, '{{30}}')")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        run_sql(url, f"CREATE UNIQUE INDEX CONCURRENTLY {INDEX} ON activity_event (user_id)")
    assert run_sql(url, VALID) == [(False,)]
    done = upgrade(url)
    assert done.returncode == 0, done.stderr
    assert run_sql(url, VALID) == [(True,)]
    [(definition,)] = run_sql(url, f"SELECT pg_get_indexdef(to_regclass('{INDEX}'))")
    assert "(user_id, alert_codes, t) WHERE (alert_codes <> '{}'::integer[])" in definition


def test_concurrent_runs_do_not_deadlock(app: APIFlask, url: str) -> None:  # noqa: ARG001
    """The one that waits for its turn must not be among the transactions whose end the builder waits for."""
    with closing(psycopg2.connect(url)) as other, other.cursor() as cursor, ThreadPoolExecutor(2) as threads:
        cursor.execute(f"{INSERT} (2, 1, 'deposit', 1, '{{}}')")
        first = threads.submit(upgrade, url)
        wait_until(url, BUILDERS_WAITING, 1)
        second = threads.submit(upgrade, url)
        wait_until(url, RUNS, 2)
        other.commit()
        done = [run.result(timeout=60) for run in (first, second)]
    assert [run.returncode for run in done] == [0, 0], [run.stderr for run in done]
    assert run_sql(url, VALID) == [(True,)]
    assert run_sql(url, "SELECT version_num FROM alembic_version") == [("0003",)]
