"""Checks for new editions only, on top of parsing: no rule that is never met, and not too many long windows.

Saved editions are parsed without these checks, so they stay in force whatever new ones must not contain.
"""

from collections.abc import Mapping

from app.rulebook.forms import Errors, in_order, parse_each
from app.rules.event import EventType
from app.rules.history import Window
from app.rules.limits import MAX_LISTED_WINDOW, MAX_LONG_WINDOWS
from app.rules.parameters import Sort, parameters_of
from app.rules.rule import Rule

NEVER_MET = "Must include {}, or the rule can never be met."
TOO_MANY_WINDOWS = (
    f"Must be one of at most {MAX_LONG_WINDOWS} different windows of a type above {MAX_LISTED_WINDOW} s; "
    "use one that another rule has."
)
_LENGTHS = (Sort.SECONDS, Sort.PERIOD)


def parse_draft(plain: object) -> tuple[Rule, ...]:
    """Parse and check the rules of a new edition; returns them by code.

    Raises `InvalidRules`, which names every rule and field that cannot be saved.
    """
    rules, errors = parse_each(plain)
    return in_order(rules, errors | _never_met(rules) | _windows_too_many(rules))


def _never_met(rules: Mapping[str, Rule]) -> Errors:
    """Find the rules that are not evaluated on any type of event that can meet them."""
    return {
        f"{name}, evaluated_on": [NEVER_MET.format(" or ".join(sorted(rule.met_by)))]
        for name, rule in rules.items()
        if not rule.met_by & rule.evaluated_on
    }


def _windows_too_many(rules: Mapping[str, Rule]) -> Errors:
    """Find the rules with summed windows beyond the number that an edition may have."""
    windows = set[Window]()
    errors: Errors = {}
    for name, rule in rules.items():
        more = {window for on in EventType for window in rule.needs(on).sums}
        if more and len(windows | more) > MAX_LONG_WINDOWS:
            errors[f"{name}, {_length_of_window(rule)}"] = [TOO_MANY_WINDOWS]
        else:
            windows |= more
    return errors


def _length_of_window(rule: Rule) -> str:
    """Return the name of the parameter that sets the length of the rule's window."""
    declared = parameters_of(type(rule)).items()
    given = (name for name, each in declared if each.sort in _LENGTHS and getattr(rule, name) is not None)
    return next(given, "kind")
