"""The real server: `python -m app`, its workers and its shutdown."""

import ctypes
import json
import os
import signal
import time
from contextlib import closing

import psutil
import psycopg2
import pytest

from tests.integration.servers import MAX_WAIT, Serve, await_answer
from tests.integration.slow_clients import LIVE, connect, read_to, whole_event


def test_a_killed_worker_is_replaced_also_when_a_thread_takes_the_signal(serve: Serve, port: int) -> None:
    """Before, a worker went on if a thread that just began got its SIGTERM, and was killed amid requests after 10 s."""
    server = serve()
    await_answer(port, 1)
    worker = only_child(server.pid)
    worker.kill()
    await_answer(port, 2)
    worker = only_child(server.pid)
    other = max(thread.id for thread in worker.threads())
    assert other != worker.pid
    assert ctypes.CDLL(None).tgkill(worker.pid, other, signal.SIGTERM) == 0
    worker.wait(MAX_WAIT)


def only_child(server: int) -> psutil.Process:
    """Return the worker of a server's main process."""
    [worker] = [each for each in psutil.Process(server).children() if each.status() != psutil.STATUS_ZOMBIE]
    return worker


def test_a_shutdown_answers_requests_in_progress_and_closes_idle_connections(
    serve: Serve, port: int, database: str
) -> None:
    """On connections that are kept: the last answer says that it is one, and what is idle is closed and not reset."""
    server = serve(DB_LOCK_TIMEOUT="10", DB_STATEMENT_TIMEOUT="10")
    await_answer(port, 1)
    with connect(port, LIVE) as idle, connect(port, LIVE) as busy, closing(psycopg2.connect(database)) as other:
        assert all(read_to(each, b"}\n").startswith(b"HTTP/1.1 200 ") for each in (idle, busy))
        other.cursor().execute("LOCK TABLE user_clock IN EXCLUSIVE MODE")
        busy.sendall(whole_event(2))
        await_a_waiter(database)
        server.send_signal(signal.SIGTERM)
        assert idle.recv(1) == b""
        assert server.poll() is None
        time.sleep(0.5)  # another task of the server tells the busy connection, perhaps a moment after the idle one
        other.rollback()
        came = b"".join(iter(lambda: busy.recv(65536), b""))
    assert came.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in came
    server.communicate(timeout=MAX_WAIT)
    assert server.returncode == 0


def await_a_waiter(database: str) -> None:
    """Return when an event waits for the lock of its player."""
    with closing(psycopg2.connect(database)) as watching, watching.cursor() as cursor:
        watching.autocommit = True
        for _ in range(MAX_WAIT * 20):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
            time.sleep(0.05)
    pytest.fail("nobody waits")


def test_a_bad_setting_stops_the_start_by_name(serve: Serve) -> None:
    server = serve(WEB_THREADS="many", DATABASE_URL="postgresql://someone:secret@127.0.0.1/x")
    _, output = server.communicate(timeout=MAX_WAIT)
    assert server.returncode == 2
    assert "WEB_THREADS" in output
    assert "Traceback" not in output
    assert "secret" not in output


def test_a_start_logs_no_warning_with_few_processors(serve: Serve, port: int) -> None:
    """The sizes are beyond what the server thinks good on this machine, as our defaults are on one with two."""
    server = serve(WEB_THREADS="64", WEB_WORKERS=str((os.cpu_count() or 1) + 1))
    await_answer(port, 1)
    server.terminate()
    _, output = server.communicate(timeout=MAX_WAIT)
    started, found, _ = output.partition('{"event": "Shutting down granian"')  # what it says of a stop is another thing
    lines = [json.loads(line) for line in started.splitlines()]
    assert found
    assert any("Starting granian" in line["event"] for line in lines)
    assert [line for line in lines if line["level"] not in {"debug", "info"}] == []


def test_workers_end_when_the_main_process_is_killed(serve: Serve, port: int) -> None:
    server = serve()
    await_answer(port, 1)
    family = psutil.Process(server.pid).children(recursive=True)
    server.kill()
    gone, alive = psutil.wait_procs(family, timeout=MAX_WAIT)
    assert gone
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]


def test_an_event_is_one_line_of_the_log(serve: Serve, port: int) -> None:
    """A14."""
    server = serve()
    await_answer(port, 1)
    server.terminate()
    _, output = server.communicate(timeout=MAX_WAIT)
    [line] = [json.loads(line) for line in output.splitlines() if '"event": "event"' in line]
    assert {"user_id", "t", "codes", "replayed", "duration_ms", "request_id", "level", "timestamp"} <= line.keys()
