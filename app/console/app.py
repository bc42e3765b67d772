"""Adds the console to an application."""

from flask import Flask

from app.access import guard
from app.console import errors
from app.console.assets import assets
from app.console.entrance import console
from app.console.pages import (  # noqa: F401  # they add their routes to the blueprint
    alerts,
    audit,
    case,
    customer,
    endpoint_steps,
    keys,
    me,
    queue,
    records,
    register,
    rule_compare,
    rule_draft,
    rule_publish,
    rule_tests,
    rules,
    search,
    settings,
    staff,
    start,
)
from app.staff.addresses import PATHS
from lib.problem_details import hide_below

ENDPOINTS = (f"{console.name}.", f"{assets.name}.")


def init_app(app: Flask) -> None:
    """Add the pages and their files; sessions decide who may ask for them, not the keys of machines."""
    for blueprint in (console, assets):
        app.register_blueprint(blueprint)
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith(ENDPOINTS):
            guard.public(view)
    errors.init_app(app)
    hide_below(app, *(f"/console/{word}/" for word in sorted(set(PATHS.values()))))
    app.config["START_PAGE"] = "console.start"
