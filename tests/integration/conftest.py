"""A real PostgreSQL, its tables built by the migrations, and the application on it."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg2
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.engine.interfaces import DBAPICursor

from app.backtest import cli
from app.backtest.controllers import RunContext
from app.config import sqlalchemy_url
from app.datastores import db
from app.factory import create_app
from app.rulebook import live_rules
from app.staff import passwords, setting_up, signing_in
from lib.database_url import plain_url, read_address
from lib.local.postgres import temporary_cluster
from lib.transactions import Transaction
from testkit.ports import free_port
from tests.integration.data_folders import made_once
from tests.integration.judging import in_this_process
from tests.integration.made_once import routes_compiled_once, share_statements
from tests.integration.servers import DEFAULT_PROGRAM, Serve, Server, launch
from tests.integration.staffing import CLOCK
from tests.integration.wiring import wiring
from tests.settings import settings_with

# A server that forgets everything after the tests need not wait for its disk.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "100"}

AppWith = Callable[..., APIFlask]
Sql = Callable[..., list[tuple[Any, ...]]]


def run_sql(url: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Run one statement on a new connection, and return its rows if it has any."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """Lend a new empty database on a server; everything else on that server is left alone."""
    name = f"test_{secrets.token_hex(6)}"
    run_sql(server, f"CREATE DATABASE {name}")
    try:
        yield plain_url({**read_address(server), "dbname": name})
    finally:
        run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmigrated:
    """The application on a database of its own that has no tables yet."""

    app: APIFlask
    url: str

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement in the database, and return its rows if it has any."""
        return run_sql(self.url, statement, *values)

    def migrate(self, revision: str) -> None:
        """Make the tables as they were at a revision."""
        with self.app.app_context():
            flask_migrate.upgrade("migrations", revision)


@pytest.fixture
def unmigrated(server: str) -> Iterator[Unmigrated]:
    with fresh_database(server) as url:
        app = create_app(settings_with(database_url=url))
        yield Unmigrated(app=app, url=url)
        wiring(app).stop()
        with app.app_context():
            db.engine.dispose()


@pytest.fixture(scope="session")
def data_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of PostgreSQL data folders to copy from."""
    return tmp_path_factory.mktemp("data-folders")


@pytest.fixture
def quick_clusters(data_folders: Path) -> Iterator[None]:
    """Let a new PostgreSQL be a copy of one that was made before."""
    with made_once(data_folders):
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL: that of TEST_DATABASE_URL, else one that lives as long as the tests."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
    else:
        with temporary_cluster(settings=FAST) as url:
            yield url


@contextmanager
def two_logins(server: str) -> Iterator[tuple[str, str]]:
    """Lend a new empty database: its address for its owner, and for a service's login that owns nothing."""
    login, password = f"service_{secrets.token_hex(6)}", secrets.token_hex(6)
    run_sql(server, f"CREATE ROLE {login} LOGIN PASSWORD '{password}'")
    try:
        with fresh_database(server) as owner:
            yield owner, plain_url({**read_address(owner), "user": login, "password": password})
    finally:
        run_sql(server, f"DROP ROLE {login}")


@pytest.fixture(scope="session")
def logins(server: str) -> Iterator[tuple[str, str]]:
    """A migrated database's addresses: its owner's, and the service's."""
    with two_logins(server) as (owner, service):
        with create_app(settings_with(database_url=service, database_owner_url=owner)).app_context():
            flask_migrate.upgrade("migrations")
            db.engine.dispose()
        yield owner, service


@pytest.fixture(scope="session")
def migrated(logins: tuple[str, str]) -> str:
    return logins[0]


@pytest.fixture
def service_url(logins: tuple[str, str], database: str) -> str:  # noqa: ARG001  # which empties the tables
    """The address of that database as the service has it: its login owns nothing, so no test misses a grant."""
    return logins[1]


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

