"""Editions as TOML, for people to edit: the edition that this one is made from, and a table [[rules]] for each rule."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

import tomli_w

from app.rulebook.domain import Edition
from app.rulebook.drafts import read_draft
from app.rulebook.forms import InvalidRules, written_rules
from app.rules.limits import MAX_EDITION
from app.rules.rule import Rule
from lib.fields import whole_number
from lib.json_requests import NumberLiteral, shown

LONGEST_FILE = 256 * 1024  # characters; a hundred rules with names and descriptions as long as may be
MOST_PARTS = 8  # of a dotted key; none needs more than one. To read one costs the square of its parts
# Strings and comments are passed over, also those that never end; what is left tells how many dots follow each other.
PASSED_OVER = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*(?:""")?|"(?:[^"\\\n]|\\.)*"?'
    r"|'''(?:[^']|'(?!''))*(?:''')?|'[^'\n]*'?|#[^\n]*",
    re.DOTALL,
)
DOTTED = re.compile(r"[^\s.=\[\]{},]+(?:[ \t]*\.[ \t]*[^\s.=\[\]{},]+)*+")


class TomlDraft(NamedTuple):
    """What a file holds: rules, and the edition that they were made from, where it says so."""

    rules: tuple[Rule, ...]
    based_on: int | None


def read_toml(text: str) -> TomlDraft:
    """Read the rules of a new edition; raises `InvalidRules`, for what is no TOML too, or costs too much to read."""
    _refuse_costly(text)
    read = _tables(text)
    if unknown := sorted(read.keys() - {"rules", "based_on"}):
        raise InvalidRules({shown(name): ["Unknown table; the rules stand in [[rules]]."] for name in unknown})
    if not isinstance(read.get("rules"), list):
        raise InvalidRules({"rules": ["Write [[rules]] above each rule."]})
    return TomlDraft(read_draft(read["rules"]), _base(read))


def _refuse_costly(text: str) -> None:
    if len(text) > LONGEST_FILE:
        raise InvalidRules({"file": [f"Is longer than {LONGEST_FILE:,} characters; draft the rules you need."]})
    bare = PASSED_OVER.sub("s", text)
    if any(found.group().count(".") >= MOST_PARTS for found in DOTTED.finditer(bare)):
        told = f"Has a name of more than {MOST_PARTS} parts; write each parameter on a line of its own: name = value."
        raise InvalidRules({"file": [told]})


def _base(read: Mapping[str, Any]) -> int | None:
    if "based_on" not in read:
        return None
    try:
        return whole_number(read["based_on"], 1, MAX_EDITION)
    except (TypeError, ValueError):
        told = "Must be the number of an edition; leave the line out for the live one."
        raise InvalidRules({"based_on": [told]}) from None


def _tables(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=NumberLiteral)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRules({"file": [f"Is no TOML: {error}."]}) from None
    except RecursionError:
        raise InvalidRules({"file": ["Is nested too deeply."]}) from None
    except ValueError:  # of Python, which reads no integer of thousands of digits
        raise InvalidRules({"file": ["Has a number that is too long."]}) from None


def written_toml(edition: Edition) -> str:
    """Write an edition so that it can be edited and read again, as a draft based on it."""
    return tomli_w.dumps({"based_on": edition.edition, "rules": written_rules(edition.rules)})
