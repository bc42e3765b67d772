"""Editions as TOML: a table [[rules]] for each rule, for people to edit."""

import tomllib
from collections.abc import Sequence

import tomli_w

from app.events.rules import Rule
from app.rulebook.forms import InvalidRules, read_rules, written_rules
from lib.json_requests import NumberLiteral


def read_toml(text: str) -> tuple[Rule, ...]:
    """Read the rules of an edition; raises `InvalidRules`, for what is no TOML too."""
    try:
        read = tomllib.loads(text, parse_float=NumberLiteral)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRules({"file": [f"Is no TOML: {error}."]}) from None
    if unknown := sorted(read.keys() - {"rules"}):
        raise InvalidRules({name: ["Unknown table; the rules stand in [[rules]]."] for name in unknown})
    return read_rules(read.get("rules"))


def written_toml(rules: Sequence[Rule]) -> str:
    """Write rules so that they can be edited and read again."""
    return tomli_w.dumps({"rules": written_rules(rules)})
