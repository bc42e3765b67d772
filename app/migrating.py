"""Flask-Migrate, loaded when a command or a test needs it: Alembic takes long to import."""

from collections.abc import Iterable
from functools import partial
from logging import WARNING, getLogger
from typing import TYPE_CHECKING, Any

import click
from flask import Flask
from werkzeug.local import LocalProxy

from app.datastores import db

if TYPE_CHECKING:
    from lib.lazy_commands import LazyCommands

NAME = "migrate"  # of Flask-Migrate in the extensions of an application
COMMANDS = "db"


def init_app(app: Flask, commands: "LazyCommands") -> None:
    """Make `flask db …` and Flask-Migrate's functions available without loading anything yet."""
    app.extensions[NAME] = LocalProxy(partial(_load, app))
    commands.add_lazy([COMMANDS], partial(_load_commands, app))


def _load(app: Flask) -> Any:  # noqa: ANN401  # Flask-Migrate has no types
    """Replace the stand-in by Flask-Migrate itself, and return its configuration for the application."""
    getLogger("alembic.runtime.plugins").setLevel(WARNING)  # or it would log its parts at each run
    from flask_migrate import Migrate  # noqa: PLC0415  # see above

    from app import downgrade  # noqa: PLC0415  # see above

    Migrate(app, db, command=COMMANDS, compare_type=True, compare_server_default=True, render_as_batch=False)
    downgrade.guard()
    return app.extensions[NAME]


def _load_commands(app: Flask) -> Iterable[click.Command]:
    _load(app)
    return [app.cli.commands[COMMANDS]]
