"""No template can rot: each is parsed as a draft is."""

import re
import tomllib

import pytest

from app.rulebook.drafts import parse_draft
from app.rulebook.template_files import NAMES, RULES, template, templates
from app.rulebook.toml import parse_toml

INDICATORS = set("abcdefg")
COUNTRIES = {"uk-net-deposits": "Great Britain", "nl-monthly": "Netherlands"}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_parses_as_a_draft(name: str) -> None:
    rules = parse_toml(template(name).toml).rules
    assert [rule.code for rule in rules] == sorted(rule.code for rule in template(name).rules)


def test_no_two_templates_share_a_code() -> None:
    """So that each can be added to any other."""
    codes = [rule.code for each in templates() for rule in each.rules]
    assert len(codes) == len(set(codes))
    together = [rule for each in templates() for rule in tomllib.loads(each.toml)["rules"]]
    assert len(parse_draft(together)) == len(together)


@pytest.mark.parametrize("name", NAMES)
def test_head_and_rules_say_what_they_need(name: str) -> None:
    found, rules = template(name), tomllib.loads(template(name).toml)["rules"]
    head = found.toml.partition(RULES)[0]
    assert all(line.startswith("#") for line in head.splitlines() if line)
    assert all(len(line) <= 120 or "://" in line for line in head.splitlines())
    needs = " ".join(found.needs)
    assert ("T_IS=unix" in needs) is any("period" in rule for rule in rules)
    for member in ("groups", "except_groups"):
        for group in (group for rule in rules for group in rule.get(member, ())):
            assert group in needs
    assert all(kind in needs for rule in rules for kind in rule["evaluated_on"] if "_" in kind)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "statement"])
def test_rules_carry_their_meaning(name: str) -> None:
    for rule in tomllib.loads(template(name).toml)["rules"]:
        assert rule["indicator"] in INDICATORS
        assert rule["strength"] in {"normal", "strong"}
        assert len(rule["guidance"]) <= 500
        assert "\n" not in rule["guidance"]


@pytest.mark.parametrize("name", COUNTRIES)
def test_the_figures_of_a_law_come_with_paragraph_date_and_a_warning(name: str) -> None:
    found = template(name)
    assert found.title.startswith(COUNTRIES[name])
    assert "check the present text" in found.about
    assert all(re.search(r"\d{4}", source.date) and source.url.startswith("https://") for source in found.sources)
