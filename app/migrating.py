"""Flask-Migrate in the application, begun when a command or a test asks for it: Alembic is much to import."""

from collections.abc import Iterable
from functools import partial
from logging import WARNING, getLogger
from typing import TYPE_CHECKING, Any

import click
from flask import Flask
from werkzeug.local import LocalProxy

from app.datastores import db

if TYPE_CHECKING:
    from lib.late_commands import LateCommands

NAME = "migrate"  # under which Flask-Migrate keeps what it knows of an application
COMMANDS = "db"


def init_app(app: Flask, commands: "LateCommands") -> None:
    """Let `flask db …` and Flask-Migrate's functions be used in the application, and load nothing for it."""
    app.extensions[NAME] = LocalProxy(partial(_begun, app))
    commands.add_later([COMMANDS], partial(_commands, app))


def _begun(app: Flask) -> Any:  # noqa: ANN401  # Flask-Migrate has no types
    """Put Flask-Migrate itself in the place of the stand-in, and return what it knows of the application."""
    getLogger("alembic.runtime.plugins").setLevel(WARNING)  # or it would name its parts at each run
    from flask_migrate import Migrate  # noqa: PLC0415  # as said above

    from app import downgrade  # noqa: PLC0415  # as said above

    Migrate(app, db, command=COMMANDS, compare_type=True, compare_server_default=True, render_as_batch=False)
    downgrade.guard()
    return app.extensions[NAME]


def _commands(app: Flask) -> Iterable[click.Command]:
    _begun(app)
    return [app.cli.commands[COMMANDS]]
