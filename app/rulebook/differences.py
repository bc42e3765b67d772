"""What changed from one set of rules to another, in words."""

from collections.abc import Sequence

from app.rules.parameters import parameters_of
from app.rules.rule import Rule


def differences(old: Sequence[Rule], new: Sequence[Rule]) -> list[str]:
    """Say in words what changed from one set of rules to another, by code."""
    before, after = ({rule.code: rule for rule in rules} for rules in (old, new))
    told = []
    for code in sorted(before.keys() | after.keys()):
        if code not in after:
            told.append(f"{code} is gone: {before[code].name}")
        elif code not in before:
            told.append(f"{code} is new: {after[code].terms}")
        else:
            told.extend(_changes(before[code], after[code]))
    return told


def _changes(old: Rule, new: Rule) -> list[str]:
    if type(old) is not type(new):
        return [f"{new.code} is of another kind: {old.terms} → {new.terms}"]
    told = []
    for name in ("name", "description", *parameters_of(type(new)), "evaluated_on"):
        was, is_now = getattr(old, name), getattr(new, name)
        if was != is_now:
            told.append(f"{new.code}: {name.replace('_', ' ')} {_shown(was)} → {_shown(is_now)}")
    return told


def _shown(value: object) -> str:
    return " and ".join(sorted(value)) if isinstance(value, frozenset) else str(value)
