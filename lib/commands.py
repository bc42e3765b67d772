"""Commands of `flask` that end with one line and no traceback when the database is not to be had."""

from datetime import UTC, datetime

import click
import psycopg2.errors
from flask.cli import AppGroup

from lib.transactions import Unavailable


class Commands(AppGroup):
    """A group of commands that work on the database."""

    def invoke(self, ctx: click.Context) -> object:
        """Do the command; what keeps it from the database is said in a line, and the exit status is 1."""
        try:
            return super().invoke(ctx)
        except Unavailable as error:
            said = " ".join(str(error).split())
            raise click.ClickException(f"the database is not to be had ({said}); see that it runs, try again") from None
        except psycopg2.errors.UndefinedTable:
            raise click.ClickException("the database lacks a table; apply the migrations: flask db upgrade") from None


def minute(moment: datetime | None) -> str:
    """Write a moment to the minute, in UTC; the heading above it says so."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else "never"
