"""Which rules can be saved as an edition; refusals name rule and field."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from app.rulebook.differences import differences
from app.rulebook.drafts import parse_draft
from app.rulebook.forms import MAX_RULES, InvalidRules, format_rules, parse_rules
from app.rulebook.toml import parse_toml
from app.rules.limits import MAX_LONG_WINDOWS
from app.rules.rising_streak import RisingStreak
from app.rules.rule import Rule
from app.rules.streak import Streak
from app.rules.threshold import Threshold
from app.rules.window_total import WindowTotal
from tests.edition_1 import RULES, WRITTEN
from tests.strategies import EDITIONS

WINDOW: dict[str, Any] = WRITTEN[1]
STREAK: dict[str, Any] = WRITTEN[0]
RISING: dict[str, Any] = WRITTEN[2]
LARGE: dict[str, Any] = WRITTEN[3]


def test_edition_1_is_the_contract() -> None:
    assert [(rule.code, type(rule)) for rule in RULES] == [
        (30, Streak),
        (123, WindowTotal),
        (300, RisingStreak),
        (1100, Threshold),
    ]
    assert [rule.terms for rule in RULES] == [
        "3 consecutive withdrawals",
        "deposits within 30 s add up to more than 200.00",
        "3 consecutive rising deposits",
        "a withdrawal above 100.00",
    ]


@given(EDITIONS)
def test_written_rules_round_trip(rules: list[Rule]) -> None:
    assert list(parse_draft(format_rules(rules))) == sorted(rules, key=lambda rule: rule.code)


def test_rules_are_evaluated_on_all_types_by_default() -> None:
    [rule] = parse_rules([{name: value for name, value in STREAK.items() if name != "evaluated_on"}])
    assert rule.evaluated_on == {"deposit", "withdraw"}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"count": 1}, "rule 30, count"),
    ({"count": 101}, "rule 30, count"),
    ({"count": 3.0}, "rule 30, count"),
    ({"count": "3"}, "rule 30, count"),
    ({"count": None}, "rule 30, count"),
    ({"code": 0}, "rule 0, code"),
    ({"code": -1}, "rule -1, code"),
    ({"code": 2**31}, "rule 2147483648, code"),
    ({"code": "30"}, "rule no. 1, code"),
    ({"code": True}, "rule no. 1, code"),
    ({"code": 2**20_000}, "rule no. 1, code"),
    ({"kind": "python"}, "rule 30, kind"),
    ({"kind": ["streak"]}, "rule 30, kind"),
    ({"type": "bet"}, "rule 30, type"),
    ({"name": ""}, "rule 30, name"),
    ({"name": " "}, "rule 30, name"),
    ({"name": "a\nb"}, "rule 30, name"),
    ({"name": "x" * 101}, "rule 30, name"),
    ({"description": "\x00"}, "rule 30, description"),
    ({"evaluated_on": []}, "rule 30, evaluated_on"),
    ({"evaluated_on": ["bet"]}, "rule 30, evaluated_on"),
    ({"evaluated_on": "deposit"}, "rule 30, evaluated_on"),
    ({"evaluated_on": ["withdraw"] * 5}, "rule 30, evaluated_on"),
    ({"\x1b[31mred\nnext": 1}, r"rule 30, \x1b[31mred\nnext"),
    ({"above": "1.00"}, "rule 30, above"),
    ({"kind": "window_total", "count": 3}, "rule 30, above"),
]
WRONG_WINDOWS: list[tuple[dict[str, Any], str]] = [
    ({"seconds": 0}, "rule 123, seconds"),
    ({"seconds": 366 * 24 * 3600 + 1}, "rule 123, seconds"),
    ({"seconds": 1.5}, "rule 123, seconds"),
    ({"above": "1.001"}, "rule 123, above"),
    ({"above": "-1"}, "rule 123, above"),
    ({"above": "1e2"}, "rule 123, above"),
    ({"above": 1.5}, "rule 123, above"),
    ({"above": "1" * 13}, "rule 123, above"),
    ({"above": 2**20_000}, "rule 123, above"),
]


@pytest.mark.parametrize(
    ("written", "named"),
    [({**STREAK, **change}, named) for change, named in WRONG]
    + [({**WINDOW, **change}, named) for change, named in WRONG_WINDOWS],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_rules_that_could_fail_on_an_event_are_refused(written: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidRules) as refused:
        parse_rules([written])
    assert named in refused.value.errors
    assert named in str(refused.value)


@pytest.mark.parametrize("written", [None, {}, [], "rules", [STREAK] * (MAX_RULES + 1)])
def test_an_edition_is_a_non_empty_list_of_rules(written: object) -> None:
    with pytest.raises(InvalidRules, match="1 to 100 rules"):
        parse_rules(written)


def test_a_duplicate_code_is_refused() -> None:
    with pytest.raises(InvalidRules, match="rule 30, code: Is given to more than one rule"):
        parse_rules([STREAK, {**WINDOW, "code": 30}])


def test_both_rules_with_the_same_code_are_reported() -> None:
    with pytest.raises(InvalidRules) as refused:
        parse_rules([{**STREAK, "count": 1}, WINDOW, {**STREAK, "count": "many"}])
    assert refused.value.errors == {
        "rule 30, code": ["Is given to more than one rule."],
        "rule 30 (no. 1), count": ["Must be greater than or equal to 2 and less than or equal to 100."],
        "rule 30 (no. 3), count": ["Not a valid integer."],
    }


def test_a_repeated_fault_is_reported_once() -> None:
    with pytest.raises(InvalidRules) as refused:
        parse_rules([{**STREAK, "evaluated_on": ["bet"] * 11_500}])
    known = '"deposit", "withdraw", "deposit_failed" or "withdraw_cancelled"'
    assert str(refused.value) == f"rule 30, evaluated_on: Must be {known}."


@pytest.mark.parametrize("rule", [STREAK, LARGE])
def test_a_new_rule_that_can_never_be_met_is_refused(rule: dict[str, Any]) -> None:
    never = [{**rule, "evaluated_on": ["deposit"]}]
    with pytest.raises(InvalidRules) as refused:
        parse_draft(never)
    [(where, output)] = refused.value.errors.items()
    assert where == f"rule {rule['code']}, evaluated_on"
    assert output == ["Must include withdraw, or the rule can never be met."]
    assert parse_draft([{**rule, "evaluated_on": ["withdraw"]}])
    assert parse_rules(never), "one that was saved is still read"


@pytest.mark.parametrize("rule", [RISING, WINDOW])
def test_a_rule_may_be_evaluated_on_the_other_type_alone(rule: dict[str, Any]) -> None:
    assert parse_draft([{**rule, "evaluated_on": ["withdraw"]}])


LONG: list[dict[str, Any]] = [{**WINDOW, "code": 1 + n, "seconds": 301 + n} for n in range(MAX_LONG_WINDOWS)]
NO_MORE_WINDOWS: list[dict[str, Any]] = [
    {**WINDOW, "seconds": 3600},
    {**WINDOW, "seconds": 301, "type": "withdraw"},
]
STILL_ROOM: list[dict[str, Any]] = [
    {**WINDOW, "seconds": 300},
    {**WINDOW, "seconds": 301, "above": "7.00"},
    STREAK,
]


@pytest.mark.parametrize("more", NO_MORE_WINDOWS)
def test_the_number_of_long_windows_is_limited(more: dict[str, Any]) -> None:
    with pytest.raises(InvalidRules) as refused:
        parse_draft([*LONG, more, *STILL_ROOM[2:]])
    assert refused.value.errors == {
        "rule 123, seconds": [
            "Must be one of at most 16 different windows of a type above 300 s; use one that another rule has."
        ]
    }
    assert parse_rules([*LONG, more]), "one that was saved is still read"


@pytest.mark.parametrize("more", STILL_ROOM)
def test_windows_without_extra_cost_are_not_counted(more: dict[str, Any]) -> None:
    assert len(parse_draft([*LONG, more])) == MAX_LONG_WINDOWS + 1


MONTHLY = {name: value for name, value in WINDOW.items() if name != "seconds"} | {"period": "month", "zone": "UTC"}
EITHER = "Give either seconds or period with zone."


@pytest.mark.parametrize(
    ("changed", "field", "message"),
    [
        ({"seconds": 30}, "period", EITHER),
        ({"period": None}, "period", "Field may not be null."),
        ({"period": "year"}, "period", 'Must be "day", "week" or "month".'),
        ({"period": "MONTH"}, "period", 'Must be "day", "week" or "month".'),
        ({"zone": "Europe/Atlantis"}, "zone", "Must be the IANA name of a time zone such as Europe/Amsterdam."),
        ({"zone": "../UTC"}, "zone", "Must be the IANA name of a time zone such as Europe/Amsterdam."),
        ({"zone": 1}, "zone", "Must be the IANA name of a time zone such as Europe/Amsterdam."),
    ],
)
def test_a_window_is_of_seconds_or_of_a_period(changed: dict[str, Any], field: str, message: str) -> None:
    [rule] = parse_draft([MONTHLY])
    assert format_rules([rule]) == [MONTHLY | {"above": "200.00"}]
    with pytest.raises(InvalidRules) as refused:
        parse_draft([MONTHLY | changed])
    assert refused.value.errors == {f"rule 123, {field}": [message]}


@pytest.mark.parametrize("missing", [("period",), ("zone",), ("period", "zone")])
def test_no_part_of_a_window_can_be_left_out(missing: tuple[str, ...]) -> None:
    field = "seconds" if len(missing) > 1 else missing[0]
    with pytest.raises(InvalidRules) as refused:
        parse_draft([{name: value for name, value in MONTHLY.items() if name not in missing}])
    assert refused.value.errors == {f"rule 123, {field}": [EITHER]}


def test_a_streak_is_one_of_deposits_or_withdrawals() -> None:
    """A61: the other types are no part of it."""
    with pytest.raises(InvalidRules) as refused:
        parse_draft([{**STREAK, "type": "deposit_failed", "evaluated_on": ["deposit_failed"]}])
    assert refused.value.errors == {"rule 30, type": ['Must be "deposit" or "withdraw".']}


def test_faults_of_every_kind_are_reported_together() -> None:
    with pytest.raises(InvalidRules) as refused:
        parse_draft([{**STREAK, "count": 1}, {**LARGE, "evaluated_on": ["deposit"]}])
    assert set(refused.value.errors) == {"rule 30, count", "rule 1100, evaluated_on"}


TOML = [
    ("not = toml =", "file: Is not valid TOML"),
    ("", "rules: Write [[rules]] above each rule"),
    ("[rules]\ncode = 1", "rules: Write [[rules]] above each rule"),
    ("rules = []", "rules: Must be a list of 1 to 100 rules."),
    ("[limits]\na = 1", "limits: Unknown table"),
    ('["\\u001b[2J"]', r"\x1b[2J: Unknown table"),
    ("[[rules]]\ncode = " + "9" * 5000, "file: Has a number that is too long."),
    ("[[rules]]\ncode = 0x" + "f" * 5000, "rule no. 1, kind"),
    ("rules = " + "[" * 3000, "file: Is nested too deeply."),
    ('[[rules]]\ncode = 30\nkind = "streak"\nname = 1', "rule 30, name: Must be a string."),
]


@pytest.mark.parametrize(("text", "expected"), TOML, ids=[expected for _, expected in TOML])
def test_an_invalid_file_says_what_to_change(text: str, expected: str) -> None:
    with pytest.raises(InvalidRules) as refused:
        parse_toml(text)
    assert str(refused.value).startswith(expected) or f"; {expected}" in str(refused.value)


def test_all_faults_are_reported_together() -> None:
    with pytest.raises(InvalidRules) as refused:
        parse_rules([{**STREAK, "count": 1, "type": "x"}, "no rule", {**WINDOW, "seconds": 0}])
    assert set(refused.value.errors) == {"rule 30, count", "rule 30, type", "rule no. 2, rule", "rule 123, seconds"}


CHANGES: list[tuple[Callable[[list[Any]], list[Any]], list[str]]] = [
    (lambda rules: rules, []),
    (lambda rules: rules[1:], ["30 is gone: withdraws in a row"]),
    (lambda rules: [*rules, {**STREAK, "code": 31}], ["31 is new: 3 consecutive withdrawals"]),
    (lambda rules: [{**STREAK, "count": 4}, *rules[1:]], ["30: count 3 → 4"]),
    (
        lambda rules: [{**STREAK, "evaluated_on": ["withdraw"]}, *rules[1:]],
        ["30: evaluated on deposit and withdraw → withdraw"],
    ),
    (
        lambda rules: [{**STREAK, "kind": "rising_streak"}, *rules[1:]],
        ["30 is of another kind: 3 consecutive withdrawals → 3 consecutive rising withdrawals"],
    ),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_a_difference_is_described_in_words(change: Callable[[list[Any]], list[Any]], expected: list[str]) -> None:
    assert differences(RULES, parse_rules(change(WRITTEN))) == expected
