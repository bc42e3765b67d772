"""A registry of objects that an application makes once and its features use, keyed by class.

A feature declares a frozen dataclass of what it needs and gets it here; the wiring provides it. So no feature knows who
made its parts, and a type checker knows the type of each.
"""

from typing import Any, TypeVar, cast

from flask import Flask, current_app

KEY = "services"  # in the application's `extensions`

Services = TypeVar("Services")


def provide(app: Flask, *services: object) -> None:
    """Register these in the application, each by its class; a later one of the same class replaces an earlier one."""
    known: dict[type, Any] = app.extensions.setdefault(KEY, {})
    known.update({type(each): each for each in services})


def services_of(app: Flask, kind: type[Services]) -> Services:
    """Return what was provided of this class; raises `KeyError` if nothing was."""
    return cast("Services", app.extensions[KEY][kind])


def get(kind: type[Services]) -> Services:
    """Return what was provided of this class to the current application; raises `KeyError` if nothing was."""
    return cast("Services", current_app.extensions[KEY][kind])
