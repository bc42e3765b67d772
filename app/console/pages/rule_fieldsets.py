"""The fieldsets of a draft: from rules to what a form shows, and from what was typed to rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from app.console.forms import OF_THE_WHOLE
from app.console.pages.rule_words import kind_meaning
from app.rulebook.forms import MAX_RULES, InvalidRules
from app.rulebook.rule_fields import RuleField, fields_of
from app.rulebook.typed import errors_by_place, new_rule, plain_of, typed_of
from app.rules.kinds import KINDS
from app.rules.limits import MAX_EDITION

DIGITS = 10  # of the number of an edition
Errors = dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fieldset:
    """A rule of the form: `no` marks the names of its fields, `place` is its place among the rules, from 1.

    `meaning` says when a rule of its kind is met.
    """

    no: int
    place: int
    kind: str
    meaning: str
    fields: Sequence[RuleField]


def fieldsets(typed: "MultiDict[str, str]") -> list[Fieldset]:
    """Return the rules of the form."""
    kinds = [(no, kind_in(typed, no)) for no in numbers_in(typed)]
    return [
        Fieldset(no=no, place=place, kind=kind, meaning=kind_meaning(kind), fields=fields_of(kind))
        for place, (no, kind) in enumerate(kinds, start=1)
    ]


def numbers_in(typed: "MultiDict[str, str]") -> list[int]:
    """Return the numbers of the rules in the form, in order; raises `BadRequest` for what the page never sends."""
    texts = list(dict.fromkeys(typed.getlist("rule")))
    if not all(text.isascii() and text.isdigit() and len(text) < DIGITS for text in texts) or len(texts) > MAX_RULES:
        raise BadRequest("a number of a rule that the form does not have")
    return [int(text) for text in texts]


def kind_in(typed: "MultiDict[str, str]", no: int) -> str:
    """Return the kind of a rule in the form; raises `BadRequest` for one that does not exist."""
    kind = typed.get(f"r{no}-kind", "")
    if kind not in KINDS:
        raise BadRequest("a kind of rule that does not exist")
    return kind


def base_in(typed: Mapping[str, str]) -> int | None:
    """Return the edition that the draft is based on, None for the live one."""
    text = typed.get("based_on", "")
    is_number = text.isascii() and text.isdigit() and len(text) <= DIGITS and 1 <= int(text) <= MAX_EDITION
    return int(text) if is_number else None


def plain_in(typed: "MultiDict[str, str]") -> list[dict[str, Any]]:
    """Return the rules of the form as mappings."""
    found = []
    for no in numbers_in(typed):
        kind = kind_in(typed, no)
        found.append(plain_of(kind, {each.name: typed.getlist(f"r{no}-{each.name}") for each in fields_of(kind)}))
    return found


def typed_from(rules: Iterable[Mapping[str, Any]], based_on: int | None) -> "MultiDict[str, str]":
    """Return what a form shows of rules that are written as mappings."""
    typed: MultiDict[str, str] = MultiDict()
    if based_on is not None:
        typed.add("based_on", str(based_on))
    for no, rule in enumerate(rules):
        put_rule(typed, no, rule["kind"], typed_of(rule))
    return typed


def put_rule(typed: "MultiDict[str, str]", no: int, kind: str, fields: Mapping[str, Sequence[str]]) -> None:
    """Put a rule at the end of a form."""
    typed.add("rule", str(no))
    typed.add(f"r{no}-kind", kind)
    for name, texts in fields.items():
        typed.setlist(f"r{no}-{name}", list(texts))


def with_rule_added(typed: "MultiDict[str, str]") -> tuple["MultiDict[str, str]", int | None]:
    """Return the form with one more rule of the kind that was chosen, and its number."""
    numbers, kind = numbers_in(typed), typed.get("kind", "")
    if kind not in KINDS or len(numbers) >= MAX_RULES:
        return typed, None
    changed, no = typed.copy(), max(numbers, default=-1) + 1
    put_rule(changed, no, kind, new_rule())
    return changed, no


def without_rule(typed: "MultiDict[str, str]", no: str) -> "MultiDict[str, str]":
    """Return the form without a rule."""
    left: MultiDict[str, str] = MultiDict()
    for name, text in typed.items(multi=True):
        if not (name == "rule" and text == no) and not name.startswith(f"r{no}-"):
            left.add(name, text)
    return left


def named(numbers: Sequence[int], plain: Sequence[Mapping[str, Any]], error: InvalidRules) -> Errors:
    """Return what is wrong with rules by the names of the form's fields."""
    by_place, whole = errors_by_place(plain, error)
    found = {f"r{numbers[place]}-{field}": messages for (place, field), messages in by_place.items()}
    return {**found, **({OF_THE_WHOLE: whole} if whole else {})}
