"""Reports for tests: of few events, of many codes, and as a terminal shows them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

from rich.console import Console

from app.backtest.domain import DAY, Calendar, PlayerRange, Scope
from app.backtest.reports import EditionRules, Report
from app.backtest.tables import print_report
from app.backtest.tally import Tally
from app.rules.engine import evaluate
from app.rules.event import EventType
from app.rules.history import History
from app.rules.rule import Rule
from app.rules.threshold import Threshold
from tests.builders import deposit
from tests.markup import EVIL

MADE = datetime(2026, 11, 22, 3, 4, tzinfo=UTC)


FIRST = 1_767_225_600  # midnight of 2026-01-01


def above(code: int, limit: int, name: str = "large", description: str = "it is") -> Rule:
    amount = Decimal(f"{limit}.00")
    return Threshold(code=code, name=name, description=description, type=EventType.DEPOSIT, above=amount)


NEW, OLD = [above(1, 100), above(2, 50, EVIL)], [above(1, 200), above(3, 10)]


def report_of(days: int, *, compares: bool, users: int = 3, new: Sequence[Rule] = NEW) -> Report:
    calendar = Calendar.of(range(FIRST // DAY, FIRST // DAY + days))
    tally, history = Tally(calendar, compares=compares), History()
    for user_id in range(1, users + 1):
        for day in range(days):
            event = deposit(str(70 * user_id), FIRST + day * DAY + user_id, user_id)
            tally.count(event, evaluate(new, event, history), evaluate(OLD, event, history) if compares else ())
        tally.end_player()
    return Report(
        edition=EditionRules(number=2, rules={rule.code: rule for rule in new}),
        against=EditionRules(number=1, rules={rule.code: rule for rule in OLD}) if compares else None,
        scope=Scope(since=FIRST, until=FIRST + max(days, 1) * DAY, players=(PlayerRange(1, 9),)),
        calendar=calendar,
        events=tally.events,
        players=tally.players,
        events_by_period=tally.events_by_period,
        series=tally.reports(),
    )


REPORTS = {"alone": report_of(3, compares=False), "against": report_of(3, compares=True)}


EMPTY = report_of(0, compares=True)


def counted(alerts: int, players: int, rate: float, fresh: int) -> dict[str, float]:
    counts = {"alerts": alerts, "fresh": fresh, "players": players, "customers": players}
    return {**counts, "alerts_per_1000_events": rate}


def printed(report: Report, width: int = 200) -> str:
    out = Console(file=StringIO(), width=width, highlight=False)
    print_report(report, out)
    shown: str = out.file.getvalue()  # type: ignore[attr-defined]  # it was made so
    return shown


def of_many(codes: int) -> Report:
    """Return a report of so many codes against one other, each with as many alerts as its number."""
    rules = [above(code, 100 - code, "large deposit at once") for code in range(1, codes + 1)]
    tally = Tally(Calendar(), compares=True)
    for place in range(codes):
        event = deposit(f"{100 - place}.00", FIRST + place)
        tally.count(event, evaluate(rules, event, History()), evaluate(OLD[1:], event, History()))
    tally.end_player()
    return replace(
        REPORTS["against"],
        edition=EditionRules(number=2, rules={rule.code: rule for rule in rules}),
        against=EditionRules(number=1, rules={3: OLD[1]}),
        calendar=Calendar(),
        events_by_period=tally.events_by_period,
        series=tally.reports(),
    )
