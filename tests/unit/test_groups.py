"""Rules for groups of players: whom they are for, how they are drafted, and what they need to know (A56)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.rulebook.differences import differences
from app.rulebook.forms import InvalidRules, format_rules, parse_rules
from app.rules.engine import Evaluator, RuleSet, evaluate, needs_of
from app.rules.event import EventType
from app.rules.history import History, HistoryNeeds
from app.rules.kinds import KINDS
from app.rules.limits import MAX_GROUPS
from app.rules.running_history import RunningHistory
from app.rules.threshold import Threshold
from tests.builders import withdraw
from tests.edition_1 import RULES
from tests.rules_of_kinds import written

LARGE = Threshold(code=7, name="large", description="large", type=EventType.WITHDRAW, above=Decimal(100))
VIP, LIMITED = frozenset({"vip"}), frozenset({"self-limited"})

SIDES = [
    ((), (), set(), True),
    (("vip",), (), {"vip"}, True),
    (("vip",), (), {"vip", "18-24"}, True),
    (("vip", "18-24"), (), {"18-24"}, True),
    (("vip",), (), {"vi"}, False),
    (("vip",), (), set(), False),
    ((), ("self-limited",), set(), True),
    ((), ("self-limited",), {"vip"}, True),
    ((), ("self-limited",), {"vip", "self-limited"}, False),
    (("vip",), ("self-limited",), {"vip"}, True),
    (("vip",), ("self-limited",), {"vip", "self-limited"}, False),
    (("vip",), ("self-limited",), {"self-limited"}, False),
]


@pytest.mark.parametrize(("groups", "except_groups", "of_player", "met"), SIDES)
def test_a_rule_is_met_by_the_players_whom_it_is_for(
    groups: tuple[str, ...], except_groups: tuple[str, ...], of_player: set[str], *, met: bool
) -> None:
    rule = replace(LARGE, groups=frozenset(groups), except_groups=frozenset(except_groups))
    found = evaluate([rule], withdraw("101"), History(groups=frozenset(of_player)))
    assert [match.code for match in found] == ([7] if met else [])
    assert evaluate([rule], withdraw("100"), History(groups=frozenset(of_player))) == ()


def test_groups_are_needed_for_events_of_every_type_or_not_at_all() -> None:
    """An event of another type may be amended to one that the rule is evaluated on."""
    on_withdrawals = frozenset({EventType.WITHDRAW})
    only = replace(LARGE, groups=VIP, evaluated_on=on_withdrawals)
    assert all(needs_of([only], kind).groups for kind in EventType)
    assert all(needs_of([replace(LARGE, except_groups=LIMITED)], kind).groups for kind in EventType)
    assert not any(needs_of(RULES, kind).groups for kind in EventType)
    one, other = RuleSet(edition=1, rules=RULES), RuleSet(edition=2, rules=[only], shadow=True)
    assert all(needs.groups for needs in Evaluator.of(one, other).needs.values())


def test_a_running_history_has_the_groups_of_the_moment() -> None:
    running = RunningHistory(HistoryNeeds(latest=1, groups=True))
    assert running.before(1, VIP).groups == VIP
    running.remember(withdraw("1", t=1))
    assert (running.before(2).groups, len(running.before(2).latest)) == (frozenset(), 1)
    assert running.before(3, LIMITED).groups == LIMITED


@pytest.mark.parametrize("kind", KINDS)
def test_groups_of_any_kind_of_rule_are_kept_as_sets(kind: str) -> None:
    [rule] = parse_rules([written(kind, 1, groups=["vip", "18-24", "vip"], except_groups=["self-limited"])])
    assert (rule.groups, rule.except_groups) == (frozenset({"vip", "18-24"}), LIMITED)
    [plain] = format_rules([rule])
    assert (plain["groups"], plain["except_groups"]) == (["18-24", "vip"], ["self-limited"])
    assert parse_rules([plain]) == (rule,)


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_for_everybody_is_written_as_before(kind: str) -> None:
    [rule] = parse_rules([written(kind, 1)])
    assert not {"groups", "except_groups"} & format_rules([rule])[0].keys()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"groups": []}, "groups"),
    ({"except_groups": []}, "except_groups"),
    ({"groups": "vip"}, "groups"),
    ({"groups": None}, "groups"),
    ({"groups": ["VIP"]}, "groups"),
    ({"groups": [""]}, "groups"),
    ({"groups": ["-vip"]}, "groups"),
    ({"groups": ["v ip"]}, "groups"),
    ({"groups": ["vip\n"]}, "groups"),
    ({"groups": ["v" * 33]}, "groups"),
    ({"groups": [5]}, "groups"),
    ({"groups": [f"g{n}" for n in range(MAX_GROUPS + 1)]}, "groups"),
    ({"groups": ["vip", "a"], "except_groups": ["vip"]}, "except_groups"),
]


@pytest.mark.parametrize(("members", "at_fault"), WRONG)
def test_what_could_not_be_meant_is_refused_when_drafted(members: dict[str, Any], at_fault: str) -> None:
    with pytest.raises(InvalidRules) as refused:
        parse_rules([written("threshold", 7, **members)])
    assert list(refused.value.errors) == [f"rule 7, {at_fault}"]


def test_the_longest_labels_are_accepted() -> None:
    labels = ["v" * 32, "0", "a.b_c-d", *(f"g{n}" for n in range(MAX_GROUPS - 3))]
    [rule] = parse_rules([written("threshold", 7, groups=labels)])
    assert rule.groups == set(labels)


def test_differences_say_whom_a_rule_is_for() -> None:
    changed = replace(LARGE, groups=frozenset({"vip", "18-24"}), except_groups=LIMITED)
    assert differences([LARGE], [changed]) == ["7: groups none → 18-24 and vip", "7: except groups none → self-limited"]
    [new] = differences([], [changed])
    assert new == ("7 is new: a withdrawal above 100.00, for players in 18-24 or vip, not for players in self-limited")
