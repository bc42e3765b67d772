"""The worker as a process, how it is doing, and the metrics that tell it, which any web process shows."""

import math
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from app.work import state
from app.work.state import FAILING_AFTER, LATE_AFTER, state_of_work
from app.work.troubles import SILENT_AFTER
from lib.metrics import measured
from lib.statements import BY_INDEX
from tests.integration.clients import send
from tests.integration.conftest import AppWith, Sql
from tests.integration.locks import locked
from tests.integration.query_plans import explained, rows_read
from tests.integration.servers import MAX_WAIT, Serve, Server
from tests.integration.wiring import wiring

WORK = ("-m", "flask", "--app", "app", "work")
METRICS = (
    "activity_outbox_oldest_seconds",
    "activity_outbox_notes",
    "activity_work_seen_seconds",
    "activity_feed_number",
)
OTHER = "INSERT INTO outbox (user_id, t, n, kind, no, made_at) VALUES (9, 9, 0, 'raised', 0, now() - interval '{} s')"


def await_that(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + MAX_WAIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ended(worker: Server) -> tuple[int, str]:
    worker.terminate()
    _, output = worker.communicate(timeout=MAX_WAIT)
    return worker.returncode, output


def test_it_numbers_what_waits_and_ends_in_peace(serve: Serve, client: FlaskClient, sql: Sql) -> None:
    send(client, "withdraw", "150", 1)
    workers = [serve(WORK), serve(WORK)]
    for worker in workers:
        assert worker.stderr
        assert any('"worker started"' in line for line in iter(worker.stderr.readline, ""))
    await_that(lambda: sql("SELECT code FROM alert_feed") == [(1100,)])
    await_that(lambda: sql("SELECT seen_at IS NOT NULL FROM work_beat") == [(True,)])
    for worker in workers:
        status, output = ended(worker)
        assert status == 0, output
        assert '"worker stopped"' in output
        assert "Traceback" not in output
    send(client, "withdraw", "150", 2)
    assert sql("SELECT count(*) FROM outbox") == [(1,)], "which waits for the next worker"


def test_it_waits_for_a_database_that_is_away(serve: Serve, tmp_path: Path) -> None:
    log = tmp_path / "work.log"
    log.touch()
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"postgresql://someone@127.0.0.1:{nobody.getsockname()[1]}/x"
        worker = serve(WORK, DATABASE_URL=address, LOG_FILE=str(log))
        deadline = time.monotonic() + MAX_WAIT
        while log.read_text().count("worker waits for the database") < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(2)  # in which duties are tried again
        status, output = ended(worker)
    assert status == 0, output
    waiting = re.findall(r'"duty": "([^"]+)"[^\n]*worker waits for the database', output)
    assert len(waiting) == len(set(waiting)) >= 2, "once for each duty"


def test_a_wrong_setting_ends_it_by_name(serve: Serve) -> None:
    worker = serve(WORK, WEB_THREADS="none")
    _, output = worker.communicate(timeout=MAX_WAIT)
    assert (worker.returncode, "WEB_THREADS" in output) == (2, True), output


def test_it_reports_to_systemd_while_it_works(serve: Serve, tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(MAX_WAIT)
        worker = serve(WORK, NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert {systemd.recv(100) for _ in range(2)} == {b"WATCHDOG=1"}
        worker.send_signal(signal.SIGSTOP)
        systemd.settimeout(3)
        assert len(list(received(systemd))) < 5, "what was under way"


def received(systemd: socket.socket) -> Iterator[bytes]:
    """Yield what comes until nothing more does."""
    with suppress(TimeoutError):
        while True:
            yield systemd.recv(100)


FAILING = """
    INSERT INTO work_trouble (host, pid, duty, since, cause, seen_at)
    VALUES ('h', 7, 'sender', now() - interval '{} s', 'ValueError', now() - interval '{} s')
"""
SEEN = "UPDATE work_beat SET seen_at = now() - interval '{} s', host = 'h', pid = 7"
CHECKS = {
    "never": (["UPDATE work_beat SET seen_at = NULL"], 1, "no worker has run yet"),
    "well": ([SEEN.format(5)], 0, "process 7 on h, seen 5 s ago; no alert waits"),
    "silent": ([SEEN.format(SILENT_AFTER + 1)], 1, "seen 31 s ago"),
    "late": ([SEEN.format(0), OTHER.format(LATE_AFTER + 1)], 1, "the oldest alert waits 61 s"),
    "soon": ([SEEN.format(0), OTHER.format(LATE_AFTER - 10)], 0, "the oldest alert waits 50 s"),
    "failing": (
        [SEEN.format(5), FAILING.format(FAILING_AFTER + 1, 5)],
        1,
        "no alert waits; sender has failed for 31 s (process 7 on h): ValueError",
    ),
    "failed once": ([SEEN.format(5), FAILING.format(FAILING_AFTER - 10, 5)], 0, "sender has failed for 20 s"),
    "replaced": ([SEEN.format(5), FAILING.format(99, SILENT_AFTER + 1)], 0, "seen 5 s ago; no alert waits\n"),
}


@pytest.mark.parametrize(("changes", "status", "said"), CHECKS.values(), ids=CHECKS)
def test_the_check_says_whether_a_worker_works_in_time(
    app: APIFlask, sql: Sql, changes: list[str], status: int, said: str
) -> None:
    for change in changes:
        sql(change)
    done = app.test_cli_runner().invoke(args=["work", "--check"])
    assert (done.exit_code, said in done.output) == (status, True), done.output
    assert ("to start one: " in done.output) == (status == 1 and "failed" not in said)


@pytest.mark.parametrize("changes", [changes for changes, status, _ in CHECKS.values() if status])
def test_readiness_does_not_depend_on_a_worker(client: FlaskClient, sql: Sql, changes: list[str]) -> None:
    for change in changes:
        sql(change)
    assert client.get("/health/ready").status_code == 200


@pytest.fixture
def measured_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each request for metrics look at the database."""
    monkeypatch.setattr(measured, "PAUSE", 0)
    monkeypatch.setattr(measured, "PATIENCE", MAX_WAIT)


def numbers(client: FlaskClient) -> dict[str, float]:
    families = text_string_to_metric_families(client.get("/metrics").text)
    found = {sample.name: sample.value for each in families for sample in each.samples}
    return {re.sub("activity_(.*?)(_seconds)?$", r"\1", name): found[name] for name in METRICS}


@pytest.mark.usefixtures("measured_at_once")
def test_metrics_tell_how_the_work_is_doing(client: FlaskClient, sql: Sql) -> None:
    assert numbers(client) == {"outbox_oldest": 0, "outbox_notes": 0, "work_seen": math.inf, "feed_number": 0}
    for t in (1, 2):
        send(client, "withdraw", "150", t)
    sql("UPDATE outbox SET made_at = made_at - interval '70 s' WHERE t = 1")
    sql("UPDATE work_beat SET seen_at = now() - interval '20 s'")
    sql("UPDATE feed_head SET number = 5")
    found = numbers(client)
    assert found["outbox_oldest"] == pytest.approx(70, abs=15)
    assert found["work_seen"] == pytest.approx(20, abs=15)
    assert (found["outbox_notes"], found["feed_number"]) == (2, 5)


@pytest.mark.usefixtures("measured_at_once")
def test_what_cannot_be_read_is_not_shown_as_a_number(
    client: FlaskClient, database: str, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert numbers(client)["outbox_notes"] == 0
    with locked(database, "LOCK TABLE outbox"):
        monkeypatch.setattr(measured, "PATIENCE", 0.5)
        began = time.monotonic()
        assert all(math.isnan(value) for value in numbers(client).values())
        assert time.monotonic() - began < 5
        assert client.get("/health/live").status_code == 200
    monkeypatch.setattr(measured, "PATIENCE", MAX_WAIT)
    await_that(lambda: numbers(client)["outbox_notes"] == 0)
    assert sql("SELECT count(*) FROM outbox") == [(0,)]


def test_a_long_queue_is_counted_up_to_a_bound(app_with: AppWith, sql: Sql, database: str) -> None:
    sql("INSERT INTO outbox (user_id, t, n, kind, no) SELECT 1, i, 0, 'raised', 0 FROM generate_series(1, 30000) AS i")
    assert state_of_work(wiring(app_with()).database).notes == state.MOST_COUNTED
    plan = explained(database, f"BEGIN; {BY_INDEX.sql}; {state.STATE.prepare}", "work_state (10000)")
    assert rows_read(plan) <= state.MOST_COUNTED + 10
