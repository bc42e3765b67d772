"""An import under way: what it was asked for, its session and its processes, and what it came to."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import time

from psycopg2.extensions import connection as Connection  # noqa: N812  # it is a class
from sqlalchemy import Engine

from app.backtest.findings import Findings
from app.backtest.reports import Report
from app.events.policy import EventPolicy
from app.intake import working
from app.intake.domain import SPAN, Fault, Job
from app.intake.forms import FileForm
from app.intake.job_queries import JobQueries
from app.intake.judging import Bench
from app.intake.players_file import PlayerIds
from app.intake.sifting import Ahead
from app.intake.staging import plan, stage
from app.intake.working import Done, ImportContext, ImportWork
from app.rules.engine import RuleSet
from lib.bulk_sessions import BulkAddress
from lib.database import Database
from lib.record_files import RecordFile
from lib.workers import OpenPool, Piece, ThisProcess, WorkerPool, Workers

APPLICATION_NAME = "activity-alerts import"  # under which PostgreSQL shows the connections


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRun:
    """Where an import works, and how many events a transaction stores.

    `progress` is called with a phase, its lines, and those done since the last call; `tell` with what people must know.
    """

    database: Database
    engine: Engine
    policy: EventPolicy
    jobs: int
    span: int = SPAN
    progress: Callable[[str, int, int], None] = lambda _, __, ___: None
    tell: Callable[[str], None] = lambda _: None
    open_pool: OpenPool = Workers

    @property
    def address(self) -> BulkAddress:
        """Where its sessions connect."""
        return BulkAddress.of(self.engine, APPLICATION_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Which file to import, and how. `options` are those that make a difference, as values of JSON."""

    path: Path
    form: FileForm
    options: dict[str, object]
    edition: int | None = None
    players: Path | None = None
    max_faults: int = 0
    dry_run: bool = False
    notify: bool = False
    made_by: str = ""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What an import did: `job` as it is at the end; a report if it was a dry run, else what verifying found."""

    job: Job
    faults: int
    first_faults: Sequence[Fault]
    max_faults: int
    new_players: int = 0
    report: Report | None = None
    findings: Findings | None = None
    cpu_seconds: float = 0

    @property
    def refused(self) -> bool:
        """Whether there are more faults than allowed."""
        return self.faults > self.max_faults

    @property
    def differs(self) -> bool:
        """Whether verifying found anything."""
        return bool(self.findings and (self.findings.different or self.findings.lost))

    @property
    def replays(self) -> int:
        """How many lines were stored before."""
        return self.job.lines - self.job.ignored - self.faults - self.job.imported


@dataclass(slots=True)
class Import:
    """An import under way: its session holds the lock of imports."""

    run: ImportRun
    request: Request
    connection: Connection
    queries: JobQueries
    job: Job
    players: PlayerIds | None = None
    cpu_seconds: float = field(default=0)

    @property
    def number(self) -> int:
        """The number of the import."""
        return self.job.id

    def stage(self, file: RecordFile) -> None:
        """Read the file from its beginning, and plan the spans."""
        self.queries.forget(self.number)
        self.queries.forget_faults(self.number)
        if self.request.players:
            self.players = PlayerIds(self.request.players, self.queries.greatest_id())
        stage(
            self.connection,
            self.number,
            file,
            self.request.form,
            players=self.players,
            progress=lambda total, lines: self.run.progress("reading", total, lines),
        )
        plan(self.queries, self.number, self.run.span)

    @contextmanager
    def pool(self, rule_sets: Sequence[RuleSet], pieces: int) -> Iterator[WorkerPool[ImportContext]]:
        """Start the processes, or none for a file that is one piece of work: a process takes a second to start."""
        policy = self.run.policy
        bench = Bench(
            rule_sets=rule_sets,
            registered_only=policy.registered_users_only,
            ahead=Ahead(int(time()), policy.t_ahead),
        )
        work = ImportWork(address=self.run.address, job=self.number, bench=bench, notify=self.request.notify)
        count = min(self.run.jobs, pieces)
        with (self.run.open_pool if count > 1 else ThisProcess)(working.begin, work, count) as pool:
            yield pool
            self.cpu_seconds += pool.cpu_seconds

    def each(
        self, phase: str, pool: WorkerPool[ImportContext], lines: int, pieces: Iterable[Piece[ImportContext, Done]]
    ) -> Iterator[Done]:
        """Do pieces, and report progress."""
        self.run.progress(phase, lines, 0)
        for done in pool.each(pieces):
            self.run.progress(phase, lines, done.lines)
            yield done
