"""Commands of `flask` that end with one line and no traceback when the database is not to be had."""

from datetime import UTC, datetime

import click
import psycopg2.errors

from lib.hints import command
from lib.late_commands import LateCommands
from lib.postgres_sessions import SettingsLost
from lib.transactions import ReadOnly, Unavailable

INTERRUPTED = 130  # as a shell tells of a Ctrl-C


class Commands(LateCommands):
    """A group of commands that work on the database."""

    def invoke(self, ctx: click.Context) -> object:
        """Do the command; what keeps it from the database is said in a line, and the exit status is 1."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Interrupted: see what was done before you try again.", err=True)
            ctx.exit(INTERRUPTED)
        except (ReadOnly, SettingsLost) as error:
            raise click.ClickException(" ".join(str(error).split())) from None
        except Unavailable as error:
            said = " ".join(str(error).split())
            raise click.ClickException(f"the database is not to be had ({said}); see that it runs, try again") from None
        except (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn):
            told = f"the tables are not those of this version; apply the migrations: {command('db upgrade')}"
            raise click.ClickException(told) from None


def minute(moment: datetime | None) -> str:
    """Write a moment to the minute, in UTC; the heading above it says so."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else "never"
