"""How Alembic runs here: one run at a time, one transaction per migration, and short lock timeouts.

A migration that waits for a table's lock makes every later statement on the table wait too. So it gives up soon,
changes nothing, and has to be started again. Of two runs at once (two replicas of a deployment), an advisory lock makes
one wait for the other.
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

from app.datastores import AdvisoryLock
from app.owner import NOT_THE_OWNER, Owner
from app.version import VERSION
from lib import services
from lib.database_errors import WRITABLE
from lib.hints import command
from lib.postgres_sessions import SettingsLost

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "10min"
# Between two statements, a migration may work in Python for longer than the service's idle timeout allows.
OWN_TIMEOUTS = f"""
    SET lock_timeout = '{LOCK_TIMEOUT}'; SET statement_timeout = '{STATEMENT_TIMEOUT}';
    SET idle_in_transaction_session_timeout = '{STATEMENT_TIMEOUT}'
"""
PAUSE = 0.2  # seconds between two attempts to get the advisory lock

NEWER = """\
the database is at migration {applied}; the last of this release ({version}) is {own}. A newer release has been here.
Start that one again; or, to go back for good, downgrade the database with the NEWER release
  {step}
and then start this one. What that loses, and the lines for production: docs/deploy.md, "Back to an older release"."""

log = logging.getLogger("alembic.env")
config = context.config
database = current_app.extensions["migrate"].db
owner = services.get(Owner)


def run_on(connection: Connection) -> None:
    """Run the requested migrations on a separate connection."""
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
        if changes_tables():
            owner.allow(connection, database.metadata)
    except CommandError as error:
        if newer := applied_by_a_newer_release():
            raise click.ClickException(newer) from error  # which keeps line breaks; the log would join them
        raise


def changes_tables() -> bool:
    """Return whether this run may change tables, instead of only inspecting them."""
    try:
        return bool(context.get_revision_argument())
    except KeyError:
        return False


def applied_by_a_newer_release() -> str | None:
    """Return what to do if the database is at a migration that this release does not have, or None."""
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

    It polls, with no transaction open in between: CREATE INDEX CONCURRENTLY waits for every open transaction, so also
    for one that waits for the run that builds the index.
    """
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": AdvisoryLock.MIGRATIONS}):
        connection.rollback()
        time.sleep(PAUSE)
    connection.commit()


def number_or_leave_out(_: object, __: object, directives: list[MigrationScript]) -> None:
    """Give a new migration the next number; write none if the models and the database agree."""
    script = directives[0]
    if getattr(config.cmd_opts, "autogenerate", False) and script.upgrade_ops and script.upgrade_ops.is_empty():
        directives[:] = []
        log.warning("The models and the database agree: no migration is written.")
        return
    newest = ScriptDirectory.from_config(config).get_current_head()
    script.rev_id = f"{int(newest or 0) + 1:04}"


@contextmanager
def explained_errors() -> Iterator[None]:
    """If the database accepts no migration, end with a line that says what to do."""
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
    with explained_errors(), owner.connection() as connection:
        try:
            run_on(connection)
        finally:
            connection.invalidate()  # closes it, which ends the advisory lock and the session's timeouts
