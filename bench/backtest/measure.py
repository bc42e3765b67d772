"""Rounds of: reading all rows and no more, a backtest of them by the four rules and by twenty, a verification."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

import psutil
from sqlalchemy import Engine, create_engine

from app.backtest import controllers
from app.backtest.controllers import APPLICATION_NAME, Cost, Place
from app.backtest.domain import EVERYBODY, Scope
from app.backtest.queries import BacktestQueries
from app.backtest.reports import Series
from app.config import sqlalchemy_url
from app.events.domain import EventType, HistoryNeeds
from app.events.rules import RisingStreak, Rule, Streak, Threshold, WindowTotal
from app.rulebook import controllers as rulebook
from app.rulebook.controllers import Hand
from bench.cpu import Meter
from bench.errors import BenchError
from lib.database import Database
from lib.snapshots import snapshot_of

READ, FOUR, TWENTY, VERIFY = "bare read", "backtest, 4 rules", "backtest, 20 rules beside 4", "verify, 4 rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """CPU in microseconds an event: of the process that works, and of PostgreSQL; and events a second by the clock."""

    work: float
    postgres: float
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What was run, round after round."""

    name: str
    runs: list[Run]

    @property
    def per_core(self) -> list[float]:
        """Events a second and core of the process that works."""
        return [1e6 / each.work for each in self.runs]

    def middle(self, of: Callable[[Run], float]) -> float:
        """Return the median of the rounds."""
        return median(map(of, self.runs))


class Measurement:
    """What is measured in one database, round after round."""

    def __init__(self, url: str, postgres: psutil.Process, events: int) -> None:
        self._engine: Engine = create_engine(sqlalchemy_url(url))
        self._database = Database(self._engine, deadline=60)
        self._postgres = postgres
        self._events = events
        if (differing := controllers.verify(self._place, Cost()).different) > 0:
            raise BenchError(f"{differing:,} events are judged otherwise by SQL")
        self.subjects = {name: Subject(name=name, runs=[]) for name in (READ, FOUR, TWENTY, VERIFY)}
        self._twenty = rulebook.draft(self._database, twenty_rules(self._database), Hand(who="bench")).edition

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
        run = Run(
            work=cost.cpu_seconds * 1e6 / self._events,
            postgres=postgres * 1e6 / self._events,
            rate=self._events / seconds,
        )
        self.subjects[name].runs.append(run)

    def _read(self, cost: Cost) -> None:
        began, events = time.process_time(), 0
        with snapshot_of(self._engine, APPLICATION_NAME) as snapshot, snapshot.reader() as reader:
            for rows in BacktestQueries(reader).events(Scope(), EVERYBODY[0], HistoryNeeds()):
                events += len(rows)
        cost.cpu_seconds = time.process_time() - began
        self._must_be_all(events)

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
    def _place(self) -> Place:
        return Place(database=self._database, engine=self._engine, jobs=1)

    def _must_be_all(self, events: int) -> None:
        if events != self._events:
            raise BenchError(f"{events:,} of {self._events:,} events were read, judged, or agree")


def twenty_rules(database: Database) -> list[Rule]:
    """Return the rules of edition 1 and sixteen of all kinds: counts up to 10, windows up to an hour."""
    rules: list[Rule] = [*rulebook.edition(database, 1).rules]
    for step, kind in ((step, kind) for step in (1, 2) for kind in EventType):
        code, told = 2000 + 100 * step + 10 * (kind is EventType.DEPOSIT), "for the measurement"
        rules += [
            Threshold(code=code, name=told, description=told, type=kind, above=Decimal(150 + step)),
            Streak(code=code + 1, name=told, description=told, type=kind, count=5 * step),
            RisingStreak(code=code + 2, name=told, description=told, type=kind, count=5 * step),
            WindowTotal(
                code=code + 3, name=told, description=told, type=kind, above=Decimal(20_000), seconds=1800 * step
            ),
        ]
    return rules
