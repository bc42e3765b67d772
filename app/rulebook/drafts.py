"""What a new edition may not hold, beside what cannot be read: rules that are never met, and too many long windows.

Editions that were saved are read by their form alone: they go on judging, whatever is refused to new ones.
"""

from collections.abc import Mapping

from app.events.domain import Window
from app.events.rules import LONGEST_LISTED, Rule, Streak, Threshold, WindowTotal
from app.rulebook.forms import MOST_LONG_WINDOWS, Errors, in_order, read_each

NEVER_MET = "Must have {}, or the rule can never be met."
TOO_MANY_WINDOWS = (
    f"Must be one of at most {MOST_LONG_WINDOWS} different windows above {LONGEST_LISTED} s; "
    "use one that another rule has."
)


def read_draft(written: object) -> tuple[Rule, ...]:
    """Read the rules of a new edition, by code ascending.

    Raises `InvalidRules`, which names every rule and field that cannot be saved.
    """
    rules, errors = read_each(written)
    return in_order(rules, errors | _never_met(rules) | _windows_too_many(rules))


def _never_met(rules: Mapping[str, Rule]) -> Errors:
    """Find the rules that only an event of their type meets, and that are not evaluated on it."""
    return {
        f"{name}, evaluated_on": [NEVER_MET.format(rule.type)]
        for name, rule in rules.items()
        if isinstance(rule, Threshold | Streak) and rule.type not in rule.evaluated_on
    }


def _windows_too_many(rules: Mapping[str, Rule]) -> Errors:
    windows: set[Window] = set()
    errors: Errors = {}
    for name, rule in rules.items():
        if not isinstance(rule, WindowTotal) or rule.seconds <= LONGEST_LISTED:
            continue
        window = Window(type=rule.type, seconds=rule.seconds)
        if window not in windows and len(windows) == MOST_LONG_WINDOWS:
            errors[f"{name}, seconds"] = [TOO_MANY_WINDOWS]
        else:
            windows.add(window)
    return errors
