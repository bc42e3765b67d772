"""What the processes of a backtest and of a verification do, done in this one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from apiflask import APIFlask
from sqlalchemy import create_engine

from app.backtest import controllers, judging, verifying
from app.backtest.domain import EVERYBODY, Scope
from app.backtest.findings import Findings
from app.backtest.judging import Judging, Trial
from app.backtest.queries import BacktestQueries
from app.backtest.reports import Series
from app.backtest.tally import Tally
from app.backtest.verifying import Inquiry
from app.config import sqlalchemy_url
from app.datastores import db
from app.events.domain import ActivityEvent, History
from app.events.judges import RuleSet
from app.events.rules import Alert, Rule
from lib.snapshots import snapshot_of

Raised = tuple[int, int, int]  # a user, a t and a code


@dataclass(frozen=True, kw_only=True)
class Listening(RuleSet):
    """Rules that also tell which event raised what."""

    heard: list[Raised] = field(default_factory=list)

    def judge(self, event: ActivityEvent, history: History) -> tuple[Alert, ...]:
        alerts = RuleSet.judge(self, event, history)
        self.heard.extend((event.user_id, event.t, alert.code) for alert in alerts)
        return alerts


def raised(url: str, scope: Scope, rules: Sequence[Rule]) -> list[Raised]:
    """Return which event raises what, in order of user, t and code."""
    edition = Listening(edition=1, rules=rules)
    _judged(url, scope, edition, None)
    return edition.heard


def judged(url: str, scope: Scope, edition: Sequence[Rule], against: Sequence[Rule] | None = None) -> Tally:
    other = None if against is None else RuleSet(edition=1, rules=against)
    return _judged(url, scope, RuleSet(edition=2, rules=edition), other)


def _judged(url: str, scope: Scope, edition: RuleSet, against: RuleSet | None) -> Tally:
    engine = create_engine(sqlalchemy_url(url))
    with snapshot_of(engine, "tests") as snapshot, snapshot.reader() as reader:
        trial = Trial(snapshot=snapshot, scope=scope, edition=edition, against=against)
        queries = BacktestQueries(reader)
        calendar = judging.calendar_of(queries, scope)
        tally = Tally(calendar, compares=against is not None)
        for span in judging.plan(queries, scope, 100):
            *_, found = judging.judge(queries, trial, Judging(span, calendar))
            assert isinstance(found, Tally)
            tally.add(found)
    engine.dispose()
    return tally


def codes_of(tally: Tally, series: Series = Series.RAISED) -> Counter[int]:
    """Return how often each code was raised."""
    return Counter({code: count.alerts for code, count in tally.reports()[series].codes.items()})


def verified(app: APIFlask) -> Findings:
    with app.app_context(), snapshot_of(db.engine, "tests") as snapshot, snapshot.reader() as reader:
        inquiry = Inquiry(snapshot=snapshot, book=controllers.rule_book_of(app.extensions["database"]))
        *_, last = verifying.verify(BacktestQueries(reader), inquiry, EVERYBODY[0])
    assert isinstance(last, Findings)
    return last
