"""Rules as people type them: every kind has its fields, reads back equal, and says beside the field what is wrong."""

from typing import Any

import pytest

from app.rulebook.drafts import parse_draft
from app.rulebook.forms import InvalidRules, format_rules
from app.rulebook.rule_fields import Widget, fields_of
from app.rulebook.template_files import templates
from app.rulebook.toml import parse_toml
from app.rulebook.typed import errors_by_place, new_rule, plain_of, typed_of
from app.rules.kinds import KINDS
from tests import rules_of_kinds

MORE = {"indicator": "b", "strength": "strong", "guidance": "Call.", "groups": ["vip", "18-24"], "except_groups": ["x"]}


def again(plain: dict[str, Any]) -> dict[str, Any]:
    return plain_of(plain["kind"], typed_of(plain))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("more", [{}, MORE], ids=["bare", "with everything"])
def test_a_rule_of_each_kind_is_typed_and_read_back_equal(kind: str, more: dict[str, Any]) -> None:
    for changed in ({}, rules_of_kinds.changes(kind)):
        rules = parse_draft([rules_of_kinds.written(kind, 7, **changed, **more)])
        [plain] = format_rules(rules)
        assert parse_draft([again(plain)]) == rules


@pytest.mark.parametrize("template", templates(), ids=lambda each: each.name)
def test_every_template_is_typed_and_read_back_equal(template: Any) -> None:  # noqa: ANN401  # a template
    rules = parse_toml(template.toml).rules
    assert parse_draft([again(plain) for plain in format_rules(rules)]) == rules


@pytest.mark.parametrize("kind", KINDS)
def test_each_parameter_that_is_missing_is_named_beside_its_field(kind: str) -> None:
    plain = [plain_of(kind, new_rule())]
    with pytest.raises(InvalidRules) as refused:
        parse_draft(plain)
    found, whole = errors_by_place(plain, refused.value)
    needed = {name for name, each in rules_of_kinds.given(kind).items() if each.required} | {"code", "name"}
    assert needed | {"description"} == {field for _, field in found} - {"seconds"}
    assert all(found[0, name] == ["Enter a value."] for name in needed)
    assert whole == []


WRONG = {Widget.NUMBER: "x", Widget.LENGTH: "soon", Widget.CHOICE: "?", Widget.LINE: "\a", Widget.TEXT: "\a"}
CASES = [
    (kind, field.name)
    for kind in KINDS
    for field in fields_of(kind)
    if field.widget in {*WRONG, Widget.LIST, Widget.TICKS}
]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_each_wrong_value_is_said_beside_its_field_and_kept(kind: str, name: str) -> None:
    [plain] = format_rules(parse_draft([rules_of_kinds.written(kind, 7)]))
    field = next(each for each in fields_of(kind) if each.name == name)
    typed = typed_of(plain)
    if name in {"period", "zone"}:
        typed |= {"seconds": [""], "period": ["day"], "zone": ["UTC"]}
    typed[name] = {Widget.LIST: ["A B"], Widget.TICKS: []}.get(field.widget, [WRONG.get(field.widget, "")])
    wrong = [plain_of(kind, typed)]
    with pytest.raises(InvalidRules) as refused:
        parse_draft(wrong)
    found, whole = errors_by_place(wrong, refused.value)
    assert list(found) == [(0, name)]
    assert all(found[0, name])
    assert whole == []


def test_two_rules_with_one_code_are_both_marked() -> None:
    plain = [again(rules_of_kinds.written(kind, 7)) for kind in list(KINDS)[:2]]
    with pytest.raises(InvalidRules) as refused:
        parse_draft(plain)
    assert errors_by_place(plain, refused.value) == (
        {(place, "code"): ["Is given to more than one rule."] for place in (0, 1)},
        [],
    )


def test_what_is_wrong_with_the_rules_as_a_whole_has_no_field() -> None:
    with pytest.raises(InvalidRules) as refused:
        parse_draft([])
    assert errors_by_place([], refused.value)[1] == ["Must be a list of 1 to 100 rules."]


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("30", 30),
        ("30 s", 30),
        ("10 min", 600),
        ("7d 12h", 648_000),
        ("1 d 1 h 1 min 1 s", 90_061),
        (" 24  h ", 86_400),
    ],
)
def test_a_length_is_typed_in_any_unit(typed: str, seconds: int) -> None:
    assert plain_of("window_total", {"seconds": [typed]})["seconds"] == seconds


@pytest.mark.parametrize("typed", ["-1", "1 week", "1.5 h", "7 d x", "\u0663 d", "9" * 12, "1 2", "1 h 2"])
def test_what_is_no_length_is_kept_as_it_was_typed(typed: str) -> None:
    assert plain_of("window_total", {"seconds": [typed]})["seconds"] == typed


@pytest.mark.parametrize("typed", ["\u0663", "1e3", "12.5", "-3", "9" * 30])
def test_what_is_no_whole_number_is_kept_as_it_was_typed(typed: str) -> None:
    assert plain_of("streak", {"count": [typed], "code": [typed]}) == {
        "kind": "streak",
        "count": typed,
        "code": typed,
        "evaluated_on": [],
    }


def test_alternatives_are_named_as_the_form_names_them() -> None:
    plain = [plain_of("net_total", {**typed_of(rules_of_kinds.written("net_total", 7)), "period": ["day"]})]
    with pytest.raises(InvalidRules) as refused:
        parse_draft(plain)
    found, _ = errors_by_place(plain, refused.value)
    assert [*found.values()] == [["Give either “Rolling window” or “Calendar period” with “Time zone”."]]
