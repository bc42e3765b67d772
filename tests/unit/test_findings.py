"""Compares stored answers with a second judgement, one event at a time."""

import pytest

from app.backtest.findings import MAX_LISTED, Answer, EventCheck, Findings, KeptAlert, RuleBook
from app.rules.engine import RuleSet
from app.rules.event import EventRef, EventType
from app.rules.history import HistoryNeeds, Window
from app.rules.running_history import RunningHistory
from app.rules.spans import Seconds
from tests.builders import deposit, withdraw
from tests.edition_1 import RULES

RULE_SETS = {
    1: RuleSet(edition=1, rules=RULES),
    2: RuleSet(edition=2, rules=[rule for rule in RULES if rule.code != 1100]),
    3: RuleSet(edition=3, rules=RULES),
    4: RuleSet(edition=4, rules=RULES),
}
BOOK = RuleBook(rule_sets=RULE_SETS, published=frozenset({1, 2, 3}))
EVENT = withdraw("150", 9)
SENTENCE = "150.00 withdrawn at once; the limit is 100.00"
CHECK = EventCheck(EVENT, RunningHistory(HistoryNeeds()), BOOK)


def kept(  # noqa: PLR0913  # what is wrong with an alert is the example
    code: int = 1100,
    edition: int = 1,
    value: str = "150.00",
    moments: str | None = "[9]",
    *,
    sentence: str | None = SENTENCE,
    wording: str | None = None,
    shadow: bool = False,
) -> KeptAlert:
    return KeptAlert(
        1, 9, 0, code, shadow, edition, value, "100.00", "1", moments, None, None, sentence, wording, None, "all of it"
    )


def test_consistent_alerts_have_no_faults() -> None:
    assert CHECK.live_faults(Answer([1100], 1, before_alerts=False), [kept()]) == []
    assert CHECK.live_faults(Answer([], 2, before_alerts=False), []) == []
    assert CHECK.shadow_faults([kept(shadow=True)]) == []
    assert CHECK.shadow_faults([kept(edition=4, shadow=True)]) == [], "the shadow was never live"


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
    (
        "no alert",
        Answer([1100], 1, before_alerts=False),
        [],
        "codes answered: 1100, codes of the stored alerts: nothing",
    ),
    (
        "an alert too many",
        Answer([1100], 1, before_alerts=True),
        [kept(30), kept()],
        "codes of the stored alerts: 30, 1100",
    ),
    ("an alert of another edition", Answer([1100], 1, before_alerts=False), [kept(edition=2)], "is of edition 2, the"),
    (
        "other evidence",
        Answer([1100], 1, before_alerts=False),
        [kept(value="15.00")],
        "1100 has value 15.00, threshold 100.00, events 1;",
    ),
    ("other moments", Answer([1100], 1, before_alerts=False), [kept(moments="[8]")], "[8]; edition 1 finds [9]"),
    ("no moments", Answer([1100], 1, before_alerts=False), [kept(moments=None)], "1100 are None; edition 1 finds [9]"),
    (
        "another sentence",
        Answer([1100], 1, before_alerts=False),
        [kept(sentence="all is well")],
        'is "all is well", it',
    ),
    (
        "no sentence",
        Answer([1100], 1, before_alerts=False),
        [kept(sentence=None)],
        'is "None", it should be "150.00 with',
    ),
    (
        "another wording",
        Answer([1100], 1, before_alerts=False),
        [kept(wording="7")],
        "is of wording 7, which this version",
    ),
    ("a draft", Answer([1100], 4, before_alerts=False), [kept(edition=4)], "edition 4 was never live"),
]


@pytest.mark.parametrize(("answer", "alerts", "expected"), [row[1:] for row in STORED], ids=[row[0] for row in STORED])
def test_each_fault_is_reported(answer: Answer, alerts: list[KeptAlert], expected: str) -> None:
    """Sentences among them (A45)."""
    assert expected in "; ".join(CHECK.live_faults(answer, alerts))


OLD = [
    ("before there were alerts none are missed", Answer([1100], 1, before_alerts=True), 0),
    ("after that they are", Answer([1100], 1, before_alerts=False), 1),
    ("no later edition can have been before that", Answer([1100], 3, before_alerts=True), 1),
]


@pytest.mark.parametrize(("answer", "faults"), [row[1:] for row in OLD], ids=[row[0] for row in OLD])
def test_only_the_first_edition_has_answers_without_evidence(answer: Answer, faults: int) -> None:
    assert len(CHECK.live_faults(answer, [])) == faults


def test_answers_without_evidence_are_counted() -> None:
    findings = Findings()
    for answer in (Answer([1100], 1, before_alerts=True), Answer([], 1, before_alerts=True)):
        findings.note_live(answer, [], kept=False)
    assert findings.without_evidence == 1


def test_a_shadow_is_judged_by_its_own_edition_and_there_is_one_at_a_time() -> None:
    assert CHECK.shadow_faults([kept(edition=2, shadow=True)]) == [
        "in the shadow, edition 2 raises nothing, stored is 1100"
    ]
    both = [kept(shadow=True), kept(30, edition=2, shadow=True)]
    assert CHECK.shadow_faults(both) == ["in the shadow, there are alerts of several editions: 1, 2"]


def test_findings_add_up_and_the_first_differences_are_listed() -> None:
    parts = [Findings() for _ in range(2)]
    for t in range(60):
        faults = ["it differs"] if t >= 10 else []
        parts[t % 2].note_live(Answer([], 1, before_alerts=False), faults, kept=False)
        parts[t % 2].note(1, EventRef(t), faults)
    parts[1].note_shadow(2, ["it differs, too"])
    whole = Findings()
    for part in parts:
        whole.add(part)
    assert (whole.events[1], whole.agreeing[1], whole.shadowed[2], whole.shadowed_agreeing[2]) == (60, 10, 1, 0)
    assert whole.different == 50
    assert [each.event.t for each in whole.differences] == list(range(10, 10 + MAX_LISTED))


def test_losses_add_up_and_the_first_are_listed() -> None:
    whole = Findings()
    for user_id in range(60, 0, -1):
        part = Findings(not_counted=2, not_sealed=1)
        part.note_loss(user_id, ["something is gone", "something else, too"] if user_id >= 10 else [])
        whole.add(part)
    assert (whole.lost, whole.not_counted, whole.not_sealed, whole.different) == (51, 120, 60, 0)
    assert [each.user_id for each in whole.losses] == list(range(10, 10 + MAX_LISTED))


def test_the_events_of_a_sum_are_the_last_of_the_window_newest_first() -> None:
    window = Window(EventType.DEPOSIT, Seconds(1000))
    past = RunningHistory(HistoryNeeds(sums=frozenset({window, Window(EventType.WITHDRAW, Seconds(9000))})))
    for t in range(0, 3000, 5):
        past.remember(deposit("1", t))
        past.remember(withdraw("1", t + 1))
    last = [EventRef(t) for t in range(2995, 2495, -5)]
    assert past.last_in(window, 3000, 100) == last
    assert past.last_in(window, 3500, 200) == last
    assert past.last_in(window, 9000, 100) == []
