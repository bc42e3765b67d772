"""Commands of `flask` that end with one line and no traceback when the database is not to be had, and their tables."""

import os
from collections.abc import Iterable, Sequence
from contextlib import chdir

import click
import psycopg2.errors
from flask.cli import AppGroup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lib.hints import command
from lib.postgres_sessions import SettingsLost
from lib.transactions import ReadOnly, Unavailable

WIDEST = 1000  # columns of a table that nobody looks at in a terminal
CALLER_FOLDER = "CALLER_FOLDER"  # where the caller stands, if the program was started elsewhere
INTERRUPTED = 130  # as a shell tells of a Ctrl-C


class Commands(AppGroup):
    """A group of commands that work on the database, and on files of the caller."""

    def invoke(self, ctx: click.Context) -> object:
        """Do the command in the caller's folder; what keeps it from the database is said in a line, with status 1."""
        try:
            with chdir(caller_folder()):
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


def caller_folder() -> str:
    """Return where the files that a command names are; here, where that is not known or closed to this user."""
    folder = os.environ.get(CALLER_FOLDER, "")
    return folder if folder and os.access(folder, os.X_OK) else "."


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; on a terminal as wide as that is, else each row on one line."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*map(Text, row))  # as text: what people call themselves is no markup
    console = Console()
    (console if console.is_terminal else Console(width=WIDEST)).print(table)
