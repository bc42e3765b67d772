"""Rules as people type them into a form: text by field, and what is wrong with it beside its field."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.rulebook.forms import UNWRITTEN, InvalidRules, names_of
from app.rulebook.rule_fields import EXAMPLES, RuleField, Widget, fields_of
from app.rules.event import MONEY_TYPES
from app.rules.kinds import KINDS
from app.rules.meaning import Strength
from app.rules.parameters import Sort, parameters_of
from app.rules.wording import UNITS, lasting

Typed = dict[str, list[str]]  # what was typed, by field; of a field that may have several, all

MAX_DIGITS = 18
SECONDS = re.compile(r"[0-9]{1,9}")
PART = re.compile(r"\s*([0-9]{1,9})\s*(d|h|min|s)\b")
OF_UNIT = dict(UNITS)


def typed_of(plain: Mapping[str, Any]) -> Typed:
    """Return what a form shows of a rule that is written as a mapping, perhaps a wrong one."""
    declared = {each.name: each for each in fields_of(plain["kind"])}
    return {name: _shown(declared[name], value) for name, value in plain.items() if name in declared}


def _shown(field: RuleField, value: object) -> list[str]:
    if isinstance(value, list):
        texts = [str(each) for each in value]
        return texts if field.widget is Widget.TICKS else [", ".join(texts)]
    if field.widget is Widget.LENGTH and type(value) is int and value > 0:
        return [lasting(value)]
    return [str(value)]


def new_rule() -> Typed:
    """Return what a form shows of a new rule of any kind: nothing but what holds by default."""
    return {"evaluated_on": sorted(MONEY_TYPES), "strength": [Strength.NORMAL.value]}


def plain_of(kind: str, typed: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return a rule as a mapping, from what was typed; whatever cannot be read stays as it was typed.

    Fields without text are left out, so that what they need is said by whoever parses the rule.
    """
    plain: dict[str, Any] = {}
    for field in fields_of(kind):
        texts = [text.strip() for text in typed.get(field.name, ())]
        if field.widget is Widget.TICKS:
            plain[field.name] = texts
        elif (text := " ".join(texts)) and text != UNWRITTEN.get(field.name):
            plain[field.name] = _read(kind, field, text)
    return {"code": plain.pop("code"), "kind": kind, **plain} if "code" in plain else {"kind": kind, **plain}


def _read(kind: str, field: RuleField, text: str) -> object:
    match field.widget:
        case Widget.LIST:
            return [each for each in re.split(r"[\s,;]+", text) if each]
        case Widget.LENGTH:
            return _length(text)
        case Widget.NUMBER if _is_count(kind, field.name):
            return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else text
        case Widget.TEXT:
            return text.replace("\n", " ")
        case _:
            return text


def _is_count(kind: str, name: str) -> bool:
    declared = parameters_of(KINDS[kind]).get(name)
    return declared is None or declared.sort is Sort.COUNT


def _length(text: str) -> int | str:
    """Return the seconds of a length such as 7 d 12 h, or of a number alone; the text if it is neither."""
    if SECONDS.fullmatch(text):
        return int(text)
    place, seconds = 0, 0
    while place < len(text):
        found = PART.match(text, place)
        if found is None:
            return text
        seconds += int(found[1]) * OF_UNIT[found[2]]
        place = found.end()
    return seconds


PLAINER = {
    "Missing data for required field.": "Enter a value.",
    "Not a valid integer.": "Enter a whole number.",
    "Length must be between 1 and 4.": "Tick at least one.",
}
Place = tuple[int, str]  # of a rule in the form, and the name of its field


def errors_by_place(
    plain: Sequence[Mapping[str, Any]], error: InvalidRules
) -> tuple[dict[Place, list[str]], list[str]]:
    """Return what is wrong by place, in words for people, and what is wrong with the rules as a whole."""
    names = names_of(plain)
    found: dict[Place, list[str]] = {}
    whole: list[str] = []
    for where, messages in error.errors.items():
        rule, _, field = where.rpartition(", ")
        places = [place for place, name in enumerate(names) if name == rule or name.startswith(f"{rule} (")]
        for place in places:
            kind = plain[place]["kind"]
            found.setdefault((place, field), []).extend(_plainer(kind, field, each) for each in messages)
        if not places:
            whole += messages
    left_out = len(error.lines) - len(error.errors)
    return found, [*whole, *error.lines[-left_out:]] if left_out else whole


def _plainer(kind: str, name: str, message: str) -> str:
    declared = {each.name: each for each in fields_of(kind)}
    if name in declared and declared[name].widget is Widget.LENGTH and message.startswith(("Must be", "Not a valid")):
        bounds = parameters_of(KINDS[kind])[name]
        return f"Enter a length from {lasting(bounds.least)} to {lasting(bounds.greatest)}, {EXAMPLES}."
    if message.startswith("Give either "):
        names = [each for together in KINDS[kind].alternatives for each in together]
        for each in names:
            message = re.sub(rf"\b{each}\b", f"“{declared[each].label}”", message)
    return PLAINER.get(message, message)
