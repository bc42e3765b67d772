"""The queries that check whether the database is as this version of the service expects."""

from collections.abc import Callable

from lib.statements import Statement
from lib.transactions import Transaction

TABLE_THERE = Statement("version_table", (), "SELECT to_regclass('alembic_version') IS NOT NULL")
APPLIED = Statement("applied_migrations", (), "SELECT version_num FROM alembic_version")


# A setting of a database or a role applies to new sessions only: an open one may still write while the next may not,
# unless the `options` of its address override the setting. The last part costs a millisecond and runs only if something
# is set.
READ_ONLY = Statement(
    "read_only",
    (),
    """
    SELECT current_setting('transaction_read_only')::boolean OR CASE WHEN (
        SELECT split_part(setting, '=', 2)::boolean FROM pg_db_role_setting, unnest(setconfig) AS setting
        WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
            AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
            AND starts_with(setting, 'default_transaction_read_only=')
        ORDER BY setrole = 0, setdatabase = 0 LIMIT 1
    ) THEN (
        SELECT source NOT IN ('client', 'session') FROM pg_settings WHERE name = 'default_transaction_read_only'
    ) ELSE false END
    """,
)


# Milliseconds. A trial that has to wait long counts as failed, and must not block anybody meanwhile.
IN_HASTE = Statement(
    "in_haste", (), "SELECT set_config('lock_timeout', '400', true), set_config('statement_timeout', '500', true)"
)
# 2 MB of rows in a temporary file, on the disk of the tables: that needs room but no privilege, and leaves nothing.
# The writes of a trial leave no row, so they may succeed on a full disk.
IN_A_FILE = Statement(
    "in_a_file", (), "SELECT set_config('work_mem', '64kB', true), set_config('temp_tablespaces', '', true)"
)
TAKE_ROOM = Statement("take_room", (), "SELECT count(*) FROM generate_series(1, 170000)")
TRY_TO_WRITE = Statement("try_to_write", (), "UPDATE write_trial SET tried_at = now()")
# A trial never commits, so it would not notice commits that wait for a synchronous standby which is gone. They wait for
# ever, also after the service has given their events up: no timeout of PostgreSQL ends that.
COMMITS_WAIT = Statement(
    "commits_wait",
    (),
    """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user
            AND wait_event = 'SyncRep' AND state_change < now() - interval '3 seconds'
    )
    """,
)


class CommitsWait(Exception):
    """Commits of the service's login wait for a synchronous standby."""


def try_to_write(transaction: Transaction, as_event: Callable[[Transaction], None], *, takes_room: bool) -> None:
    """Try a write, and what `as_event` queues; raises the driver's error if the database refuses them.

    Raises `CommitsWait` if commits have waited for a standby for longer than an event may usually take.

    `takes_room`: also try whether the disk has room for more rows. Everything goes in one round trip, so that its locks
    are released at once.
    """
    transaction.write(IN_HASTE)
    if takes_room:
        transaction.write(IN_A_FILE)
        transaction.write(TAKE_ROOM)
    transaction.write(TRY_TO_WRITE)
    as_event(transaction)
    [(commits_wait,)] = transaction.fetch(COMMITS_WAIT)
    if commits_wait:
        raise CommitsWait(
            "commits wait for a synchronous standby: start one of synchronous_standby_names, or empty that"
        )


def accepts_writes(transaction: Transaction) -> bool:
    """Tell whether the database accepts writes, from this session and from new ones."""
    [(read_only,)] = transaction.fetch(READ_ONLY)
    return not read_only


def applied_migrations(transaction: Transaction) -> frozenset[str]:
    """Return the last migrations applied: none before the first one, then one."""
    [(exists,)] = transaction.fetch(TABLE_THERE)
    return frozenset(str(version) for (version,) in transaction.fetch(APPLIED)) if exists else frozenset()
