"""An import that was killed goes on where it stopped, and a service beside it is neither hindered nor wrong (A53)."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from pathlib import Path
from threading import Event, Thread
from unittest.mock import Mock

import psycopg2
import pytest
from apiflask import APIFlask
from psycopg2.extensions import cursor as Cursor  # noqa: N812  # it is a class

from app.datastores import AdvisoryLock
from app.intake import controllers, under_way, working
from app.intake.job_queries import JobQueries
from app.intake.working import ImportContext
from app.rules.event import ActivityEvent, EventType
from tests.integration.clients import send
from tests.integration.conftest import Sql
from tests.integration.importing import csv_of, imported, refused, run
from tests.integration.judging import verified

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")

PLAYERS, EACH = 30, 10
ALL = PLAYERS * EACH
MAX_WAIT = 60  # seconds


def history(players: int = PLAYERS, each: int = EACH) -> list[ActivityEvent]:
    return [
        ActivityEvent(user_id=user_id, t=t, type=EventType.DEPOSIT, amount=Decimal(150))
        for user_id in range(1, players + 1)
        for t in range(each)
    ]


class Killed(BaseException):
    """In the place of a signal."""


@contextmanager
def killed_in_span(number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let an import end in the middle of a span, after its rows were sent and before they are committed."""
    store = working.store

    def stop(context: ImportContext, written: object, made: set[int]) -> None:
        store(context, written, made)  # type: ignore[arg-type]
        spans.append(1)
        if len(spans) == number:
            raise Killed

    spans: list[int] = []
    with monkeypatch.context() as patched:
        patched.setattr(working, "store", stop)
        with pytest.raises(Killed):
            yield


def all_is_stored_once(app: APIFlask, sql: Sql) -> bool:
    found = verified(app)
    [(events, alerts)] = sql("SELECT (SELECT count(*) FROM activity_event), (SELECT count(*) FROM alert)")
    return (events, alerts, found.different, found.lost) == (ALL, PLAYERS * (EACH - 1), 0, 0)


