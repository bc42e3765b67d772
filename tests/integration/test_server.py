"""The server as it is run: `python -m app`, its workers, its end."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import psutil
import psycopg2
import pytest

from tests.integration.servers import LONGEST, Serve, answered


def test_a_killed_worker_is_replaced(serve: Serve, port: int) -> None:
    server = serve()
    assert answered(port, 1)
    [worker] = psutil.Process(server.pid).children()
    worker.kill()
    assert answered(port, 2)


def test_a_request_under_way_is_answered_before_the_server_ends(serve: Serve, port: int, database: str) -> None:
    server = serve(DB_LOCK_TIMEOUT="10", DB_STATEMENT_TIMEOUT="10")
    assert answered(port, 1)
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM user_clock FOR UPDATE")
        waiting = subprocess.Popen(  # noqa: S603  # this very module's way to send, in a process of its own
            [sys.executable, "-c", f"from tests.integration.servers import post; print(post({port}, 2))"],
            stdout=subprocess.PIPE,
            text=True,
        )
        cursor.execute("SELECT 1")
        await_a_waiter(database)
        server.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert server.poll() is None
        other.rollback()
    assert waiting.communicate(timeout=LONGEST)[0].strip() == "200"
    server.communicate(timeout=LONGEST)
    assert server.returncode == 0


def await_a_waiter(database: str) -> None:
    """Return when an event waits for the lock of its user."""
    with closing(psycopg2.connect(database)) as watching, watching.cursor() as cursor:
        watching.autocommit = True
        for _ in range(LONGEST * 20):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
            time.sleep(0.05)
    pytest.fail("nobody waits")


def test_a_bad_setting_stops_the_start_by_name(serve: Serve) -> None:
    server = serve(WEB_THREADS="many", DATABASE_URL="postgresql://someone:secret@127.0.0.1/x")
    _, said = server.communicate(timeout=LONGEST)
    assert server.returncode == 2
    assert "WEB_THREADS" in said
    assert "Traceback" not in said
    assert "secret" not in said


def test_a_start_is_quiet_however_few_processors_there_are(serve: Serve, port: int) -> None:
    """The sizes are beyond what the server thinks good on this machine, as our defaults are on one with two."""
    server = serve(WEB_THREADS="64", WEB_WORKERS=str((os.cpu_count() or 1) + 1))
    assert answered(port, 1)
    server.terminate()
    _, said = server.communicate(timeout=LONGEST)
    started, found, _ = said.partition('{"event": "Shutting down granian"')  # what it says of a stop is another thing
    lines = [json.loads(line) for line in started.splitlines()]
    assert found
    assert any("Starting granian" in line["event"] for line in lines)
    assert [line for line in lines if line["level"] not in {"debug", "info"}] == []


def test_the_workers_end_with_a_killed_main_process(serve: Serve, port: int) -> None:
    server = serve()
    assert answered(port, 1)
    family = psutil.Process(server.pid).children(recursive=True)
    server.kill()
    gone, alive = psutil.wait_procs(family, timeout=LONGEST)
    assert gone
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]


def test_an_event_is_one_line_of_the_log(serve: Serve, port: int) -> None:
    """A14."""
    server = serve()
    assert answered(port, 1)
    server.terminate()
    _, said = server.communicate(timeout=LONGEST)
    [line] = [json.loads(line) for line in said.splitlines() if '"event": "event"' in line]
    assert {"user_id", "t", "codes", "replayed", "duration_ms", "request_id", "level", "timestamp"} <= line.keys()
