"""Any edition on any history: the rules judge as the naive oracle does, reading no more than they asked for."""

from decimal import Decimal

from hypothesis import given

from app.rulebook.forms import written_rules
from app.rules.engine import evaluate, needs_of
from app.rules.event import ActivityEvent, EventType
from app.rules.rule import Rule
from tests.unit import naive
from tests.unit.builders import history_of
from tests.unit.naive import Played
from tests.unit.rule_drawing import EDITIONS, PLAYED


@given(EDITIONS, PLAYED)
def test_any_edition_judges_any_history_as_the_naive_oracle_does(
    rules: list[Rule], played: list[tuple[EventType, Decimal, int]]
) -> None:
    written = written_rules(rules)
    events: list[ActivityEvent] = []
    seen: list[Played] = []
    t = 0
    for kind, amount, gap in played:
        t += gap
        event = ActivityEvent(user_id=1, t=t, type=kind, amount=amount)
        seen.append(Played(kind.value, amount, t))
        alerts = evaluate(rules, event, history_of(events, needs_of(rules, kind), t))
        assert [alert.code for alert in alerts] == naive.codes(written, seen)
        events.append(event)
        for alert in alerts:
            told = naive.evidence(next(rule for rule in written if rule["code"] == alert.code), seen)
            assert (alert.value, alert.threshold, alert.count) == (told.value, told.limit, len(told.moments))
            # Of a long window only the event itself is there; the others are looked up where they are stored.
            listed = [own.t for own in alert.events]
            assert listed == (told.moments[: len(listed)] if alert.window else told.moments)
            assert told.value in alert.sentence