def test_an_import_that_ended_in_a_span_goes_on(
    app: APIFlask, sql: Sql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = csv_of(tmp_path / "events.csv", history())
    with killed_in_span(3, monkeypatch):
        run(app, file, span=50)
    assert sql("SELECT count(*) FROM activity_event") == [(100,)]
    output = imported(app, file, span=50)
    assert "Going on after 100 events." in output
    assert "300 lines: 300 imported." in output
    assert all_is_stored_once(app, sql)
    assert sql("SELECT count(*) FROM import_line") == sql("SELECT count(*) FROM import_span") == [(0,)]


def test_an_import_whose_lines_a_crash_of_postgresql_emptied_reads_them_again(
    app: APIFlask, sql: Sql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = csv_of(tmp_path / "events.csv", history())
    with killed_in_span(3, monkeypatch):
        run(app, file, span=50)
    sql("TRUNCATE import_line")  # as a crash does with a table that is not logged
    assert "300 lines: 300 imported." in imported(app, file, span=50)
    assert all_is_stored_once(app, sql)


@pytest.mark.parametrize("step", ["stage", "plan"])
def test_an_import_that_ended_while_it_read_its_lines_again_reads_them_once_more(
    app: APIFlask, sql: Sql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    file = csv_of(tmp_path / "events.csv", history())
    with killed_in_span(3, monkeypatch):
        run(app, file, span=50)
    sql("TRUNCATE import_line")
    with monkeypatch.context() as patched:
        patched.setattr(under_way, step, Mock(side_effect=Killed))
        with pytest.raises(Killed):
            run(app, file, span=50)
    output = imported(app, file, span=50)
    assert "Going on after 100 events." in output
    assert "300 lines: 300 imported." in output
    assert all_is_stored_once(app, sql)


def test_an_import_that_ended_after_its_last_span_verifies_all_players_even_after_a_crash(
    app: APIFlask, sql: Sql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [n for n in range(10, 40) if n % 10]  # between the players of the file, who are verified one by one
    sql("INSERT INTO user_clock (user_id, last_t) SELECT unnest(%s), 1", others)
    file = csv_of(tmp_path / "events.csv", [replace(each, user_id=each.user_id * 10) for each in history(4, 1)])
    with monkeypatch.context() as patched:
        patched.setattr(controllers, "verify", Mock(side_effect=Killed))
        with pytest.raises(Killed):
            run(app, file)
    sql("TRUNCATE import_line")
    output = imported(app, file)
    assert "4 lines: 4 imported." in output
    assert "All 4 events agree." in output


def test_an_import_goes_on_with_the_edition_that_it_began_with(
    app: APIFlask, sql: Sql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = csv_of(tmp_path / "events.csv", history())
    with killed_in_span(3, monkeypatch):
        run(app, file, span=50)
    rules = app.test_cli_runner()
    rules.invoke(args=["rules", "draft", "--edition", "1"])
    assert rules.invoke(args=["rules", "publish", "2"]).exit_code == 0
    imported(app, file, span=50)
    assert sql("SELECT DISTINCT edition FROM activity_event") == [(1,)]


def test_a_file_that_was_changed_between_two_runs_is_another_file(
    app: APIFlask, sql: Sql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = csv_of(tmp_path / "events.csv", history())
    with killed_in_span(3, monkeypatch):
        run(app, file, span=50)
    csv_of(file, history(each=EACH + 1))
    output = imported(app, file, span=50)
    assert "were changed since 100 of its events were imported: it is read as another file" in output
    assert "330 lines: 230 imported, 100 stored already." in output
    assert sql("SELECT state FROM import_job ORDER BY id") == [("left",), ("done",)]


class KilledAt:
    """A cursor's place in the queries of imports, whose process ends before a statement: `left` are those before it."""

    def __init__(self, cursor: Cursor, left: list[int]) -> None:
        self._cursor, self._left = cursor, left

    def execute(self, *statement: object) -> None:
        if not self._left:
            raise Killed
        self._left.pop()
        self._cursor.execute(*statement)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> object:
        return getattr(self._cursor, name)


@pytest.mark.parametrize("statements", range(2, 7))
def test_nothing_of_an_import_that_is_left_stays_wherever_the_next_one_is_killed(
    app: APIFlask, sql: Sql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statements: int
) -> None:
    """The next one looks for unfinished imports, and leaves those with which nobody goes on."""
    file = csv_of(tmp_path / "events.csv", history(players=3))
    with killed_in_span(2, monkeypatch):
        run(app, file, span=10)
    csv_of(file, history(players=3, each=EACH + 1))
    left = [0] * statements
    with monkeypatch.context() as patched:
        patched.setattr(controllers, "JobQueries", lambda cursor: JobQueries(KilledAt(cursor, left)))  # type: ignore[arg-type]
        with pytest.raises(Killed):
            run(app, file, span=10)
    assert "33 lines: 23 imported, 10 stored already." in imported(app, file, span=10)
    assert sql("SELECT imported FROM import_job WHERE state = 'left' ORDER BY id LIMIT 1") == [(10,)]
    assert sql("SELECT count(*) FROM import_line") == sql("SELECT count(*) FROM import_span") == [(0,)]


def test_a_dry_run_leaves_an_interrupted_import_as_it_is(
    app: APIFlask, sql: Sql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = csv_of(tmp_path / "events.csv", history())
    with killed_in_span(3, monkeypatch):
        run(app, file, span=50)
    assert "200 would be imported, 100 stored already" in imported(app, file, "--dry-run")
    assert "Going on after 100 events." in imported(app, file)
    assert all_is_stored_once(app, sql)


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (
            KeyboardInterrupt(),
            130,
            "Interrupted: what is imported stays imported. To go on: flask --app app events import",
        ),
        (
            psycopg2.OperationalError("gone"),
            1,
            "(connection lost: gone). What is imported stays. To go on: flask --app",
        ),
    ],
)
def test_an_import_that_is_interrupted_says_how_to_go_on(  # noqa: PLR0913, PLR0917  # a case and its surroundings
    app: APIFlask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, message: str
) -> None:
    monkeypatch.setattr(working, "store", Mock(side_effect=error))
    done = run(app, csv_of(tmp_path / "events.csv", history()), span=50)
    assert done.exit_code == status
    assert message in done.output


def test_events_that_come_meanwhile_make_lines_late_and_are_told(
    app: APIFlask, sql: Sql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A player's clock moves on after the lines were checked and judged, before they are stored."""
    claim, client = working.claim, app.test_client()

    def send_first(queries: object, written: object) -> tuple[set[int], set[int]]:
        if not sql("SELECT count(*) FROM user_clock WHERE user_id IN (5, 40)")[0][0]:
            assert send(client, "deposit", "150", 7, user_id=5).status_code == 200
            assert send(client, "deposit", "150", 7, user_id=40).status_code == 200
        return claim(queries, written)  # type: ignore[arg-type]

    monkeypatch.setattr(working, "claim", send_first)
    output = refused(app, csv_of(tmp_path / "events.csv", history()), span=50)
    assert "line 42, t: t 0 is below 7, the latest of player 5" in output
    assert "7 with faults" in output
    found = verified(app)
    assert (found.different, found.lost, found.events.total()) == (0, 0, ALL - 7 + 1)
    assert sql("SELECT t FROM activity_event WHERE user_id = 5 ORDER BY t") == [(7,), (8,), (9,)]


def test_only_one_import_runs_at_a_time(app: APIFlask, database: str, tmp_path: Path) -> None:
    file = csv_of(tmp_path / "events.csv", history())
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [AdvisoryLock.IMPORTS])
        assert "another import is running" in refused(app, file)
    imported(app, file)


def test_the_lines_of_one_player_are_stored_span_by_span_in_their_order(
    app: APIFlask, sql: Sql, tmp_path: Path
) -> None:
    events = history(players=1, each=100) + [
        ActivityEvent(user_id=1, t=200, type=EventType.WITHDRAW, amount=Decimal(1), event_id=f"tx-{n}")
        for n in range(40)
    ]
    imported(app, csv_of(tmp_path / "events.csv", events), span=30)
    assert sql("SELECT count(*), max(seq), max(n) FROM activity_event") == [(140, 140, 39)]
    assert (verified(app).different, verified(app).lost) == (0, 0)


def test_spans_hold_each_player_once(app: APIFlask, sql: Sql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = csv_of(tmp_path / "events.csv", history())
    with killed_in_span(1, monkeypatch):
        run(app, file, span=55)
    spans = sql("SELECT first_user, last_user, lines FROM import_span ORDER BY no")
    assert spans == [(n, n + 4, 50) for n in range(1, PLAYERS, 5)]


class Service:
    """Takes events of the first player, the last one and another, until it is stopped."""

    def __init__(self, app: APIFlask, players: tuple[int, ...], t: int) -> None:
        self._client, self._players, self._t = app.test_client(), players, t
        self.accepted: list[tuple[int, int]] = []
        self._stopped = Event()
        self._thread = Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.is_set():
            sent = [(user_id, self._t) for user_id in self._players]
            self.accepted += [(user, t) for user, t in sent if self._send(user, t) == HTTPStatus.OK]
            self._t += 1
            self._stopped.wait(0.01)

    def _send(self, user_id: int, t: int) -> int:
        return send(self._client, "deposit", "1", t, user_id=user_id).status_code

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(MAX_WAIT)


def kill_in_the_middle(process: "subprocess.Popen[str]", sql: Sql, before_t: int) -> bool:
    """Kill it when it has stored something more; return whether it was still running."""
    query = "SELECT count(*) FROM activity_event WHERE t < %s"
    before, due = sql(query, before_t), time.monotonic() + MAX_WAIT
    while sql(query, before_t) == before and process.poll() is None and time.monotonic() < due:
        time.sleep(0.01)
    running = process.poll() is None
    process.kill()
    process.communicate()
    return running


@pytest.mark.processes
def test_processes_that_are_killed_beside_a_service_lose_and_double_nothing(
    app: APIFlask, sql: Sql, service_url: str, tmp_path: Path
) -> None:
    """By kill -9, twice in the middle, while the service takes events of the same players."""
    players, each = 40, 500
    file = csv_of(tmp_path / "events.csv", history(players, each))
    program = [sys.executable, "-m", "flask", "--app", "app", "events", "import", str(file), "--max-faults", "9999999"]
    start = partial(
        subprocess.Popen,
        program,
        env={**os.environ, "DATABASE_URL": service_url, "LOG_LEVEL": "ERROR"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    killed = [kill_in_the_middle(start(), sql, each)]
    service = Service(app, (1, players, players + 1), each)
    killed.append(kill_in_the_middle(start(), sql, each))
    output, _ = start().communicate(timeout=MAX_WAIT)
    service.stop()
    assert any(killed)
    assert "agree." in output, output
    assert (verified(app).different, verified(app).lost) == (0, 0)
    assert set(sql("SELECT user_id, t FROM activity_event")) >= set(service.accepted)
    others = sql("SELECT count(*) FROM activity_event WHERE user_id BETWEEN 2 AND %s", players - 1)
    assert others == [((players - 2) * each,)]
