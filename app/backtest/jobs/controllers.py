"""The use cases of people who test an edition on what is stored: ask for a backtest, look at it, cancel it (A83)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.backtest.jobs import stored
from app.backtest.jobs.domain import DAYS, MAX_WAITING, Asked, HasEnded, Job, JobRefused, NoSuchJob, TooManyJobs
from app.backtest.jobs.queries import JobQueries
from app.backtest.reports import Report
from app.backtest.services import BacktestServices
from app.rulebook.queries import RuleBookQueries
from app.staff.permissions import Actor, Permission

LISTED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job with its report, None before it is done; and the time by the database's clock."""

    job: Job
    report: Report | None
    now: datetime


def choices(services: BacktestServices) -> Sequence[int | None]:
    """Return for how many days the events can be judged; None stands for all."""
    return (None, *DAYS) if services.t_is_unix else (None,)


def ask(services: BacktestServices, actor: Actor, asked: Asked, form: str | None = None) -> Job:
    """Ask for a backtest, which a worker runs; the same form again returns the same job.

    Raises `NoSuchEdition`, `TooManyJobs`, or `JobRefused` for days where `t` is no Unix time.
    """
    actor.require(Permission.RULES_WRITE)
    if asked.days not in choices(services):
        raise JobRefused("choose one of the times that the page offers")
    with services.database.transaction() as current:
        jobs, book = JobQueries(current), RuleBookQueries(current)
        jobs.lock()
        if asked_before := jobs.of_form(form):
            return asked_before
        for number in (asked.edition, asked.against):
            if number is not None:
                book.one_even_if_unreadable(number)
        if jobs.count_waiting() >= MAX_WAITING:
            raise TooManyJobs
        jobs.remove_old()
        job = jobs.add(asked, actor.name, form)
        current.commit()
    return job


def cancel(services: BacktestServices, actor: Actor, job_id: int) -> None:
    """Cancel a backtest, also one that is running; raises `NoSuchJob` or `HasEnded`."""
    actor.require(Permission.RULES_WRITE)
    with services.database.transaction() as current:
        jobs = JobQueries(current)
        _existing(jobs, job_id)
        if not jobs.cancel(job_id, actor.name):
            raise HasEnded(job_id)
        current.commit()


def view(services: BacktestServices, actor: Actor, job_id: int) -> JobView:
    """Return a backtest with its report; raises `NoSuchJob`."""
    actor.require(Permission.REPORTS_READ)
    with services.database.transaction() as current:
        jobs = JobQueries(current)
        job, plain = _existing(jobs, job_id), jobs.report(job_id)
        now = jobs.now()
    return JobView(job=job, report=stored.read(plain) if plain else None, now=now)


def progress(services: BacktestServices, actor: Actor, job_id: int) -> Job:
    """Return a backtest without its report; raises `NoSuchJob`."""
    actor.require(Permission.REPORTS_READ)
    with services.database.transaction() as current:
        return _existing(JobQueries(current), job_id)


def latest(services: BacktestServices, actor: Actor, *, edition: int | None = None) -> Sequence[Job]:
    """Return the latest backtests, of an edition or of all; none for somebody who may not read reports."""
    if not actor.may(Permission.REPORTS_READ):
        return ()
    with services.database.transaction() as current:
        return JobQueries(current).latest(edition=edition, limit=LISTED)


def last_report(services: BacktestServices, actor: Actor, edition: int) -> Job | None:
    """Return the last backtest of an edition that has a report."""
    actor.require(Permission.REPORTS_READ)
    with services.database.transaction() as current:
        return JobQueries(current).last_done(edition)


def _existing(jobs: JobQueries, job_id: int) -> Job:
    job = jobs.one(job_id)
    if job is None:
        raise NoSuchJob(job_id)
    return job
