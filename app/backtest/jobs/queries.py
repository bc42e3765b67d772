"""The queries on backtests that people asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, or_, select, update

from app.backtest.jobs.domain import KEPT, KEPT_FOR, MAX_ATTEMPTS, SILENT_AFTER, Asked, Claim, Job, State
from app.backtest.jobs.models import BacktestJobRow as Jobs
from app.datastores import AdvisoryLock
from lib.transactions import Transaction

COLUMNS = (
    *(Jobs.id, Jobs.edition, Jobs.against, Jobs.days, Jobs.asked_by, Jobs.asked_at, Jobs.state, Jobs.attempts),
    *(Jobs.started_at, Jobs.ended_at, Jobs.events, Jobs.judged, Jobs.cancelled_by, Jobs.cause, Jobs.summary),
)
ENDED = (State.DONE.value, State.FAILED.value, State.CANCELLED.value)
IS_SILENT = and_(Jobs.state == State.RUNNING.value, Jobs.beat_at < func.clock_timestamp() - SILENT_AFTER)
WORKER_ENDED = f"the worker ended in the middle of it, {MAX_ATTEMPTS} times"


class JobQueries:
    """Queries of jobs within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def lock(self) -> None:
        """Block all others who begin a job or ask for one, until the transaction ends."""
        self._transaction.execute(select(func.pg_advisory_xact_lock(AdvisoryLock.BACKTESTS)))

    def now(self) -> datetime:
        """Return the time of the database."""
        now: datetime = self._transaction.execute(select(func.now())).scalar_one()
        return now

    def one(self, job_id: int) -> Job | None:
        """Return a job."""
        row = self._transaction.execute(select(*COLUMNS).where(Jobs.id == job_id)).first()
        return _job(row) if row else None

    def report(self, job_id: int) -> Mapping[str, Any] | None:
        """Return the report of a job as it is stored, None without one."""
        found: Mapping[str, Any] | None = self._transaction.execute(
            select(Jobs.report).where(Jobs.id == job_id)
        ).scalar()
        return found

    def latest(self, *, edition: int | None, limit: int) -> Sequence[Job]:
        """Return the latest jobs, of an edition or of all, newest first."""
        found = select(*COLUMNS).order_by(Jobs.id.desc()).limit(limit)
        found = found if edition is None else found.where(Jobs.edition == edition)
        return [_job(row) for row in self._transaction.execute(found)]

    def last_done(self, edition: int) -> Job | None:
        """Return the last job of an edition that has a report."""
        done = select(*COLUMNS).where(Jobs.edition == edition, Jobs.state == State.DONE.value)
        row = self._transaction.execute(done.order_by(Jobs.id.desc()).limit(1)).first()
        return _job(row) if row else None

    def of_form(self, form: str | None) -> Job | None:
        """Return the job that a form has asked for already."""
        if form is None:
            return None
        row = self._transaction.execute(select(*COLUMNS).where(Jobs.form == form)).first()
        return _job(row) if row else None

    def count_waiting(self) -> int:
        """Return how many jobs wait."""
        waiting = select(func.count()).select_from(Jobs).where(Jobs.state == State.WAITING.value)
        return int(self._transaction.execute(waiting).scalar_one())

    def add(self, asked: Asked, asked_by: str, form: str | None) -> Job:
        """Add a job, which waits."""
        new = insert(Jobs).values(
            edition=asked.edition, against=asked.against, days=asked.days, asked_by=asked_by, form=form
        )
        return _job(self._transaction.execute(new.returning(*COLUMNS)).one())

    def cancel(self, job_id: int, who: str) -> bool:
        """Mark a job as to be cancelled, one that waits as cancelled; return whether it had not ended yet."""
        open_job = update(Jobs).where(Jobs.id == job_id, Jobs.state.not_in(ENDED))
        marked = self._transaction.execute(open_job.values(cancelled_by=who).returning(Jobs.id)).first()
        waiting = update(Jobs).where(Jobs.id == job_id, Jobs.state == State.WAITING.value)
        self._transaction.execute(waiting.values(state=State.CANCELLED.value, ended_at=func.now()))
        return marked is not None

    def take_back_silent(self) -> None:
        """Let a job whose worker is silent wait again, or fail if that happened before; one to be cancelled is."""
        silent = update(Jobs).where(IS_SILENT)
        ended = {"state": State.CANCELLED.value, "ended_at": func.now()}
        self._transaction.execute(silent.where(Jobs.cancelled_by.is_not(None)).values(**ended))
        failed = {"state": State.FAILED.value, "ended_at": func.now(), "cause": WORKER_ENDED}
        self._transaction.execute(silent.where(Jobs.attempts >= MAX_ATTEMPTS).values(**failed))
        self._transaction.execute(silent.values(state=State.WAITING.value, events=0, judged=0))

    def claim(self, worker: str) -> Claim | None:
        """Give the job that has waited longest to a worker, unless one is running; the jobs must be locked."""
        if self._transaction.execute(select(Jobs.id).where(Jobs.state == State.RUNNING.value)).first():
            return None
        waiting = select(Jobs.id).where(Jobs.state == State.WAITING.value).order_by(Jobs.id).limit(1)
        begun = (
            update(Jobs)
            .where(Jobs.id == waiting.scalar_subquery())
            .values(
                state=State.RUNNING.value,
                worker=worker,
                attempts=Jobs.attempts + 1,
                started_at=func.now(),
                beat_at=func.clock_timestamp(),
            )
        )
        row = self._transaction.execute(begun.returning(Jobs.id, Jobs.attempts, *COLUMNS[1:4])).first()
        if row is None:
            return None
        asked = Asked(edition=row.edition, against=row.against, days=row.days)
        return Claim(job_id=row.id, asked=asked, worker=worker, attempt=row.attempts)

    def beat(self, claim: Claim, events: int, judged: int) -> str | None:
        """Leave a sign of life and the progress; return who cancelled, "" for nobody, None if the job was lost."""
        alive = self._own(claim).values(beat_at=func.clock_timestamp(), events=events, judged=judged)
        row = self._transaction.execute(alive.returning(Jobs.cancelled_by)).first()
        return None if row is None else row.cancelled_by or ""

    def end(self, claim: Claim, state: State, **found: object) -> bool:
        """End a job; return whether it was still this worker's."""
        ended = self._own(claim).values(state=state.value, ended_at=func.clock_timestamp(), **found)
        return self._transaction.execute(ended.returning(Jobs.id)).first() is not None

    def release(self, claim: Claim) -> None:
        """Let a job wait again that this worker cannot finish because it was told to stop; no attempt counts."""
        again = {"state": State.WAITING.value, "attempts": Jobs.attempts - 1, "events": 0, "judged": 0}
        self._transaction.execute(self._own(claim).values(again))

    def remove_old(self) -> None:
        """Remove jobs that ended long ago, or before many others."""
        kept = select(Jobs.id).where(Jobs.state.in_(ENDED)).order_by(Jobs.id.desc()).limit(KEPT)
        old = or_(Jobs.ended_at < func.now() - KEPT_FOR, Jobs.id.not_in(kept.scalar_subquery()))
        self._transaction.execute(delete(Jobs).where(Jobs.state.in_(ENDED), old))

    def stuck_seconds(self) -> float:
        """Return for how long the job that runs gave no sign of life, or, if none runs, the oldest has waited; or 0."""
        running = Jobs.state == State.RUNNING.value
        silent = select(func.max(func.clock_timestamp() - Jobs.beat_at)).where(running)
        waits = select(func.max(func.clock_timestamp() - Jobs.asked_at)).where(Jobs.state == State.WAITING.value)
        span = func.coalesce(silent.scalar_subquery(), waits.scalar_subquery())
        return float(self._transaction.execute(select(func.extract("epoch", span))).scalar() or 0)

    def _own(self, claim: Claim) -> Any:  # noqa: ANN401  # an update that goes on
        return update(Jobs).where(
            Jobs.id == claim.job_id,
            Jobs.state == State.RUNNING.value,
            Jobs.worker == claim.worker,
            Jobs.attempts == claim.attempt,
        )


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        asked=Asked(edition=row.edition, against=row.against, days=row.days),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        state=State(row.state),
        attempts=row.attempts,
        started_at=row.started_at,
        ended_at=row.ended_at,
        events=row.events,
        judged=row.judged,
        cancelled_by=row.cancelled_by,
        cause=row.cause,
        summary=row.summary,
    )
