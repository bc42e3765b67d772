"""`flask` commands that end with one line instead of a traceback when the database is unavailable."""

from datetime import UTC, datetime

import click
import psycopg2.errors

from lib.database_errors import ReadOnly, Unavailable
from lib.hints import command
from lib.lazy_commands import LazyCommands
from lib.postgres_sessions import SettingsLost

INTERRUPTED = 130  # the exit status that a shell reports after Ctrl-C


class Commands(LazyCommands):
    """A group of commands that use the database."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; if the database is unavailable, end with a line that says why, and exit status 1."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Interrupted: check what was done before you try again.", err=True)
            ctx.exit(INTERRUPTED)
        except (ReadOnly, SettingsLost) as error:
            raise click.ClickException(" ".join(str(error).split())) from None
        except Unavailable as error:
            cause = " ".join(str(error).split())
            message = f"cannot connect to the database ({cause}); check that it is running, then try again"
            raise click.ClickException(message) from None
        except (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn):
            message = f"the tables are not those of this version; apply the migrations: {command('db upgrade')}"
            raise click.ClickException(message) from None


def minute(moment: datetime | None) -> str:
    """Format a moment to the minute, in UTC, which the column's heading has to say."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else "never"
