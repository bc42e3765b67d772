"""Backtests that people ask for: run one at a time, cancelled, ended when they take too long, and begun anew (A83)."""

import os
import re
import signal
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import psycopg2
import pytest
from apiflask import APIFlask

from app.backtest.controllers import APPLICATION_NAME, Cost, RunContext, backtest
from app.backtest.jobs import controllers, metrics, running, stored
from app.backtest.jobs.domain import (
    KEPT,
    MAX_ATTEMPTS,
    MAX_WAITING,
    Asked,
    HasEnded,
    Job,
    JobRefused,
    NoSuchJob,
    State,
    TooManyJobs,
)
from app.backtest.jobs.queries import JobQueries
from app.backtest.jobs.running import RunningJobs
from app.backtest.jobs.watching import Bounds, Watch
from app.backtest.services import BacktestServices
from app.backtest.summary import sentence
from app.events.domain import MeaningOfT
from app.rulebook.domain import NoSuchEdition
from app.staff import setting_up, signing_in
from app.staff.permissions import NotPermitted, Role, person, shell
from lib.database import Database
from lib.database_errors import Unavailable
from lib.services import services_of
from lib.workers import ThisProcess, WorkerFailed
from tests.integration.books import draft, store, window
from tests.integration.conftest import Sql
from tests.integration.servers import Serve
from tests.integration.staffing import CLOCK, Tab, tab_of
from tests.integration.telling import await_that
from tests.integration.test_worker_killed import WORK
from tests.integration.wiring import wiring

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")

ANN = person(7, "Ann Smith", [Role.AUTHOR])
RULES = "/console/rules"


@pytest.fixture(autouse=True)
def clock_of_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CLOCK, "ahead", 0.0)
    for module in (signing_in, setting_up):
        monkeypatch.setattr(module, "time", CLOCK)


@pytest.fixture
def services(app: APIFlask) -> BacktestServices:
    return services_of(app, BacktestServices)


