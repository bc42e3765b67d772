"""What the processes of a backtest and of a verification do, done in this one."""

from collections import Counter
from collections.abc import Sequence

from apiflask import APIFlask
from sqlalchemy import create_engine

from app.backtest import judging, verifying
from app.backtest.domain import EVERYBODY, Scope
from app.backtest.findings import Findings
from app.backtest.judging import Judging, Trial
from app.backtest.queries import BacktestQueries
from app.backtest.reports import Series
from app.backtest.tally import Tally
from app.backtest.verifying import Inquiry
from app.config import sqlalchemy_url
from app.datastores import db
from app.events.judges import RuleSet
from app.events.rules import Rule
from app.rulebook import controllers as rulebook
from lib.snapshots import snapshot_of


def judged(url: str, scope: Scope, edition: Sequence[Rule], against: Sequence[Rule] | None = None) -> Tally:
    engine = create_engine(sqlalchemy_url(url))
    rule_sets = [RuleSet(edition=number, rules=rules) for number, rules in enumerate((edition, against)) if rules]
    with snapshot_of(engine, "tests") as snapshot, snapshot.reader() as reader:
        trial = Trial(snapshot=snapshot, scope=scope, edition=rule_sets[0], against=(*rule_sets, None)[1])
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
        editions = rulebook.editions(app.extensions["database"])
        book = {each.edition: RuleSet(edition=each.edition, rules=each.rules) for each in editions}
        inquiry = Inquiry(snapshot=snapshot, book=book)
        *_, last = verifying.verify(BacktestQueries(reader), inquiry, EVERYBODY[0])
    assert isinstance(last, Findings)
    return last
