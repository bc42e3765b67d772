"""The question whether the database is as this version of the service expects it."""

from lib.transactions import Statement, Transaction

TABLE_THERE = Statement("version_table", (), "SELECT to_regclass('alembic_version') IS NOT NULL")
APPLIED = Statement("applied_migrations", (), "SELECT version_num FROM alembic_version")


def applied_migrations(transaction: Transaction) -> frozenset[str]:
    """Which migrations are the last ones applied? None before the first, one after it."""
    [(there,)] = transaction.fetch(TABLE_THERE)
    return frozenset(str(version) for (version,) in transaction.fetch(APPLIED)) if there else frozenset()
