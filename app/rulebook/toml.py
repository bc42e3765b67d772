"""Editions as TOML, for people to edit: the number of the base edition, and a table [[rules]] for each rule."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tomli_w

from app.rulebook.domain import Edition
from app.rulebook.drafts import parse_draft
from app.rulebook.forms import InvalidRules, format_rules
from app.rules.limits import MAX_EDITION
from app.rules.rule import Rule
from lib.fields import whole_number
from lib.json_requests import NumberLiteral, printable

MAX_FILE = 256 * 1024  # characters; enough for a hundred rules with the longest names and descriptions
MAX_PARTS = 8  # of a dotted key; none needs more than one, and parsing costs the square of the parts
# Strings and comments, even unterminated ones; without them, the dots in each key can be counted.
SKIPPED = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*(?:""")?|"(?:[^"\\\n]|\\.)*"?'
    r"|'''(?:[^']|'(?!''))*(?:''')?|'[^'\n]*'?|#[^\n]*",
    re.DOTALL,
)
DOTTED = re.compile(r"[^\s.=\[\]{},]+(?:[ \t]*\.[ \t]*[^\s.=\[\]{},]+)*+")


class TomlDraft(NamedTuple):
    """The content of a file: rules, and the edition that they are based on, if it names one."""

    rules: tuple[Rule, ...]
    based_on: int | None


def parse_toml(text: str) -> TomlDraft:
    """Parse the rules of a new edition; raises `InvalidRules`, also for invalid TOML or if parsing costs too much."""
    rules, based_on = read_toml(text)
    return TomlDraft(parse_draft(rules), based_on)


def read_toml(text: str) -> tuple[list[Any], int | None]:
    """Return the rules of a file as they are written, and its base; raises `InvalidRules` if it has none to read."""
    _refuse_costly(text)
    tables = _tables(text)
    if unknown := sorted(tables.keys() - {"rules", "based_on"}):
        raise InvalidRules({printable(name): ["Unknown table; put the rules in [[rules]]."] for name in unknown})
    if not isinstance(tables.get("rules"), list):
        raise InvalidRules({"rules": ["Write [[rules]] above each rule."]})
    return tables["rules"], _base(tables)


def _refuse_costly(text: str) -> None:
    if len(text) > MAX_FILE:
        raise InvalidRules({"file": [f"Is longer than {MAX_FILE:,} characters; draft the rules you need."]})
    bare = SKIPPED.sub("s", text)
    if any(found.group().count(".") >= MAX_PARTS for found in DOTTED.finditer(bare)):
        message = f"Has a name of more than {MAX_PARTS} parts; write each parameter on its own line: name = value."
        raise InvalidRules({"file": [message]})


def _base(tables: Mapping[str, Any]) -> int | None:
    if "based_on" not in tables:
        return None
    try:
        return whole_number(tables["based_on"], 1, MAX_EDITION)
    except (TypeError, ValueError):
        message = "Must be the number of an edition; leave the line out for the live one."
        raise InvalidRules({"based_on": [message]}) from None


def _tables(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=NumberLiteral)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRules({"file": [f"Is not valid TOML: {error}."]}) from None
    except RecursionError:
        raise InvalidRules({"file": ["Is nested too deeply."]}) from None
    except ValueError:  # Python's int() refuses thousands of digits
        raise InvalidRules({"file": ["Has a number that is too long."]}) from None


def format_toml(edition: Edition) -> str:
    """Return an edition as TOML that can be edited and parsed again, as a draft based on it."""
    return write_toml(format_rules(edition.rules), edition.edition)


def write_toml(rules: Sequence[Mapping[str, Any]], based_on: int | None) -> str:
    """Return rules that are written as mappings, perhaps wrong ones, as TOML."""
    return tomli_w.dumps({**({} if based_on is None else {"based_on": based_on}), "rules": list(rules)})
