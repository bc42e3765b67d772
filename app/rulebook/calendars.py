"""Rules for days, weeks and months: they need `t` in Unix seconds, and time zones, which change now and then."""

from collections.abc import Iterable, Sequence

from app.rulebook.domain import Edition, WrongStep
from app.rulebook.forms import InvalidRules
from app.rules.event import EventType
from app.rules.rule import Rule
from app.rules.spans import Period, zones_version

UNIX_NEEDED = "Needs a `t` in Unix seconds: set T_IS=unix where yours is, or give seconds in place of period and zone."


def with_periods(rules: Iterable[Rule]) -> list[Rule]:
    """Return the rules that look at a day, week or month of the calendar."""
    return [rule for rule in rules if any(_looks_at_period(rule, on) for on in rule.evaluated_on)]


def _looks_at_period(rule: Rule, on: EventType) -> bool:
    return any(isinstance(window.span, Period) for window in rule.needs(on).sums)


def zones_for(rules: Sequence[Rule]) -> str | None:
    """Return the version of the time zones that these rules are drafted with, None if they need none."""
    return zones_version() if with_periods(rules) else None


def refuse_periods(rules: Sequence[Rule], *, t_is_unix: bool) -> None:
    """Return unless rules have periods and `t` is no Unix time; raises `InvalidRules`, which names them."""
    found = [] if t_is_unix else with_periods(rules)
    if found:
        raise InvalidRules({f"rule {rule.code}, period": [UNIX_NEEDED] for rule in found})


def refuse_step_with_periods(edition: Edition, *, t_is_unix: bool) -> None:
    """Return unless an edition has rules with periods and `t` is no Unix time; raises `WrongStep`."""
    found = [] if t_is_unix else with_periods(edition.rules)
    if found:
        codes = ", ".join(str(rule.code) for rule in found)
        raise WrongStep(
            f"edition {edition.edition} has rules for periods of the calendar ({codes}), which need a t in Unix "
            "seconds; set T_IS=unix where yours is, or draft them with seconds"
        )
