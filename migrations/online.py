"""Changes of filled tables while events are stored: columns, keys and indexes.

A table is locked only to add its columns and to exchange its key, each time for milliseconds; if somebody else holds
the table, this gives up at once and tries again, so that nobody waits behind it. Indexes are built concurrently.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from alembic import op

# An ALTER TABLE that waits makes all later statements on the table wait behind it.
AT_ONCE = """
    DO $do$
    BEGIN
        FOR attempt IN 1..{attempts} LOOP
            BEGIN
                SET LOCAL lock_timeout = '100ms';
                {change};
                RETURN;
            EXCEPTION WHEN lock_not_available THEN
                IF attempt = {attempts} THEN
                    RAISE;
                END IF;
            END;
            PERFORM pg_sleep(0.2);
        END LOOP;
    END
    $do$
"""
ATTEMPTS = 300  # about a minute and a half


@contextmanager
def online() -> Iterator[None]:
    """Commit each statement at once, and wait as long as it takes."""
    with op.get_context().autocommit_block():
        # Building an index concurrently waits for every transaction that began before it, and nothing waits for it.
        op.execute("SET lock_timeout = 0; SET statement_timeout = 0")
        yield
        op.execute("SET lock_timeout = '5s'; SET statement_timeout = '10min'")  # as migrations/env.py has them


def at_once(change: str) -> None:
    """Change a table without waiting in line for its lock."""
    op.execute(AT_ONCE.format(change=change, attempts=ATTEMPTS))


def exchange_key(table: str, columns: Sequence[str]) -> None:
    """Give a table another primary key, whose index is built first."""
    name = f"pk_{table}"
    build(table, f"{name}_new", " ".join(columns), unique=True)
    at_once(f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {name}_new")


def build(table: str, name: str, columns: str, **options: Any) -> None:  # noqa: ANN401  # as Alembic has them
    """Build an index, after dropping what an earlier attempt left of it."""
    op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
    op.create_index(name, table, columns.split(), postgresql_concurrently=True, **options)


def drop(table: str, name: str) -> None:
    """Drop an index, if it is there."""
    op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
