"""A read-only database is reported as such everywhere; among several hosts the writable one is found."""

import time
from collections.abc import Iterator

import flask_migrate
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.datastores import db
from app.factory import create_app
from app.health import controllers
from lib.database_url import plain_url, read_address
from lib.local.database_address import try_connection
from lib.local.postgres import temporary_cluster
from lib.local.terminal import LocalError
from testkit.ports import free_port
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import FAST, AppWith, Sql, run_sql
from tests.integration.servers import MAX_WAIT, Serve, await_answer
from tests.integration.standbys import Standby, standby_of
from tests.settings import settings_with

UNAVAILABLE = (503, "unavailable")
SET = "ALTER DATABASE {} SET default_transaction_read_only = {}"


def ready(client: FlaskClient) -> str:
    """Ask until the look is newer than the question; return the status in a word, or the reason."""
    client.get("/health/ready")
    time.sleep(controllers.PAUSE * 2)
    answer = client.get("/health/ready")
    if answer.status_code == 200:
        return str(answer.get_json()["status"])
    assert problem(answer) == (503, "not-ready")
    return str(answer.get_json()["detail"]).partition(":")[0]


def ready_within(client: FlaskClient, seconds: float, word: str) -> bool:
    deadline = time.monotonic() + seconds
    while (found := ready(client)) != word and time.monotonic() < deadline:
        pass
    return found == word


@pytest.fixture
def switch(database: str) -> Iterator[str]:
    """Make the database writable again after each test."""
    name = read_address(database)["dbname"]
    yield name
    run_sql(with_options(database, "-c default_transaction_read_only=off"), f"ALTER DATABASE {name} RESET ALL")


def with_options(url: str, options: str) -> str:
    return plain_url({**read_address(url), "options": options})


def output_of(app: APIFlask, *command: str) -> str:
    """Run a command that must fail; return its line."""
    done = app.test_cli_runner().invoke(args=command)
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    return done.output


def test_a_read_only_database_is_not_ready(app_with: AppWith, database: str, sql: Sql, switch: str) -> None:
    sql(SET.format(switch, "on"))
    client = app_with().test_client()
    assert ready(client) == "database-read-only"
    assert client.get("/health/live").status_code == 200
    assert problem(send(client, "deposit", "1", 1)) == UNAVAILABLE
    run_sql(with_options(database, "-c default_transaction_read_only=off"), f"ALTER DATABASE {switch} RESET ALL")
    assert ready_within(client, MAX_WAIT, "ready")
    assert codes(send(client, "deposit", "1", 1)) == []


def test_writable_open_sessions_do_not_make_a_read_only_database_ready(
    app_with: AppWith, sql: Sql, switch: str
) -> None:
    client = app_with().test_client()
    assert codes(send(client, "deposit", "1", 1)) == []
    assert ready(client) == "ready"
    sql(SET.format(switch, "on"))
    assert ready(client) == "database-read-only"


def test_a_connection_whose_options_allow_writes_is_ready(
    app_with: AppWith, database: str, sql: Sql, switch: str
) -> None:
    sql(SET.format(switch, "on"))
    client = app_with(database_url=with_options(database, "-c default_transaction_read_only=off")).test_client()
    assert codes(send(client, "deposit", "1", 1)) == []
    assert ready(client) == "ready"


def test_commands_on_a_read_only_database_say_what_to_do(
    app_with: AppWith, database: str, server: str, sql: Sql, switch: str
) -> None:
    sql(SET.format(switch, "on"))
    line = output_of(app_with(), "keys", "create", "--name", "k", "--scope", "events:write")
    assert "takes no changes" in line
    assert "target_session_attrs=read-write" in line
    with pytest.raises(LocalError, match=r"takes no changes.*target_session_attrs=read-write"):
        try_connection(database)
    empty = app_with(database_url=with_options(server, "-c default_transaction_read_only=on"))
    assert "no migration was applied, the database takes no changes" in output_of(empty, "db", "upgrade")


@pytest.fixture(scope="module")
def primary() -> Iterator[str]:
    with temporary_cluster(settings=FAST) as url:
        with create_app(settings_with(database_url=url)).app_context():
            flask_migrate.upgrade("migrations")
            db.engine.dispose()
        yield url


@pytest.fixture
def standby(primary: str) -> Iterator[Standby]:
    with standby_of(primary) as made:
        yield made


def hosts(*ports: str | int, url: str, attributes: str = "read-write") -> str:
    several = {"host": ",".join(["127.0.0.1"] * len(ports)), "port": ",".join(map(str, ports))}
    return plain_url({**read_address(url), **several, "target_session_attrs": attributes})


def test_a_hot_standby_is_not_ready_and_the_writable_host_is_chosen(
    app_with: AppWith, primary: str, standby: Standby, serve: Serve, port: int
) -> None:
    client = app_with(database_url=standby.url).test_client()
    assert ready(client) == "database-read-only"
    assert problem(send(client, "deposit", "1", 1)) == UNAVAILABLE
    with pytest.raises(LocalError, match="takes no changes"):
        try_connection(standby.url)

    dead, behind, ahead = free_port(), read_address(standby.url)["port"], read_address(primary)["port"]
    with pytest.raises(
        LocalError, match=rf"port {dead} failed: Connection refused; .*port {behind} failed: session is"
    ):
        try_connection(hosts(dead, behind, url=primary))
    several = hosts(dead, behind, ahead, url=primary)
    assert several.startswith("postgresql://")
    try_connection(several)
    serve(DATABASE_URL=several)
    await_answer(port, 1)
    assert run_sql(primary, "SELECT count(*) FROM activity_event") == [(1,)]

    standby.promote()
    assert ready_within(client, MAX_WAIT, "ready")
    assert codes(send(client, "deposit", "1", 7)) == []
