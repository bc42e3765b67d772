"""The duty of the worker that runs backtests which people asked for: one at a time, in one process beside it (A83)."""

import os
import socket
import time
from collections.abc import Callable
from datetime import timedelta

from app.backtest.controllers import Cost, RunContext, backtest
from app.backtest.domain import DAY, Scope
from app.backtest.jobs import stored
from app.backtest.jobs.domain import MAX_RUN, Asked, Claim, State
from app.backtest.jobs.queries import JobQueries
from app.backtest.jobs.stored import ReportTooLong
from app.backtest.jobs.watching import CANCELLED, LOST, STOPPED, TOO_LONG, Bounds, Watch
from app.backtest.reports import Report
from app.backtest.services import BacktestServices
from app.backtest.summary import sentence
from app.rulebook.domain import NoSuchEdition, UnreadableEdition
from lib.logs import get_logger
from lib.workers import WorkerFailed

PAUSE = 2.0  # seconds between two looks for a job
PATIENCE = (MAX_RUN + timedelta(minutes=2)).total_seconds()

log = get_logger()


class RunningJobs:
    """The errand: take a job that waits, run it, and keep its report or why there is none."""

    def __init__(self, services: BacktestServices, bounds: Bounds | None = None) -> None:
        self._services, self._bounds = services, bounds or Bounds()
        self._worker = f"process {os.getpid()} on {socket.gethostname()}"
        self._watch: Watch | None = None
        self._stopped = False

    def run_once(self) -> bool:
        """Run a job if one waits; return whether another may wait."""
        claim = None if self._stopped else self._claim()
        if claim is None:
            return False
        self._watch = watch = Watch(self._services, claim, self._bounds)
        if self._stopped:  # told between the claim and now
            watch.stop(STOPPED)
        with watch.watching():
            end = self._run(claim, watch)
        self._end(claim, watch.reason, end)
        return True

    def give_up(self) -> None:
        """Let the present job wait for another worker."""
        self._stopped = True
        if self._watch is not None:
            self._watch.stop(STOPPED)

    def _claim(self) -> Claim | None:
        with self._services.database.transaction() as current:
            jobs = JobQueries(current)
            jobs.lock()
            jobs.take_back_silent()
            claim = jobs.claim(self._worker)
            current.commit()
        return claim

    def _run(self, claim: Claim, watch: Watch) -> dict[str, object]:
        """Return the columns of the ended job: its report, or why there is none."""
        log.info("backtest begins", job=claim.job_id, edition=claim.asked.edition, attempt=claim.attempt)
        context = RunContext(
            database=self._services.database,
            engine=self._services.engine,
            jobs=1,
            span=self._bounds.span,
            progress=watch.progress,
            open_pool=watch.open_pool,
        )
        try:
            report = backtest(context, claim.asked.edition, claim.asked.against, scope_of(claim.asked), Cost())
            return found_by(report)
        except (NoSuchEdition, UnreadableEdition, ReportTooLong) as error:
            return {"cause": getattr(error, "refusal", str(error))}
        except WorkerFailed:
            if not watch.reason:
                log.exception("backtest failed", job=claim.job_id)
            return {"cause": "its process failed; the log of the worker says why"}

    def _end(self, claim: Claim, reason: str, found: dict[str, object]) -> None:
        with self._services.database.transaction() as current:
            jobs = JobQueries(current)
            if reason == STOPPED:
                jobs.release(claim)
                kept = True
            else:
                kept = ENDINGS.get(reason, end_by_itself)(jobs, claim, found)
            current.commit()
        log.info("backtest ended", job=claim.job_id, reason=reason or found.get("cause") or "done", kept=kept)


def scope_of(asked: Asked) -> Scope:
    """Return the events to judge: those since so many days ago, or all."""
    return Scope() if asked.days is None else Scope(since=max(int(time.time()) - asked.days * DAY, 0))


def found_by(report: Report) -> dict[str, object]:
    """Return the columns with what a run has found; raises `ReportTooLong`."""
    return {
        "report": stored.write(report),
        "summary": sentence(report),
        "events": report.events,
        "judged": report.events,
    }


def end_by_itself(jobs: JobQueries, claim: Claim, found: dict[str, object]) -> bool:
    """Keep the report, or why there is none."""
    return jobs.end(claim, State.DONE if "report" in found else State.FAILED, **found)


def end_cancelled(jobs: JobQueries, claim: Claim, _: dict[str, object]) -> bool:
    """Keep that somebody cancelled it."""
    return jobs.end(claim, State.CANCELLED)


def end_too_long(jobs: JobQueries, claim: Claim, _: dict[str, object]) -> bool:
    """Keep that it took too long."""
    minutes = int(MAX_RUN.total_seconds() // 60)
    cause = f"it took longer than {minutes} min, and was ended; choose fewer days, or have the command run it"
    return jobs.end(claim, State.FAILED, cause=cause)


def leave_lost(_: JobQueries, __: Claim, ___: dict[str, object]) -> bool:
    """Write nothing: another worker has the job by now, or nobody."""
    return False


ENDINGS: dict[str, Callable[[JobQueries, Claim, dict[str, object]], bool]] = {
    CANCELLED: end_cancelled,
    TOO_LONG: end_too_long,
    LOST: leave_lost,
}
