"""A real PostgreSQL, its tables built by the migrations, and the application on it."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg2
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.access.domain import Access
from app.config import Settings
from app.datastores import db
from app.events.domain import EventOrder
from app.factory import create_app
from lib.database_url import plain_url, read_address
from lib.local.postgres import temporary_cluster
from tests.integration.ports import free_port
from tests.integration.servers import Serve, Server, launch

# A server that forgets everything after the tests need not wait for its disk.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "60"}
DEFAULTS = Settings(
    database_url="",
    host="127.0.0.1",
    port=5000,
    web_workers=1,
    web_threads=16,
    env="development",
    access=Access.OPEN,
    rate_limit="",
    rate_limit_storage="memory://",
    event_order=EventOrder.USER,
    four_eyes=False,
    registered_users_only=False,
    db_connect_timeout=2,
    db_deadline=15,
    db_pool_timeout=2,
    db_lock_timeout=5,
    db_statement_timeout=10,
    log_level="INFO",
    log_format="json",
    log_file="",
)


AppWith = Callable[..., APIFlask]
Sql = Callable[..., list[tuple[Any, ...]]]


def run_sql(url: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Run one statement on a connection of its own, and return its rows if it has any."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """Lend an empty database of its own on a server; whatever else is on that server is left alone."""
    name = f"test_{secrets.token_hex(6)}"
    run_sql(server, f"CREATE DATABASE {name}")
    try:
        yield plain_url({**read_address(server), "dbname": name})
    finally:
        run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL: that of TEST_DATABASE_URL, else one that lives as long as the tests."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
    else:
        with temporary_cluster(settings=FAST) as url:
            yield url


@pytest.fixture(scope="session")
def migrated(server: str) -> Iterator[str]:
    with fresh_database(server) as url:
        with create_app(settings_with(database_url=url)).app_context():
            flask_migrate.upgrade("migrations")
            db.engine.dispose()
        yield url


# The rule book as the migration leaves it; the triggers would refuse this to everybody else.
FIRST_EDITION = """
    ALTER TABLE rule_book_audit DISABLE TRIGGER append_only;
    DELETE FROM rule_book_audit WHERE edition > 1 OR step = 'retire' OR who <> 'migration 0004';
    ALTER TABLE rule_book_audit ENABLE TRIGGER append_only;
    ALTER TABLE rule_policy_change DISABLE TRIGGER append_only;
    DELETE FROM rule_policy_change;
    ALTER TABLE rule_policy_change ENABLE TRIGGER append_only;
    ALTER TABLE rule_book DISABLE TRIGGER kept;
    DELETE FROM rule_book WHERE edition > 1;
    ALTER TABLE rule_book ENABLE TRIGGER kept;
    UPDATE rule_book SET status = 'live', published_at = created_at, published_by = author
"""


@pytest.fixture
def database(migrated: str) -> str:
    """The address of a migrated database with empty tables, and a rule book of edition 1."""
    run_sql(migrated, "TRUNCATE activity_event, user_clock, registered_user, api_key, alert")
    run_sql(migrated, FIRST_EDITION)
    return migrated


@pytest.fixture
def sql(database: str) -> Sql:
    """Ask the database past the application."""
    return lambda statement, *values: run_sql(database, statement, *values)


@pytest.fixture
def app_with(database: str) -> Iterator[AppWith]:
    """Make applications on the database, each with settings of its own."""
    made: list[APIFlask] = []

    def make(**settings: object) -> APIFlask:
        made.append(create_app(settings_with(**{"database_url": database, **settings})))
        return made[-1]

    yield make
    for app in made:
        app.extensions["rule_book"].stop()
        app.extensions["last_used"].stop()
        app.extensions["database"].close()
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def client(app_with: AppWith) -> FlaskClient:
    return app_with().test_client()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account can enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="open-")).resolve()
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def serve(database: str, port: int, tmp_path: Path) -> Iterator[Serve]:
    """Start servers on the database; all are ended."""
    started: list[Server] = []

    def start(**environment: str) -> Server:
        started.append(launch(tmp_path, **{"DATABASE_URL": database, "PORT": str(port), **environment}))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def settings_with(**changed: object) -> Settings:
    fields = {name: getattr(DEFAULTS, name) for name in Settings.__dataclass_fields__}
    return Settings(**{**fields, **changed})
