"""Editions as TOML: a table [[rules]] for each rule, for people to edit."""

import tomllib
from collections.abc import Sequence
from typing import Any

import tomli_w

from app.events.rules import Rule
from app.rulebook.drafts import read_draft
from app.rulebook.forms import InvalidRules, written_rules
from lib.json_requests import NumberLiteral, shown


def read_toml(text: str) -> tuple[Rule, ...]:
    """Read the rules of a new edition; raises `InvalidRules`, for what is no TOML too."""
    read = _tables(text)
    if unknown := sorted(read.keys() - {"rules"}):
        raise InvalidRules({shown(name): ["Unknown table; the rules stand in [[rules]]."] for name in unknown})
    if not isinstance(read.get("rules"), list):
        raise InvalidRules({"rules": ["Write [[rules]] above each rule."]})
    return read_draft(read["rules"])


def _tables(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=NumberLiteral)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRules({"file": [f"Is no TOML: {error}."]}) from None
    except RecursionError:
        raise InvalidRules({"file": ["Is nested too deeply."]}) from None
    except ValueError:  # of Python, which reads no integer of thousands of digits
        raise InvalidRules({"file": ["Has a number that is too long."]}) from None


def written_toml(rules: Sequence[Rule]) -> str:
    """Write rules so that they can be edited and read again."""
    return tomli_w.dumps({"rules": written_rules(rules)})