@pytest.fixture
def edition(app: APIFlask, sql: Sql) -> int:
    """An edition to test, with 300 events of 20 players."""
    store(sql, users=20, each=15)
    return draft(app, [window(1, 3600), window(2, 60)])


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs be run in this process: another takes a second to start."""
    monkeypatch.setattr(
        Watch, "open_pool", lambda _, begin, given, count: ThisProcess(begin, given, count), raising=True
    )


def look(services: BacktestServices, job: Job) -> Job:
    return controllers.progress(services, shell("test"), job.id)


@pytest.mark.usefixtures("here")
def test_a_job_has_the_report_that_the_command_writes(services: BacktestServices, edition: int, app: APIFlask) -> None:
    job = controllers.ask(services, ANN, Asked(edition=edition, against=1))
    assert RunningJobs(services).run_once()
    done = look(services, job)
    assert (done.state, done.asked_by, done.judged, done.events) == (State.DONE, ANN.name, 300, 300)
    context = RunContext(database=services.database, engine=services.engine, jobs=1, open_pool=ThisProcess)
    expected = backtest(context, edition, 1, running.scope_of(job.asked), Cost())
    kept = controllers.view(services, shell("test"), job.id).report
    assert kept == expected
    assert list(kept.series) == list(expected.series), "as the columns of tables are"
    assert done.summary == sentence(expected)
    assert not RunningJobs(services).run_once()
    assert wiring(app).database


def test_a_job_runs_in_a_process_of_its_own(services: BacktestServices, edition: int) -> None:
    job = controllers.ask(services, ANN, Asked(edition=edition))
    RunningJobs(services).run_once()
    assert look(services, job).state is State.DONE


@dataclass
class Held:
    """A job whose run waits in the middle until it is let go; `begun` when it is there."""

    begun: threading.Event
    go_on: threading.Event
    thread: threading.Thread
    errand: RunningJobs


@pytest.fixture
def hold(services: BacktestServices, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Held]:
    """Run the next job in a thread; its process is killed as soon as the watch says so."""

    def begin(**bounds: float) -> Held:
        begun, go_on = threading.Event(), threading.Event()

        def run(context: RunContext, *_: object) -> object:
            context.progress(100, 25)
            begun.set()
            assert go_on.wait(30)
            raise WorkerFailed("ended by signal 9")

        monkeypatch.setattr(running, "backtest", run)
        monkeypatch.setattr(Watch, "_kill", lambda _: go_on.set())
        errand = RunningJobs(services, Bounds(**{"beat": 0.02, **bounds}))  # type: ignore[arg-type]  # numbers
        thread = threading.Thread(target=errand.run_once)
        thread.start()
        assert begun.wait(30)
        return Held(begun, go_on, thread, errand)

    return begin


def test_a_running_job_says_how_far_it_is_and_can_be_cancelled(
    services: BacktestServices, edition: int, hold: Callable[..., Held]
) -> None:
    job = controllers.ask(services, ANN, Asked(edition=edition))
    held = hold()
    await_that(lambda: look(services, job).percent == 25, lambda: str(look(services, job)))
    controllers.cancel(services, ANN, job.id)
    held.thread.join(30)
    ended = look(services, job)
    assert (ended.state, ended.cancelled_by, ended.has_ended) == (State.CANCELLED, ANN.name, True)
    with pytest.raises(HasEnded):
        controllers.cancel(services, ANN, job.id)


def test_a_job_that_takes_too_long_fails_and_says_so(
    services: BacktestServices, edition: int, hold: Callable[..., Held]
) -> None:
    job = controllers.ask(services, ANN, Asked(edition=edition))
    hold(run=0.0).thread.join(30)
    failed = look(services, job)
    assert (failed.state, "took longer than 30 min" in failed.cause) == (State.FAILED, True)


def test_one_runs_at_a_time_whatever_the_number_of_workers(
    services: BacktestServices, edition: int, hold: Callable[..., Held]
) -> None:
    first = controllers.ask(services, ANN, Asked(edition=edition))
    second = controllers.ask(services, ANN, Asked(edition=edition))
    held = hold()
    assert not RunningJobs(services).run_once()
    assert [look(services, each).state for each in (first, second)] == [State.RUNNING, State.WAITING]
    held.go_on.set()
    held.thread.join(30)
    assert look(services, first).cause == "its process failed; the log of the worker says why"


def test_a_worker_that_is_told_to_stop_leaves_its_job_to_another(
    services: BacktestServices, edition: int, hold: Callable[..., Held]
) -> None:
    job = controllers.ask(services, ANN, Asked(edition=edition))
    held = hold()
    held.errand.give_up()
    held.thread.join(30)
    waits = look(services, job)
    assert (waits.state, waits.attempts, waits.judged) == (State.WAITING, 0, 0)
    assert not held.errand.run_once(), "it takes no other job either"


def test_a_watch_that_cannot_reach_the_database_gives_the_job_up_when_it_is_lost(
    services: BacktestServices, edition: int
) -> None:
    job = controllers.ask(services, ANN, Asked(edition=edition))
    claim = RunningJobs(services)._claim()  # noqa: SLF001  # the run itself does not matter
    assert claim

    class Gone(Database):
        """A database that cannot be reached."""

        def __init__(self) -> None:
            """Connect to nothing."""

        def transaction(self, **_: object) -> Any:  # noqa: ANN401  # never returns
            raise Unavailable("gone")

    for silent, reason in ((60.0, ""), (0.0, "lost")):
        watch = Watch(replace(services, database=Gone()), claim, Bounds(silent=silent))
        assert watch._why_to_end() == reason  # noqa: SLF001  # as its thread asks
    RunningJobs(services)._end(claim, "lost", {})  # noqa: SLF001  # as after such a run
    assert look(services, job).state is State.RUNNING


def silence(sql: Sql) -> None:
    """Let the worker that has a job be silent for a minute, as one that was killed is."""
    sql("UPDATE backtest_job SET beat_at = beat_at - interval '1 minute' WHERE state = 'running'")


@pytest.mark.usefixtures("here")
def test_a_job_whose_worker_was_killed_begins_anew_and_at_last_fails(
    services: BacktestServices, edition: int, sql: Sql
) -> None:
    job = controllers.ask(services, ANN, Asked(edition=edition))
    for attempt in range(1, MAX_ATTEMPTS + 1):
        claim = RunningJobs(services)._claim()  # noqa: SLF001  # and then the process is killed
        assert claim
        assert (claim.job_id, claim.attempt) == (job.id, attempt)
        silence(sql)
    assert not RunningJobs(services).run_once()
    assert "the worker ended in the middle of it" in look(services, job).cause
    other = controllers.ask(services, ANN, Asked(edition=edition))
    RunningJobs(services)._claim()  # noqa: SLF001  # as above
    silence(sql)
    assert RunningJobs(services).run_once()
    assert look(services, other).state is State.DONE


WAITS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'"


def test_killed_in_the_middle_a_worker_leaves_its_job_to_the_next(
    services: BacktestServices, edition: int, sql: Sql, serve: Serve, database: str
) -> None:
    job = controllers.ask(services, ANN, Asked(edition=edition))
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE activity_event IN ACCESS EXCLUSIVE MODE")
        worker = serve(WORK)
        await_that(lambda: sql(WAITS, APPLICATION_NAME) == [(1,)], lambda: str(look(services, job)))
        worker.kill()
        worker.wait()
        other.rollback()
    assert look(services, job).state is State.RUNNING
    silence(sql)
    serve(WORK)
    await_that(lambda: look(services, job).state is State.DONE, lambda: str(look(services, job)))
    assert (look(services, job).attempts, look(services, job).judged) == (2, 300)


def test_a_worker_that_lost_its_job_writes_nothing_to_it(services: BacktestServices, edition: int, sql: Sql) -> None:
    job = controllers.ask(services, ANN, Asked(edition=edition))
    lost = RunningJobs(services)._claim()  # noqa: SLF001  # which is then frozen for a minute
    assert lost
    silence(sql)
    [(before,)] = sql("SELECT attempts FROM backtest_job")
    assert RunningJobs(services)._claim()  # noqa: SLF001  # the other worker's
    with services.database.transaction() as current:
        queries = JobQueries(current)
        assert queries.beat(lost, 1, 1) is None
        assert not queries.end(lost, State.FAILED, cause="late")
        current.commit()
    assert look(services, job).state is State.RUNNING
    assert sql("SELECT attempts FROM backtest_job") == [(before + 1,)]


def test_a_killed_process_fails_the_job(
    services: BacktestServices, edition: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = controllers.ask(services, ANN, Asked(edition=edition))
    progress = Watch.progress

    def kill_it(watch: Watch, events: int, judged: int) -> None:
        progress(watch, events, judged)
        assert watch._pool  # noqa: SLF001  # as somebody with the shell could
        for process in watch._pool._spawn.processes:  # noqa: SLF001  # as above
            os.kill(process.pid or 0, signal.SIGKILL)

    monkeypatch.setattr(Watch, "progress", kill_it)
    RunningJobs(services, Bounds(span=10)).run_once()
    failed = look(services, job)
    assert (failed.state, failed.cause) == (State.FAILED, "its process failed; the log of the worker says why")


@pytest.mark.usefixtures("here")
def test_why_there_is_no_report_is_said(
    services: BacktestServices, edition: int, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "MAX_REPORT", 10)
    long = controllers.ask(services, ANN, Asked(edition=edition))
    RunningJobs(services).run_once()
    assert "report is longer than" in look(services, long).cause
    gone = controllers.ask(services, ANN, Asked(edition=edition))
    sql("DELETE FROM rule_book WHERE edition = %s", edition)
    RunningJobs(services).run_once()
    assert f"there is no edition {edition}" in look(services, gone).cause


def test_only_so_many_wait_and_the_same_form_asks_once(services: BacktestServices, edition: int) -> None:
    first = controllers.ask(services, ANN, Asked(edition=edition), "a form")
    assert controllers.ask(services, ANN, Asked(edition=edition), "a form") == first
    for _ in range(MAX_WAITING - 1):
        controllers.ask(services, ANN, Asked(edition=edition))
    with pytest.raises(TooManyJobs):
        controllers.ask(services, ANN, Asked(edition=edition))
    controllers.cancel(services, ANN, first.id)
    controllers.ask(services, ANN, Asked(edition=edition))


@pytest.mark.usefixtures("edition")
def test_what_cannot_be_asked_for_is_refused(services: BacktestServices) -> None:
    viewer = person(8, "Vic", [Role.VIEWER])
    with pytest.raises(NotPermitted):
        controllers.ask(services, viewer, Asked(edition=1))
    with pytest.raises(NotPermitted):
        controllers.view(services, person(9, "Ada", [Role.ADMIN]), 1)
    with pytest.raises(NoSuchEdition):
        controllers.ask(services, ANN, Asked(edition=99))
    with pytest.raises(NoSuchEdition):
        controllers.ask(services, ANN, Asked(edition=1, against=99))
    with pytest.raises(JobRefused, match="choose one"):
        controllers.ask(services, ANN, Asked(edition=1, days=30))  # `t` is no Unix time here
    with pytest.raises(NoSuchJob):
        controllers.cancel(services, ANN, 1)
    assert controllers.latest(services, person(9, "Ada", [Role.ADMIN])) == ()


@pytest.mark.settings(t_is=MeaningOfT.UNIX)
def test_where_t_is_unix_time_the_last_days_can_be_judged(app: APIFlask, services: BacktestServices) -> None:
    edition = draft(app, [window(1, 3600)])
    assert controllers.choices(services) == (None, 7, 30, 90)
    job = controllers.ask(services, ANN, Asked(edition=edition, days=30))
    assert running.scope_of(job.asked).since > 0


def test_old_jobs_are_removed_when_the_next_is_asked_for(services: BacktestServices, edition: int, sql: Sql) -> None:
    sql(
        "INSERT INTO backtest_job (edition, asked_by, state, ended_at)"
        " SELECT 1, 'ann', 'cancelled', now() FROM generate_series(1, %s)",
        KEPT + 3,
    )
    sql("UPDATE backtest_job SET ended_at = now() - interval '31 days' WHERE id IN (SELECT max(id) FROM backtest_job)")
    controllers.ask(services, ANN, Asked(edition=edition))
    assert sql("SELECT count(*) FROM backtest_job WHERE state = 'cancelled'") == [(KEPT - 1,)]


def test_the_metric_says_how_long_a_job_is_stuck(services: BacktestServices, edition: int, sql: Sql) -> None:
    def seconds() -> float:
        return metrics.stuck_seconds(services.database)

    assert seconds() == 0
    controllers.ask(services, ANN, Asked(edition=edition))
    sql("UPDATE backtest_job SET asked_at = asked_at - interval '1 hour'")
    assert seconds() >= 3600
    RunningJobs(services)._claim()  # noqa: SLF001  # a run that goes on
    assert seconds() < 30
    silence(sql)
    assert 60 <= seconds() < 90


@pytest.fixture
def author(app: APIFlask) -> Tab:
    return tab_of(app, Role.AUTHOR)


@pytest.mark.usefixtures("here")
def test_in_the_console_a_backtest_is_asked_for_watched_and_read(
    app: APIFlask, author: Tab, services: BacktestServices, edition: int
) -> None:
    asked = author.post(f"{RULES}/{edition}/test", against=1)
    assert re.fullmatch(rf"{RULES}/tests/\d+", asked.location)
    waiting = author.get(asked.location).text
    assert "It waits for the worker" in waiting
    progress = f"{asked.location}/progress"
    assert f'data-poll="{progress}"' in waiting
    assert author.get(progress).get_json() == {"text": ""}
    RunningJobs(services).run_once()
    assert author.get(progress).get_json() == {"text": "The backtest has ended: show the result"}
    text = author.get(asked.location).text
    assert f"Edition {edition} raises" in text
    assert "Alerts per day" in text
    assert "of 20 customers" in text or "customers" in text
    assert 'role="columnheader" scope="col">Customer<' not in text, "an author sees no customers"
    analyst = tab_of(app, Role.ANALYST, email="eve@example.com")
    assert 'role="columnheader" scope="col">Customer<' in analyst.get(asked.location).text
    for path in (f"{RULES}/{edition}", RULES):
        assert f"Edition {edition} raises" in author.get(path).text
    publisher = tab_of(app, Role.PUBLISHER, email="ben@example.com")
    assert f"Edition {edition} raises" in publisher.get(f"{RULES}/{edition}/publish").text


def test_in_the_console_a_backtest_is_cancelled(author: Tab, edition: int) -> None:
    asked = author.post(f"{RULES}/{edition}/test")
    assert author.post(f"{asked.location}/cancel").location == asked.location
    assert "Cancelled by" in author.get(asked.location).text
    assert author.post(f"{asked.location}/cancel").status_code == 409
    assert author.get(f"{RULES}/tests/{2**63}").status_code == 404


def test_in_the_console_why_a_backtest_failed_is_said(author: Tab, edition: int, sql: Sql) -> None:
    asked = author.post(f"{RULES}/{edition}/test")
    sql("UPDATE backtest_job SET state = 'failed', cause = 'it took <b>long</b>', ended_at = now()")
    assert "There is no report: it took &lt;b&gt;long&lt;/b&gt;." in author.get(asked.location).text


def test_in_the_console_live_and_shadow_are_compared(author: Tab, app: APIFlask, edition: int) -> None:
    path = f"{RULES}/{edition}/compare"
    assert "never in the shadow" in author.get(path).text
    author.post(f"{RULES}/{edition}/shadow")
    text = author.get(path).text
    assert f"Edition {edition} in the shadow raised no alert, and neither did the live edition 1." in text
    assert app
