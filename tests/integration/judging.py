"""Backtests and verifications as the commands do them, but in this process: a second one takes a second to start."""

import pickle
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic

from apiflask import APIFlask
from sqlalchemy import create_engine

from app.backtest import controllers
from app.backtest.controllers import Cost, RunContext
from app.backtest.domain import Scope
from app.backtest.findings import Findings
from app.backtest.reports import Report, Series
from app.config import sqlalchemy_url
from app.datastores import db
from app.rules.engine import RuleSet
from app.rules.event import ActivityEvent
from app.rules.history import History
from app.rules.rule import Match, Rule
from lib.database import Database
from lib.workers import Begin, Context, Given, Piece, Result, WorkerPool
from tests.integration.wiring import wiring

Raised = tuple[int, int, int]  # a player, a t and a code


@dataclass(frozen=True)
class InThisProcess(Generic[Context]):
    """Does the pieces one after the other; what would travel between processes must be fit to."""

    context: Context
    cpu_seconds: float = 0

    def each(self, pieces: Iterable[Piece[Context, Result]]) -> Iterator[Result]:
        for piece in pieces:
            yield through_a_pipe(through_a_pipe(piece)(self.context))


@contextmanager
def in_this_process(begin: Begin[Given, Context], given: Given, _: int) -> Iterator[WorkerPool[Context]]:
    with begin(given) as context:
        yield InThisProcess(context)


def through_a_pipe(value: Result) -> Result:
    """Return what comes out at the other end of a pipe."""
    return pickle.loads(pickle.dumps(value))  # type: ignore[no-any-return]  # noqa: S301  # our own


@dataclass(frozen=True, kw_only=True)
class Listening(RuleSet):
    """Rules that also tell which event raised what."""

    heard: list[Raised] = field(default_factory=list)

    def evaluate(self, event: ActivityEvent, history: History) -> tuple[Match, ...]:
        alerts = RuleSet.evaluate(self, event, history)
        self.heard.extend((event.user_id, event.t, alert.code) for alert in alerts)
        return alerts


def raised(url: str, scope: Scope, rules: Sequence[Rule]) -> list[Raised]:
    """Return which event raises what, in order of player, t and code."""
    edition = Listening(edition=1, rules=rules)
    _judged(url, scope, edition, None)
    return edition.heard


def judged(url: str, scope: Scope, edition: Sequence[Rule], against: Sequence[Rule] | None = None) -> Report:
    other = None if against is None else RuleSet(edition=1, rules=against)
    return _judged(url, scope, RuleSet(edition=2, rules=edition), other)


def _judged(url: str, scope: Scope, edition: RuleSet, against: RuleSet | None) -> Report:
    engine = create_engine(sqlalchemy_url(url))
    place = RunContext(
        database=Database(engine, deadline=60), engine=engine, jobs=1, span=100, open_pool=in_this_process
    )
    report = controllers.backtest_of(place, edition, against, scope, Cost())
    engine.dispose()
    return report


def codes_of(report: Report, series: Series = Series.RAISED) -> Counter[int]:
    """Return how often each code was raised."""
    return Counter({code: count.alerts for code, count in report.series[series].codes.items()})


def verified(app: APIFlask) -> Findings:
    with app.app_context():
        place = RunContext(database=wiring(app).database, engine=db.engine, jobs=1, open_pool=in_this_process)
        return controllers.verify(place, Cost())
