"""Any edition on any history: the rules judge as the oracle does and read no more than they requested."""

from decimal import Decimal

from hypothesis import given

from app.rulebook.forms import format_rules
from app.rules.engine import evaluate, needs_of
from app.rules.event import EventType
from app.rules.rule import Rule
from testkit import oracle
from tests.builders import as_sent, history_of, played_by
from tests.strategies import CROWDED, EDITIONS, STARTS


@given(EDITIONS, CROWDED, STARTS)
def test_any_edition_judges_any_history_as_the_oracle_does(
    rules: list[Rule], played: list[tuple[EventType, Decimal, int]], start: int
) -> None:
    written = format_rules(rules)
    events = played_by(1, played, start=start)
    for place, event in enumerate(events):
        alerts = evaluate(rules, event, history_of(events[:place], needs_of(rules, event.type), event.t))
        sent = [as_sent(each) for each in events[: place + 1]]
        assert [alert.code for alert in alerts] == oracle.codes_after(sent, written)
        for alert in alerts:
            proof = oracle.evidence(next(rule for rule in written if rule["code"] == alert.code), sent)
            assert (alert.value, alert.threshold, alert.count) == (proof.value, proof.threshold, len(proof.moments))
            # Of a long window only the event itself is there; the others are looked up where they are stored.
            listed = [own.t for own in alert.events]
            assert listed == (proof.moments[: len(listed)] if alert.windows else proof.moments)
            assert proof.value in alert.sentence
