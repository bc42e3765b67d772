"""The questions whether the database is as this version of the service expects it."""

from collections.abc import Callable

from lib.transactions import Statement, Transaction

TABLE_THERE = Statement("version_table", (), "SELECT to_regclass('alembic_version') IS NOT NULL")
APPLIED = Statement("applied_migrations", (), "SELECT version_num FROM alembic_version")


# What is set for a database or a role holds for new sessions only. One that is open may still write, and the next not:
# unless its own connection says otherwise, by the `options` of its address. The last part costs a millisecond and is
# asked only where something is set.
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


# A trial that has to wait for long is a miss, and must not be in anybody's way meanwhile. Milliseconds.
IN_HASTE = Statement(
    "in_haste", (), "SELECT set_config('lock_timeout', '400', true), set_config('statement_timeout', '500', true)"
)
TRY_TO_WRITE = Statement("try_to_write", (), "UPDATE write_trial SET tried_at = now()")
TRIED = Statement("tried", (), "SELECT true")


def try_to_write(transaction: Transaction, as_event: Callable[[Transaction], None]) -> None:
    """Would the database take a write, and what `as_event` queues? Raises the driver's error where it would not.

    All of it in one round trip, so that what it locks is free again at once.
    """
    transaction.write(IN_HASTE)
    transaction.write(TRY_TO_WRITE)
    as_event(transaction)
    transaction.fetch(TRIED)


def takes_changes(transaction: Transaction) -> bool:
    """Does the database take changes, from this session and from the next one?"""
    [(read_only,)] = transaction.fetch(READ_ONLY)
    return not read_only


def applied_migrations(transaction: Transaction) -> frozenset[str]:
    """Which migrations are the last ones applied? None before the first, one after it."""
    [(there,)] = transaction.fetch(TABLE_THERE)
    return frozenset(str(version) for (version,) in transaction.fetch(APPLIED)) if there else frozenset()