# A new file for each table and each index of it takes a tenth of a second, which few rows are not worth. The lock waits
# for what the test before has left under way.
EMPTY = """
    ALTER TABLE seal DISABLE TRIGGER append_only;
    ALTER TABLE sealed_player DISABLE TRIGGER append_only;
    ALTER TABLE superseded_event DISABLE TRIGGER append_only;
    ALTER TABLE revision DISABLE TRIGGER append_only;
    ALTER TABLE player_change DISABLE TRIGGER append_only;
    ALTER TABLE staff_audit DISABLE TRIGGER append_only;
    ALTER TABLE case_event DISABLE TRIGGER append_only;
    ALTER TABLE interaction DISABLE TRIGGER append_only;
    ALTER TABLE automated_action DISABLE TRIGGER append_only;
    ALTER TABLE action_step DISABLE TRIGGER append_only;
    ALTER TABLE evaluation DISABLE TRIGGER append_only;
    ALTER TABLE evaluation_conclusion DISABLE TRIGGER append_only;
    ALTER TABLE customer_view DISABLE TRIGGER append_only;
    ALTER TABLE export_log DISABLE TRIGGER append_only;
    DO $$
    DECLARE
        names CONSTANT text[] =
            '{activity_event, user_clock, user_total, running_total, registered_user, api_key, alert, seal,
              sealed_player, superseded_event, revision, player_change, import_job, import_line, import_span,
              import_fault, outbox, alert_feed, endpoint, endpoint_event, notice, delivery,
              delivery_attempt, awaited, evaluation_conclusion, evaluation, action_step, automated_action,
              interaction, case_presence, case_draft, saved_view, case_mute, case_event, case_alert,
              care_case, customer_view, export_log, staff_attempt, staff_audit, staff_recovery, staff_token,
              staff_session, staff_account, work_trouble, backtest_job}';
        name text;
    BEGIN
        EXECUTE 'LOCK TABLE ' || array_to_string(names, ', ');
        FOREACH name IN ARRAY names LOOP
            EXECUTE CASE WHEN pg_relation_size(name) > 65536 THEN 'TRUNCATE ' || name || ' CASCADE'
                ELSE 'DELETE FROM ' || name END;
        END LOOP;
    END $$;
    UPDATE feed_head SET number = 0, stage = 0, user_id = 0, t = -1, n = 0;
    UPDATE case_head SET number = 0, began = 0;
    UPDATE work_beat SET seen_at = NULL;
    ALTER TABLE seal ENABLE TRIGGER append_only;
    ALTER TABLE sealed_player ENABLE TRIGGER append_only;
    ALTER TABLE superseded_event ENABLE TRIGGER append_only;
    ALTER TABLE revision ENABLE TRIGGER append_only;
    ALTER TABLE player_change ENABLE TRIGGER append_only;
    ALTER TABLE staff_audit ENABLE TRIGGER append_only;
    ALTER TABLE case_event ENABLE TRIGGER append_only;
    ALTER TABLE interaction ENABLE TRIGGER append_only;
    ALTER TABLE automated_action ENABLE TRIGGER append_only;
    ALTER TABLE action_step ENABLE TRIGGER append_only;
    ALTER TABLE evaluation ENABLE TRIGGER append_only;
    ALTER TABLE evaluation_conclusion ENABLE TRIGGER append_only;
    ALTER TABLE customer_view ENABLE TRIGGER append_only;
    ALTER TABLE export_log ENABLE TRIGGER append_only
"""


@pytest.fixture
def database(migrated: str) -> str:
    """The address, for its owner, of a migrated database with empty tables and a rule book of edition 1."""
    run_sql(migrated, f"{EMPTY};{FIRST_EDITION}")
    return migrated


def refuse_lost_writes(cursor: DBAPICursor) -> None:
    with suppress(psycopg2.Error):  # of one that failed already
        cursor.execute("SELECT pg_current_xact_id_if_assigned()")
        if cursor.fetchall() != [(None,)] and (tables := written_by_this_transaction(cursor)):
            pytest.fail(f"a transaction wrote to {', '.join(tables)} and ended without a commit")


def written_by_this_transaction(cursor: DBAPICursor) -> list[str]:
    """Return the tables of rows that it inserted or updated; rows that it only locked do not count."""
    own = "(SELECT '{0}' FROM {0} WHERE xmin = pg_current_xact_id()::xid LIMIT 1)"
    cursor.execute(" UNION ALL ".join(own.format(table) for table in db.metadata.tables))
    return [name for (name,) in cursor.fetchall()]


