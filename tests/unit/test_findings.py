"""What is stored against what is judged again, an event at a time."""

import pytest

from app.backtest.findings import MOST_LISTED, Answer, Findings, KeptAlert, Retrial
from app.events.domain import History
from app.events.judges import RuleSet
from tests.unit.builders import deposit, withdraw
from tests.unit.edition_1 import RULES

BOOK = {1: RuleSet(edition=1, rules=RULES), 2: RuleSet(edition=2, rules=[rule for rule in RULES if rule.code != 1100])}
EVENT = withdraw("150", 9)
AGAIN = Retrial(EVENT, History(), BOOK)


def kept(code: int = 1100, edition: int = 1, value: str = "150.00", *, shadow: bool = False) -> KeptAlert:
    return KeptAlert(1, 9, code, shadow, edition, value, "100.00", "1")


def test_what_is_stored_as_it_is_judged_has_no_faults() -> None:
    assert AGAIN.live_faults(Answer([1100], 1, before_alerts=False), [kept()]) == []
    assert AGAIN.live_faults(Answer([], 2, before_alerts=False), []) == []
    assert AGAIN.shadow_faults([kept(shadow=True)]) == []


STORED = [
    ("a code too few", Answer([], 1, before_alerts=False), [], "edition 1 raises 1100, stored is nothing"),
    (
        "a code too many",
        Answer([30, 1100], 1, before_alerts=False),
        [kept(30), kept()],
        "raises 1100, stored is 30, 1100",
    ),
    ("another edition", Answer([1100], 2, before_alerts=False), [kept(edition=2)], "edition 2 raises nothing"),
    ("an edition that is not there", Answer([], 7, before_alerts=False), [], "there is no edition 7"),
    ("no alert", Answer([1100], 1, before_alerts=False), [], "1100 was answered, and alerts are kept of nothing"),
    ("an alert too many", Answer([1100], 1, before_alerts=True), [kept(30), kept()], "alerts are kept of 30, 1100"),
    ("an alert of another edition", Answer([1100], 1, before_alerts=False), [kept(edition=2)], "is of edition 2, the"),
    ("other evidence", Answer([1100], 1, before_alerts=False), [kept(value="15.00")], "1100 is 15.00 of 100.00 by 1"),
]


@pytest.mark.parametrize(("answer", "alerts", "said"), [row[1:] for row in STORED], ids=[row[0] for row in STORED])
def test_each_fault_is_told(answer: Answer, alerts: list[KeptAlert], said: str) -> None:
    assert said in "; ".join(AGAIN.live_faults(answer, alerts))


OLD = [
    ("before there were alerts none are missed", Answer([1100], 1, before_alerts=True), 0),
    ("after that they are", Answer([1100], 1, before_alerts=False), 1),
    ("no later edition can have been before that", Answer([1100], 3, before_alerts=True), 1),
]


@pytest.mark.parametrize(("answer", "faults"), [row[1:] for row in OLD], ids=[row[0] for row in OLD])
def test_only_the_first_edition_has_answers_without_evidence(answer: Answer, faults: int) -> None:
    again = Retrial(EVENT, History(), {**BOOK, 3: RuleSet(edition=3, rules=RULES)})
    assert len(again.live_faults(answer, [])) == faults


def test_answers_without_evidence_are_counted() -> None:
    findings = Findings()
    for answer in (Answer([1100], 1, before_alerts=True), Answer([], 1, before_alerts=True)):
        findings.note_live(EVENT, answer, [], kept=False)
    assert findings.of_old == 1


def test_a_shadow_is_judged_by_its_own_edition_and_there_is_one_at_a_time() -> None:
    assert AGAIN.shadow_faults([kept(edition=2, shadow=True)]) == [
        "in the shadow, edition 2 raises nothing, stored is 1100"
    ]
    both = [kept(shadow=True), kept(30, edition=2, shadow=True)]
    assert AGAIN.shadow_faults(both) == ["in the shadow, alerts are kept of the editions 1, 2 at once"]


def test_findings_add_up_and_the_first_differences_are_listed() -> None:
    parts = [Findings() for _ in range(2)]
    for t in range(60):
        parts[t % 2].note_live(
            deposit("1", t), Answer([], 1, before_alerts=False), ["it differs"] if t >= 10 else [], kept=False
        )
    parts[1].note_shadow(deposit("1", 99), 2, ["it differs, too"])
    whole = Findings()
    for part in parts:
        whole.add(part)
    assert (whole.events[1], whole.agreeing[1], whole.shadowed[2], whole.shadowed_agreeing[2]) == (60, 10, 1, 0)
    assert whole.different == 51
    assert [each.t for each in whole.differences] == list(range(10, 10 + MOST_LISTED))
