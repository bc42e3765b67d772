"""How Alembic runs here: one at a time, one transaction a migration, and never waiting long for a lock.

A migration that waits for a table's lock makes everything behind it wait as well; so it gives up soon, changes
nothing, and is started again. Two started at once (two replicas of a deployment) take turns by an advisory lock.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
import psycopg2
from alembic import context
from alembic.operations import MigrationScript
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import current_app
from psycopg2.errors import InsufficientPrivilege, ReadOnlySqlTransaction
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.owner import NOT_THE_OWNER, Owner
from app.version import VERSION
from lib import services
from lib.hints import command
from lib.postgres_sessions import SettingsLost
from lib.transactions import WRITABLE

ADVISORY_LOCK = 7_311_030_300_123  # any number that no other program here uses
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "10min"
# A migration may also work in Python for longer than an event waits between two statements.
OWN_TIMEOUTS = f"""
    SET lock_timeout = '{LOCK_TIMEOUT}'; SET statement_timeout = '{STATEMENT_TIMEOUT}';
    SET idle_in_transaction_session_timeout = '{STATEMENT_TIMEOUT}'
"""
PAUSE = 0.2  # seconds between two looks whether it is our turn

NEWER = """\
the database is at migration {applied}; the last of this release ({version}) is {own}. A newer release has been here.
Start that one again; or, to go back for good, have the NEWER release take its migrations back
  {step}
and then start this one. What that loses, and the lines for production: docs/deploy.md, "Back to an older release"."""

log = logging.getLogger("alembic.env")
config = context.config
database = current_app.extensions["migrate"].db
owner = services.get(Owner)


def run_on(connection: Connection) -> None:
    """Run the migrations that are asked for on a connection of their own."""
    take_turn(connection)
    connection.execute(text(OWN_TIMEOUTS))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=database.metadata,
        transaction_per_migration=True,
        process_revision_directives=number_or_leave_out,
        **current_app.extensions["migrate"].configure_args,
    )
    try:
        with context.begin_transaction():
            context.run_migrations()
        if moves():
            owner.allow(connection, database.metadata)
    except CommandError as error:
        if newer := applied_by_a_newer_release():
            raise click.ClickException(newer) from error  # which keeps its lines; what is logged has one
        raise


def moves() -> bool:
    """Tell whether this run is to change tables, and not only to look at them."""
    try:
        return bool(context.get_revision_argument())
    except KeyError:
        return False


def applied_by_a_newer_release() -> str | None:
    """Say what to do where the database is at a migration that is none of ours; None where it is not."""
    ours = ScriptDirectory.from_config(config)
    applied = set(context.get_context().get_current_heads()) - {script.revision for script in ours.walk_revisions()}
    if not applied:
        return None
    return NEWER.format(
        applied=", ".join(sorted(applied)),
        version=VERSION,
        own=ours.get_current_head(),
        step=command(f"db downgrade {ours.get_current_head()}"),
    )


def take_turn(connection: Connection) -> None:
    """Wait until no other run of the migrations is under way.

    By looking again and again, with no transaction open in between: an index that is built beside the traffic
    waits for the end of every transaction, so of one that waits for the builder, too.
    """
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": ADVISORY_LOCK}):
        connection.rollback()
        time.sleep(PAUSE)
    connection.commit()


def number_or_leave_out(_: object, __: object, directives: list[MigrationScript]) -> None:
    """Give a new migration the next number; write none when the models and the database agree."""
    script = directives[0]
    if getattr(config.cmd_opts, "autogenerate", False) and script.upgrade_ops and script.upgrade_ops.is_empty():
        directives[:] = []
        log.warning("The models and the database agree: no migration is written.")
        return
    newest = ScriptDirectory.from_config(config).get_current_head()
    script.rev_id = f"{int(newest or 0) + 1:04}"


@contextmanager
def refusals_in_a_line() -> Iterator[None]:
    """End with a line that says what to do where the database takes no migration, whichever it is."""
    try:
        yield
    except SettingsLost as error:
        raise click.ClickException(str(error)) from None
    except (DBAPIError, psycopg2.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, ReadOnlySqlTransaction):
            raise click.ClickException(f"no migration was applied, the database takes no changes: {WRITABLE}") from None
        if isinstance(cause, InsufficientPrivilege):
            raise click.ClickException(NOT_THE_OWNER.format(said=str(cause).strip())) from None
        raise


def run_offline() -> None:
    """Print the SQL instead of running it: `flask db upgrade --sql`."""
    context.configure(
        url="postgresql+psycopg2://",
        target_metadata=database.metadata,
        literal_binds=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    with refusals_in_a_line(), owner.connection() as connection:
        try:
            run_on(connection)
        finally:
            connection.invalidate()  # closes it, and with it the advisory lock and the timeouts of its session
