"""What every measurement needs: the database server, a folder, the scale, and where to show progress."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from app.config import Settings, read_settings
from bench.database import Postgres
from bench.scale import Scale
from bench.servers import Server, serving
from bench.stored import Population, store


def settings_for(postgres: Postgres) -> Settings:
    """Read the settings as the servers will: from the environment, without .env."""
    os.environ["DATABASE_URL"] = postgres.url
    return read_settings(Path(os.devnull))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The place of one run of the benchmark."""

    postgres: Postgres
    settings: Settings
    folder: Path
    scale: Scale
    progress: Progress

    def database(self, name: str, *populations: Population) -> str:
        """Make a database that holds these users, and return its address."""
        url = self.postgres.create(name)
        store(url, *populations, progress=self.progress)
        return url

    @contextmanager
    def service(self, name: str, database_url: str) -> Iterator[Server]:
        """Run the service on a database."""
        with serving("app", name=f"service-{name}", database_url=database_url, folder=self.folder) as server:
            yield server

    @contextmanager
    def floor(self, database_url: str) -> Iterator[Server]:
        """Run the server that answers a constant; it never speaks to the database."""
        with serving("bench.floor", name="floor", database_url=database_url, folder=self.folder) as server:
            yield server