@pytest.fixture(autouse=True, scope="session")
def every_write_is_committed() -> Iterator[None]:
    """Fail where a transaction ends without a commit and without an exception although it wrote something."""
    Transaction.on_uncommitted = refuse_lost_writes
    yield
    Transaction.on_uncommitted = None


@pytest.fixture
def sql(database: str) -> Sql:
    """Ask the database past the application."""
    return lambda statement, *values: run_sql(database, statement, *values)


@pytest.fixture(autouse=True, scope="session")
def passwords_hashed_quickly() -> Iterator[None]:
    """Hash passwords at the least cost: tests/unit/staff/test_passwords.py pays what an attacker has to."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(passwords, "MEMORY", 8)
        changed.setattr(passwords, "PASSES", 1)
        yield


@pytest.fixture(autouse=True)
def clock_of_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the codes of people run ahead of the time: tests need more of them than there are within a minute."""
    monkeypatch.setattr(CLOCK, "ahead", 0.0)
    for module in (signing_in, setting_up):
        monkeypatch.setattr(module, "time", CLOCK)


@pytest.fixture(autouse=True, scope="session")
def routes() -> Iterator[None]:
    """Compile each route once for all applications."""
    with routes_compiled_once():
        yield


@pytest.fixture(scope="session")
def compiled(migrated: str) -> Iterator[Engine]:
    """An engine whose compiled statements all applications share."""
    engine = create_engine(sqlalchemy_url(migrated), query_cache_size=5000, poolclass=NullPool)
    engine.connect().close()  # which tells it the version of the server
    yield engine
    engine.dispose()


class Apps:
    """Creates applications on a database; each keeps connections until it is closed."""

    def __init__(self, compiled: Engine, **addresses: str) -> None:
        self._compiled = compiled
        self._addresses = addresses
        self._made: list[APIFlask] = []

    def __call__(self, **settings: object) -> APIFlask:
        app = create_app(settings_with(**{**self._addresses, **settings}))
        self._made.append(app)
        with app.app_context():
            share_statements(self._compiled, db.engine)
        return app

    def close(self) -> None:
        """Close all that were made."""
        while self._made:
            app = self._made.pop()
            wiring(app).stop()
            with app.app_context():
                db.engine.dispose()


@pytest.fixture
def apps(database: str, service_url: str, compiled: Engine) -> Iterator[Apps]:
    """Create applications on the database, each with its own settings, as the service's login."""
    made = Apps(compiled, database_url=service_url, database_owner_url=database)
    yield made
    made.close()


@pytest.fixture
def app_with(apps: Apps) -> AppWith:
    """Create applications as above, which are closed when the test ends."""
    return apps


@pytest.fixture
def app(app_with: AppWith, request: pytest.FixtureRequest) -> APIFlask:
    """An application on the database, with the settings that `pytest.mark.settings` gives it."""
    mark = request.node.get_closest_marker("settings")
    return app_with(**(mark.kwargs if mark else {}))


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def rules_refreshed_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an application read the rule book when a test has it do so, and at no other time."""
    monkeypatch.setattr(live_rules, "PAUSE", 3600)


@pytest.fixture
def backtests_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `rules backtest` and `rules verify` judge in this process: others take seconds to start."""
    monkeypatch.setattr(cli, "RunContext", partial(RunContext, open_pool=in_this_process))


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
def serve(service_url: str, port: int, tmp_path: Path) -> Iterator[Serve]:
    """Start servers on the database, as the service's login; all are ended."""
    with servers(service_url, port, tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def serve_all(migrated: str, logins: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start servers for all tests of a file, each at a given port; each test empties the tables again.

    They are empty from the start: otherwise the first event of a file would meet the players of the file before.
    """
    run_sql(migrated, f"{EMPTY};{FIRST_EDITION}")
    with servers(logins[1], 0, tmp_path_factory.mktemp("servers")) as start:
        yield start


@contextmanager
def servers(url: str, port: int, folder: Path) -> Iterator[Serve]:
    started: list[Server] = []

    def start(program: Sequence[str] = DEFAULT_PROGRAM, **environment: str) -> Server:
        started.append(launch(folder, program, **{"DATABASE_URL": url, "PORT": str(port), **environment}))
        return started[-1]

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.communicate()
