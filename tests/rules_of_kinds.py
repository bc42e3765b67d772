"""A rule of each kind, built only from what the kind declares: a new kind is tested without a line here."""

from typing import Any

from app.rules.kinds import KINDS
from app.rules.parameters import Parameter, Sort, parameters_of

VALUES: dict[Sort, tuple[Any, Any]] = {
    Sort.EVENT_TYPE: ("deposit", "withdraw"),
    Sort.AMOUNT: ("0.00", "1.00"),
    Sort.PERIOD: ("day", "week"),
    Sort.ZONE: ("UTC", "Europe/Amsterdam"),
}


def value(parameter: Parameter, which: int) -> object:
    """Return one of two different valid values of a parameter."""
    return VALUES[parameter.sort][which] if parameter.sort in VALUES else parameter.least + which


def given(kind: str) -> dict[str, Parameter]:
    """Return the parameters that a rule of a kind has, of the alternatives the first."""
    chosen = [name for names in KINDS[kind].alternatives[:1] for name in names]
    return {name: each for name, each in parameters_of(KINDS[kind]).items() if each.required or name in chosen}


def written(kind: str, code: int, **changed: object) -> dict[str, Any]:
    """Write a rule as a client does; of the parameters each has its first value."""
    parameters = {name: value(each, 0) for name, each in given(kind).items()}
    members = {"code": code, "kind": kind, "name": kind, "description": f"a rule of {kind}"}
    return {**members, "evaluated_on": ["deposit", "withdraw"], **parameters, **changed}


def changes(kind: str) -> dict[str, object]:
    """Return another value for each parameter."""
    return {name: value(each, 1) for name, each in given(kind).items()}
