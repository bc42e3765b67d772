"""What changed from one set of rules to another, in words."""

from collections.abc import Sequence

from app.rules.parameters import parameters_of
from app.rules.rule import Rule

MEANING = ("indicator", "strength", "guidance")


def differences(old: Sequence[Rule], new: Sequence[Rule]) -> list[str]:
    """Return in words what changed from one set of rules to another, by code."""
    before, after = ({rule.code: rule for rule in rules} for rules in (old, new))
    found = []
    for code in sorted(before.keys() | after.keys()):
        if code not in after:
            found.append(f"{code} is gone: {before[code].name}")
        elif code not in before:
            found.append(f"{code} is new: {after[code].condition}")
        else:
            found.extend(_changes(before[code], after[code]))
    return found


def _changes(old: Rule, new: Rule) -> list[str]:
    if type(old) is not type(new):
        return [f"{new.code} is of another kind: {old.condition} → {new.condition}"]
    found = []
    declared = parameters_of(type(new))
    for name in ("name", "description", *declared, "evaluated_on", "groups", "except_groups", *MEANING):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            found.append(f"{new.code}: {name.replace('_', ' ')} {_text(before)} → {_text(after)}")
    return found


def _text(value: object) -> str:
    if value is None or value == frozenset():
        return "none"
    return " and ".join(sorted(value)) if isinstance(value, frozenset) else str(value)
