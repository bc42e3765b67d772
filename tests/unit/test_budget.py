"""The possible cost of an edition, computed from its rules (A48)."""

from typing import Any

import pytest

from app.rulebook.budget import MAX_EVIDENCE, MAX_STATEMENTS, max_cost
from app.rulebook.forms import parse_rules
from tests.edition_1 import RULES, WRITTEN

STREAK, WINDOW, RISING, LARGE = WRITTEN
Written = dict[str, Any]


def rules(rule: Written, number: int, **changed: object) -> list[Written]:
    return [{**rule, "code": code, **changed} for code in range(1, number + 1)]


MOST: dict[str, list[Written]] = {
    "one statement a rule": rules(LARGE, MAX_STATEMENTS),
    "a hundred short windows": rules(WINDOW, 100),
    "each type for itself": [
        *rules(LARGE, 50, evaluated_on=["withdraw"]),
        *({**each, "code": each["code"] + 50, "type": "deposit"} for each in rules(LARGE, 50)),
    ],
}
TOO_MUCH: dict[str, tuple[list[Written], str]] = {
    "long windows always met": (rules(WINDOW, 100, seconds=86_400, above="0.00"), "131.8 KB of evidence and 101 "),
    "streaks of a hundred": (rules(STREAK, 60, count=100), "79.1 KB of evidence and 60 statements"),
    "windows of 300 s": (rules(WINDOW, 60, seconds=300), "79.1 KB of evidence and 60 statements"),
    "looked up as well": (
        [*rules(LARGE, 92), *({**WINDOW, "code": 93 + n, "seconds": 301 + n} for n in range(8))],
        "108 statements",
    ),
}


@pytest.mark.parametrize("written", MOST.values(), ids=MOST)
def test_an_edition_within_the_budget_is_accepted(written: list[Written]) -> None:
    cost = max_cost(parse_rules(written))
    assert (cost.over_budget, cost.evidence <= MAX_EVIDENCE, cost.statements <= MAX_STATEMENTS) == (False, True, True)


@pytest.mark.parametrize(("written", "expected"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_an_edition_above_the_budget_names_its_rules_and_a_remedy(written: list[Written], expected: str) -> None:
    cost = max_cost(parse_rules(written))
    assert cost.over_budget
    assert expected in str(cost)
    assert "an edition may cost 64.0 KB and 100. Remove or shorten (a smaller count, fewer seconds)" in str(cost)
    assert " more." in str(cost)


def test_the_rules_of_the_contract_use_a_small_part_of_the_budget() -> None:
    cost = max_cost(RULES)
    assert (cost.on, cost.statements) == ("withdraw", 4)
    assert cost.evidence < MAX_EVIDENCE / 20
