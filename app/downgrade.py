"""`flask db downgrade` refuses to lose stored data, unless its caller states how much (A43)."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask_migrate.cli import db as db_commands
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.owner import NOT_THE_OWNER, Owner
from lib import services
from lib.hints import command

LOST = """\
this permanently loses {losses}. Back up first (docs/deploy.md, "Backups"). Then, if you mean it, state what is lost;
if the service keeps storing meanwhile, state a little more:
  {again}"""
FORM = "state what is lost in the form of the refusal, such as alerts=15456,editions=1"


def guard() -> None:
    """Have Flask-Migrate's command check for losses before it does anything."""
    downgrade = db_commands.commands["downgrade"]
    if any(option.name == "i_know" for option in downgrade.params):
        return  # an earlier application in this process did it
    downgrade.params.append(
        click.Option(["--i-know"], default="", metavar="LOST=NUMBER,…", help="what may be lost, in numbers")
    )
    downgrade.callback = _checked_first(downgrade.callback)


def _checked_first(go_on: Callable[..., object] | None) -> Callable[..., object]:
    @click.pass_context
    def check(context: click.Context, /, i_know: str, **arguments: Any) -> object:  # noqa: ANN401  # as click has them
        if not arguments["sql"]:
            _refuse_to_lose_more_than(_named(i_know), arguments["directory"] or "migrations", arguments["revision"])
        return context.invoke(go_on, **arguments) if go_on else None

    return check


def _named(i_know: str) -> Mapping[str, int]:
    try:
        return {name.strip(): int(number) for name, number in (each.split("=") for each in i_know.split(",") if each)}
    except ValueError:
        raise click.BadParameter(FORM, param_hint="--i-know") from None


def _refuse_to_lose_more_than(named: Mapping[str, int], folder: str, revision: str) -> None:
    with services.get(Owner).connection() as connection:
        try:
            lost = losses(connection, ScriptDirectory(folder), revision)
            prevented = obstacles(connection, ScriptDirectory(folder), revision)
        except CommandError:
            return  # the command itself reports it better
        except DBAPIError as error:
            if isinstance(error.orig, InsufficientPrivilege):
                raise click.ClickException(NOT_THE_OWNER.format(said=str(error.orig).strip())) from None
            raise
    if prevented:
        raise click.ClickException("\n".join(prevented))
    if any(number > named.get(name, 0) for name, number in lost.items()):
        listed = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in lost.items())
        numbers = ",".join(f"{name}={number}" for name, number in lost.items())
        raise click.ClickException(
            LOST.format(losses=listed, again=command(f"db downgrade {revision} --i-know {numbers}"))
        )


def losses(connection: Connection, scripts: ScriptDirectory, revision: str) -> Mapping[str, int]:
    """Count what a downgrade to a revision loses, by the names in the migrations, without zeros.

    Raises `CommandError` if there is no way to that revision.
    """
    lost: Counter[str] = Counter()
    for name, question in _questions(connection, scripts, revision, "loses"):
        lost[name] += connection.scalar(text(question)) or 0
    return {name: number for name, number in lost.items() if number}


def obstacles(connection: Connection, scripts: ScriptDirectory, revision: str) -> list[str]:
    """Return what forbids a downgrade to a revision, each with what to do; asked before anything is reverted.

    Raises as `losses` does.
    """
    found = _questions(connection, scripts, revision, "forbidden_while")
    return [what for what, question in found if connection.scalar(text(question))]


def _questions(connection: Connection, scripts: ScriptDirectory, revision: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield the queries of this name in the migrations that a downgrade reverts, each with what it is about."""
    connection.execute(text("SET statement_timeout = 0"))  # counting may take long
    applied = MigrationContext.configure(connection).get_current_heads()
    for script in scripts.iterate_revisions(applied, revision, select_for_downgrade=True):
        yield from getattr(script.module, name, {}).items()
