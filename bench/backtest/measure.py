"""Fifth measurement: what it costs to judge again all that is stored, as a multiple of reading it.

A round: reading all rows and no more, a backtest of them by the four rules and one by twenty, a verification.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psutil
from sqlalchemy import Engine, create_engine

from app.backtest import controllers
from app.backtest.controllers import APPLICATION_NAME, Cost, RunContext
from app.backtest.domain import ALL_PLAYERS, Scope
from app.backtest.queries import BacktestQueries
from app.backtest.reports import Series
from app.config import sqlalchemy_url
from app.rulebook import controllers as rulebook
from app.rulebook.approval import Change
from app.rulebook.reading import controllers as reading
from app.rules.history import HistoryNeeds
from bench.backtest import events
from bench.cpu import Meter
from bench.editions import sixteen_more
from bench.errors import BenchError
from bench.results import Judged, Past
from bench.site import Site
from lib.database import Database
from lib.snapshots import snapshot_of

USERS = 2000
READ, FOUR, TWENTY, VERIFY = "bare read", "backtest, 4 rules", "backtest, 20 rules beside 4", "verify, 4 rules"


def of_past(site: Site) -> Past:
    """Store events with their codes and alerts, verify them, then judge all of them again, round after round."""
    url = site.postgres.create("past")
    task = site.progress.add_task("storing what is judged again", total=None)
    alerts = events.store(url, users=USERS, each=site.scale.past_each)
    site.progress.update(task, total=1, completed=1)
    stored = USERS * site.scale.past_each
    with closing(Measurement(url, site.postgres.process, stored)) as measurement:
        for _ in site.progress.track(range(site.scale.rounds), description="Backtest"):
            measurement.round()
    return Past(events=stored, users=USERS, alerts=alerts, passes=measurement.passes)


class Measurement:
    """The measurements in one database, round by round; raises `BenchError` if events are judged differently."""

    def __init__(self, url: str, postgres: psutil.Process, stored: int) -> None:
        self._engine: Engine = create_engine(sqlalchemy_url(url))
        self._database = Database(self._engine, deadline=60)
        self._postgres = postgres
        self._stored = stored
        found = controllers.verify(self._place, Cost())
        if found.different or found.lost or found.not_counted:
            raise BenchError(f"what SQL stored is not what is judged: {found}")
        self.passes: dict[str, list[Judged]] = {name: [] for name in (READ, FOUR, TWENTY, VERIFY)}
        twenty = [*reading.edition(self._database, 1).rules, *sixteen_more()]
        self._twenty = rulebook.draft(self._database, twenty, Change(actor="bench")).edition

    def round(self) -> None:
        """Run each subject once, one right after the other."""
        for name, work in ((READ, self._read), (FOUR, self._four), (TWENTY, self._with_twenty), (VERIFY, self._verify)):
            with self._metered(name) as cost:
                work(cost)

    def close(self) -> None:
        """Let the connections go."""
        self._engine.dispose()

    @contextmanager
    def _metered(self, name: str) -> Iterator[Cost]:
        cost, meter, began = Cost(), Meter(self._postgres), time.monotonic()
        yield cost
        seconds = time.monotonic() - began
        [postgres] = meter.read()
        judged = Judged(
            app=cost.cpu_seconds * 1e6 / self._stored,
            postgres=postgres * 1e6 / self._stored,
            rate=self._stored / seconds,
        )
        self.passes[name].append(judged)

    def _read(self, cost: Cost) -> None:
        began, read = time.process_time(), 0
        with snapshot_of(self._engine, APPLICATION_NAME) as snapshot, snapshot.reader() as reader:
            for rows in BacktestQueries(reader).events(Scope(), ALL_PLAYERS[0], HistoryNeeds()):
                read += len(rows)
        cost.cpu_seconds = time.process_time() - began
        self._must_be_all(read)

    def _four(self, cost: Cost) -> None:
        report = controllers.backtest(self._place, 1, None, Scope(), cost)
        self._must_be_all(report.events)

    def _with_twenty(self, cost: Cost) -> None:
        report = controllers.backtest(self._place, self._twenty, 1, Scope(), cost)
        self._must_be_all(report.events)
        if report.series[Series.LOST].codes:
            raise BenchError("an edition with the four rules and others lost alerts of the four")

    def _verify(self, cost: Cost) -> None:
        findings = controllers.verify(self._place, cost)
        self._must_be_all(findings.agreeing.total())

    @property
    def _place(self) -> RunContext:
        return RunContext(database=self._database, engine=self._engine, jobs=1)

    def _must_be_all(self, found: int) -> None:
        if found != self._stored:
            raise BenchError(f"{found:,} of {self._stored:,} events were read, judged, or agree")
