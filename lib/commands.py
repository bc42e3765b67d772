"""Commands of `flask` that end with one line and no traceback when the database is not to be had, and their tables."""

from collections.abc import Iterable, Sequence

import click
import psycopg2.errors
from flask.cli import AppGroup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lib.postgres_sessions import SettingsLost
from lib.transactions import ReadOnly, Unavailable

WIDEST = 1000  # columns of a table that nobody looks at in a terminal


class Commands(AppGroup):
    """A group of commands that work on the database."""

    def invoke(self, ctx: click.Context) -> object:
        """Do the command; what keeps it from the database is said in a line, and the exit status is 1."""
        try:
            return super().invoke(ctx)
        except (ReadOnly, SettingsLost) as error:
            raise click.ClickException(" ".join(str(error).split())) from None
        except Unavailable as error:
            said = " ".join(str(error).split())
            raise click.ClickException(f"the database is not to be had ({said}); see that it runs, try again") from None
        except psycopg2.errors.UndefinedTable:
            raise click.ClickException("the database lacks a table; apply the migrations: flask db upgrade") from None


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; on a terminal as wide as that is, else each row on one line."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*map(Text, row))  # as text: what people call themselves is no markup
    console = Console()
    (console if console.is_terminal else Console(width=WIDEST)).print(table)
