"""Each kind of rule declares all that readers, writers, comparisons and limits need to know."""

from dataclasses import fields

import pytest

from app.rulebook.budget import MOMENT, max_cost
from app.rulebook.differences import MEANING, differences
from app.rulebook.documented import RULES
from app.rulebook.drafts import parse_draft
from app.rulebook.forms import InvalidRules, format_rules, parse_rules
from app.rules.kinds import KINDS
from app.rules.parameters import parameters_of
from app.rules.rule import Rule
from app.rules.wording import PRESENT
from tests.rules_of_kinds import changes, written

EVERY = pytest.mark.parametrize("name", KINDS)


@EVERY
def test_a_kind_has_a_file_of_its_own_and_declares_every_parameter(name: str) -> None:
    kind = KINDS[name]
    assert kind.__module__ == f"app.rules.{name}"
    assert {each.name for each in fields(kind)} - {each.name for each in fields(Rule)} == set(parameters_of(kind))
    assert kind.met_only_by in {"", *parameters_of(kind)}
    assert PRESENT in kind.sentences
    assert kind.meaning


@EVERY
def test_a_rule_of_any_kind_is_read_and_written(name: str) -> None:
    [rule] = parse_draft([written(name, 1)])
    assert type(rule) is KINDS[name]
    assert format_rules([rule]) == [written(name, 1)]
    assert rule.terms


@EVERY
def test_a_missing_or_untyped_parameter_is_refused(name: str) -> None:
    for parameter in parameters_of(KINDS[name]):
        for rule in (written(name, 1, **{parameter: []}), {**written(name, 1), parameter: None}):
            with pytest.raises(InvalidRules, match=f"rule 1, {parameter}: "):
                parse_rules([rule])


@EVERY
def test_a_change_of_any_parameter_is_described(name: str) -> None:
    [rule] = parse_rules([written(name, 1)])
    for parameter, value in changes(name).items():
        [changed] = parse_rules([written(name, 1, **{parameter: value})])
        [shown] = differences([rule], [changed])
        assert shown.startswith(f"1: {parameter.replace('_', ' ')} ")
        assert shown.endswith(f" → {value}")


@EVERY
def test_the_document_has_every_parameter(name: str) -> None:
    described = RULES[KINDS[name].__name__]
    assert {"$ref": f"#/components/schemas/{KINDS[name].__name__}"} in RULES["Rule"]["oneOf"]
    members = {*written(name, 1), *parameters_of(KINDS[name]), *MEANING, "groups", "except_groups"}
    assert described["properties"].keys() == members
    assert described["description"] == KINDS[name].meaning
    optional = {name for names in KINDS[name].alternatives for name in names}
    assert set(described["required"]) == written(name, 1).keys() - {"evaluated_on"} - optional


@EVERY
def test_the_cost_of_a_rule_is_known(name: str) -> None:
    [rule] = parse_rules([written(name, 1)])
    cost = max_cost([rule])
    assert cost.evidence > MOMENT
    assert cost.statements >= 1
    assert rule.met_by
