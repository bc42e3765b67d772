"""The processes of a backtest: interrupted, killed, and never larger than they need to be."""

import os
import pty
import signal
import subprocess
import sys
import time

import psutil

from app.config import sqlalchemy_url
from tests.integration.books import store
from tests.integration.conftest import Sql

MAX_WAIT = 60  # seconds


def command(url: str, *words: str) -> tuple["subprocess.Popen[bytes]", int]:
    """Start a command on a terminal; also return the terminal."""
    ours, theirs = pty.openpty()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # works even if a shell set it to be ignored
    process = subprocess.Popen(  # noqa: S603  # our own
        [sys.executable, "-m", "flask", "--app", "app", "rules", *words],
        env={**os.environ, "DATABASE_URL": url, "COLUMNS": "100"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, before)
    os.close(theirs)
    return process, ours


def read_until(terminal: int, word: bytes) -> bytes:
    """Read what is shown until a word comes, or to the end."""
    shown = b""
    while word not in shown or not word:
        try:
            further = os.read(terminal, 65536)
        except OSError:  # Linux raises this when the other end is closed
            break
        if not further:
            break
        shown += further
    return shown


def test_an_interrupt_ends_the_backtest_in_one_line_and_leaves_no_process(sql: Sql, database: str) -> None:
    store(sql, users=300, each=500)
    process, terminal = command(database, "backtest", "1", "--jobs", "2")
    try:
        shown = read_until(terminal, b"judging")
        helpers = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of it
        shown += read_until(terminal, b"")
        assert process.wait(MAX_WAIT) == 130
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    assert len(helpers) >= 2
    assert shown.rstrip().endswith(b"Interrupted: nothing is reported.")
    assert b"Traceback" not in shown
    assert b"events/s" in shown, "the bar tells the rate"
    assert living(helpers) == []
    deadline = time.monotonic() + 10
    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'activity-alerts rules'"
    while sql(left) != [(0,)] and time.monotonic() < deadline:
        time.sleep(0.1)
    assert sql(left) == [(0,)], "no connection is left either"


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return those that do not end; a zombie counts as ended."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        left = [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
        if not left:
            return []
        time.sleep(0.1)
    return left


def test_a_killed_process_ends_the_backtest_with_an_error(sql: Sql, database: str) -> None:
    store(sql, users=300, each=500)
    process, terminal = command(database, "backtest", "1", "--jobs", "2")
    try:
        shown = read_until(terminal, b"judging")
        victim = max(psutil.Process(process.pid).children(), key=lambda each: each.cpu_times().user)
        victim.kill()
        shown += read_until(terminal, b"")
        assert process.wait(MAX_WAIT) == 1
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    assert b"a worker process ended by signal 9 before its work was done; nothing is reported" in shown


def test_worker_processes_end_when_their_owner_is_killed(sql: Sql, database: str) -> None:
    store(sql, users=300, each=500)
    process, terminal = command(database, "backtest", "1", "--jobs", "2")
    try:
        read_until(terminal, b"judging")
        helpers = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    assert len(helpers) >= 2
    assert living(helpers) == []


PEAK = """
import resource, sys
from sqlalchemy import create_engine
from app.backtest import judging
from app.backtest.domain import Calendar, Scope, Span, PlayerRange
from app.backtest.judging import BacktestJob, Judging, needs_of_all
from app.backtest.queries import BacktestQueries
from app.rules.engine import RuleSet
from app.rulebook.forms import format_rules
from lib.snapshots import snapshot_of
from tests.integration.books import window
from tests.edition_1 import RULES

edition = RuleSet(edition=1, rules=[*RULES, window(700, 90_000)])
with snapshot_of(create_engine(sys.argv[1]), "tests") as snapshot, snapshot.reader() as reader:
    job = BacktestJob(snapshot=snapshot, scope=Scope(), edition=edition, against=None)
    piece = Judging(Span(PlayerRange(1, int(sys.argv[2])), 0), Calendar())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tally = judging.judge(BacktestQueries(reader), job, piece)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, tally.events)
"""


def test_memory_is_bounded_whatever_the_size(sql: Sql, database: str) -> None:
    """Five times the events of a process, in one span, for as good as no more memory."""
    store(sql, users=50, each=2000)
    peaks = []
    for users in (10, 50):
        done = subprocess.run(  # noqa: S603  # our own
            [sys.executable, "-c", PEAK, sqlalchemy_url(database).render_as_string(hide_password=False), str(users)],
            check=True,
            capture_output=True,
            text=True,
        )
        kilobytes, events = map(int, done.stdout.split())
        assert events == users * 2000
        peaks.append(kilobytes)
    assert peaks[1] - peaks[0] < 3000, peaks
