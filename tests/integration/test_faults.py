"""What clients see when the database is unreachable, overloaded or not as expected."""

import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from threading import Event

import psycopg2
import pytest
from flask.testing import FlaskClient

from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql

UNAVAILABLE = (503, "unavailable")


def test_an_unreachable_database_is_503_with_retry_after(app_with: AppWith, capfd: pytest.CaptureFixture[str]) -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"postgresql://someone:secret@127.0.0.1:{nobody.getsockname()[1]}/x"
        answer = send(app_with(database_url=url).test_client(), "deposit", "1", 1)
    assert problem(answer) == UNAVAILABLE
    assert int(answer.headers["Retry-After"]) >= 1
    assert "refused" not in answer.text
    logged = capfd.readouterr().err
    assert "Connection refused" in logged
    assert '"level": "error"' in logged
    assert "secret" not in answer.text + logged


def test_a_player_locked_for_too_long_is_503(app_with: AppWith, database: str) -> None:
    client = app_with(db_lock_timeout=0.1).test_client()
    send(client, "deposit", "1", 1)
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM user_clock WHERE user_id = 1 FOR UPDATE")
        assert problem(send(client, "deposit", "1", 2)) == UNAVAILABLE
    assert codes(send(client, "deposit", "1", 2)) == []


def test_an_exhausted_pool_is_503(app_with: AppWith) -> None:
    app = app_with(web_threads=1, db_pool_timeout=0.1)
    with app.app_context():
        from app.datastores import db  # noqa: PLC0415  # only here

        with ExitStack() as held:
            for _ in range(db.engine.pool.size()):  # type: ignore[attr-defined]  # of every pool of ours
                held.enter_context(db.engine.connect())
            assert problem(send(app.test_client(), "deposit", "1", 1)) == UNAVAILABLE
    assert codes(send(app.test_client(), "deposit", "1", 1)) == []


def test_connections_closed_right_after_opening_are_no_defect(app_with: AppWith, sql: Sql) -> None:
    app, stop = app_with(), Event()

    def close_all() -> None:
        while not stop.is_set():
            sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    with ThreadPoolExecutor(5) as threads:
        closing_all = threads.submit(close_all)
        play = [threads.submit(play_for_a_second, app.test_client(), user_id) for user_id in range(1, 5)]
        statuses = {status for share in play for status in share.result()}
        stop.set()
        closing_all.result()
    assert statuses <= {200, 503}


def play_for_a_second(client: FlaskClient, user_id: int) -> set[int]:
    end = time.monotonic() + 1
    statuses, t = set(), 0
    while time.monotonic() < end:
        t += 1
        statuses.add(send(client, "deposit", "1", t, user_id).status_code)
    return statuses


def test_an_unwritable_log_costs_no_answer(database: str) -> None:
    script = (
        "import sys; from app.factory import create_app; from tests.settings import settings_with;"
        "from tests.integration.clients import send;"
        "app = create_app(settings_with(database_url=sys.argv[1], log_file='/dev/full'));"
        "print(send(app.test_client(), 'deposit', '1', 1).status_code)"
    )
    done = subprocess.run([sys.executable, "-c", script, database], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.stdout.strip() == "200", done.stderr


def test_connections_closed_by_the_server_cost_no_request(client: FlaskClient, sql: Sql) -> None:
    send(client, "deposit", "1", 1)
    sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert codes(send(client, "deposit", "1", 2)) == []


def test_a_defect_reveals_no_internals(client: FlaskClient, sql: Sql, capfd: pytest.CaptureFixture[str]) -> None:
    sql("ALTER TABLE user_clock RENAME TO user_clock_elsewhere")
    try:
        answer = send(client, "deposit", "1", 1)
    finally:
        sql("ALTER TABLE user_clock_elsewhere RENAME TO user_clock")
    assert problem(answer) == (500, "internal-error")
    for word in ("user_clock", "psycopg", "Traceback", "relation"):
        assert word not in answer.text
    logged = capfd.readouterr().err
    assert "Traceback" in logged
    assert answer.get_json()["request_id"] in logged


def test_a_transaction_that_fails_leaves_the_connection_usable(client: FlaskClient, sql: Sql) -> None:
    sql("ALTER TABLE activity_event ADD CONSTRAINT no_sevens CHECK (amount <> 7)")
    try:
        assert problem(send(client, "deposit", "7", 1)) == (500, "internal-error")
        assert sql("SELECT count(*) FROM user_clock") == [(0,)]
        assert codes(send(client, "deposit", "8", 1)) == []
    finally:
        sql("ALTER TABLE activity_event DROP CONSTRAINT no_sevens")
