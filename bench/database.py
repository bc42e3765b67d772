"""A PostgreSQL of its own for the measurement, as durable as in production, with a database for each question."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg2

from bench.errors import BenchError
from bench.servers import ROOT
from lib.local.postgres import temporary_cluster

# Named although the first three are PostgreSQL's defaults: what is answered must have reached the disk.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
}
_TEMPLATE = "migrated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A running server: the address of its first database, and its main process."""

    url: str
    process: psutil.Process

    def address(self, database: str) -> str:
        """Return the address of one of its databases."""
        return urlsplit(self.url)._replace(path=f"/{database}").geturl()

    def create(self, database: str) -> str:
        """Make a database with the tables of the migrations and return its address."""
        self._copy(database, _TEMPLATE)
        return self.address(database)

    def migrate(self) -> None:
        """Run the migrations, once, on the database from which the others are copied.

        Raises:
            BenchError: they failed.

        """
        self._copy(_TEMPLATE, "template1")
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app", "db", "upgrade"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": self.address(_TEMPLATE)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise BenchError(f"the migrations failed:\n{done.stderr}")

    def _copy(self, database: str, template: str) -> None:
        run(self.url, f'CREATE DATABASE "{database}" TEMPLATE "{template}"')


@contextmanager
def production_postgres() -> Iterator[Postgres]:
    """Run the server for as long as the context lasts."""
    with temporary_cluster(settings=SETTINGS) as url:
        postgres = Postgres(url=url, process=_postmaster(url))
        postgres.migrate()
        yield postgres


def _postmaster(url: str) -> psutil.Process:
    """Find the main process: the parent of the one that answers us."""
    with closing(psycopg2.connect(url)) as connection:
        parent = psutil.Process(connection.info.backend_pid).parent()
    if parent is None:
        raise BenchError("PostgreSQL ended as soon as it had started")
    return parent


def run(url: str, statement: str, values: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
    """Run one statement on a new connection and return its rows, if it has any."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []
