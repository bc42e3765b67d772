"""A database that is away: its server lets nobody in."""

from collections.abc import Iterator
from contextlib import contextmanager

from lib.database_url import read_address
from tests.integration.conftest import run_sql


@contextmanager
def away(server: str, database: str) -> Iterator[None]:
    """Refuse all connections to a database and end its sessions, until the end of the block."""
    name = read_address(database)["dbname"]
    run_sql(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    try:
        run_sql(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name)
        yield
    finally:
        run_sql(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
