"""The owner migrates and grants the service's login what it needs, creating that login if necessary (A42)."""

import secrets
from collections.abc import Iterator

import flask_migrate
import pytest
from apiflask import APIFlask
from psycopg2 import errors

from app.datastores import db
from app.factory import create_app
from app.sessions import NEW_OWNER, check_session_settings
from lib.database_url import plain_url, read_address
from tests.integration.clients import codes, send
from tests.integration.conftest import fresh_database, run_sql
from tests.integration.pgbouncers import PROGRAM, bouncer
from tests.integration.wiring import wiring
from tests.settings import settings_with

OWNERS = "SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname = 'public'"


@pytest.fixture
def role(server: str) -> Iterator[str]:
    """A name that no role has yet; what has it at the end is gone."""
    name = f"made_{secrets.token_hex(6)}"
    yield name
    run_sql(server, f"DROP ROLE IF EXISTS {name}")


@pytest.fixture
def owner(server: str, role: str) -> Iterator[str]:  # noqa: ARG001  # whose grants end with the database
    with fresh_database(server) as url:
        yield url


def as_login(owner: str, role: str, **parameters: str) -> str:
    return plain_url({**read_address(owner), "user": role, "password": "secret", **parameters})


def done_with(app: APIFlask) -> None:
    wiring(app).stop()
    with app.app_context():
        db.engine.dispose()


def command(service: str, owner: str, *words: str) -> tuple[int, str]:
    app = create_app(settings_with(database_url=service, database_owner_url=owner))
    done = app.test_cli_runner().invoke(args=["db", *words])
    done_with(app)
    return done.exit_code, done.output


def test_a_missing_login_is_created_if_the_owner_may(owner: str, role: str) -> None:
    service = as_login(owner, role)
    status, output = command(service, owner, "upgrade")
    assert status == 0, output
    assert run_sql(owner, OWNERS) == [(read_address(owner)["user"],)]
    app = create_app(settings_with(database_url=service))
    client = app.test_client()
    assert codes(send(client, "withdraw", "150", 1)) == [1100]
    assert client.get("/health/ready").status_code == 200
    done_with(app)


def test_without_createrole_the_message_says_who_creates_the_login(owner: str, role: str) -> None:
    status, output = command(as_login(owner, role, password=""), owner, "upgrade")
    assert status == 1
    assert f"\n  createuser {role}" in output
    assert "Traceback" not in output


def test_a_single_login_still_works_with_a_warning(owner: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert command(owner, "", "upgrade")[0] == 0
    output = capfd.readouterr().err
    assert "DATABASE_OWNER_URL" in output
    assert "Two logins" in output


def test_the_service_login_cannot_migrate_and_names_the_owner(owner: str, role: str) -> None:
    service = as_login(owner, role)
    assert command(service, owner, "upgrade", "0006")[0] == 0
    status, output = command(service, "", "upgrade")
    assert status == 1
    assert "DATABASE_OWNER_URL" in output
    assert "Traceback" not in output


def test_logins_with_write_access_get_it_for_later_tables_too(owner: str, role: str) -> None:
    """Also where only the owner's address is given: no release must find that a grant is missing."""
    service = as_login(owner, role)
    assert command(service, owner, "upgrade")[0] == 0
    run_sql(owner, f"REVOKE SELECT ON api_key FROM {role}")  # noqa: S608  # ours
    assert command(owner, "", "upgrade")[0] == 0
    assert run_sql(service, "SELECT count(*) FROM api_key") == [(0,)]


def test_extra_grants_are_revoked(owner: str, role: str) -> None:
    service = as_login(owner, role)
    assert command(service, owner, "upgrade")[0] == 0
    run_sql(owner, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}, PUBLIC")
    assert command(service, owner, "upgrade")[0] == 0
    with pytest.raises(errors.InsufficientPrivilege):
        run_sql(service, "DELETE FROM alert")


def test_the_tables_of_0_1_get_their_logins_in_place(owner: str, role: str) -> None:
    """A database with data of the release before, whose only login was the owner's."""
    app = create_app(settings_with(database_url=owner))
    with app.app_context():
        flask_migrate.upgrade("migrations", "0006")
    run_sql(owner, "INSERT INTO user_clock VALUES (1, 5)")
    run_sql(owner, "INSERT INTO activity_event VALUES (1, 5, 'deposit', 1, '{}')")
    done_with(app)
    service = as_login(owner, role)
    assert command(service, owner, "upgrade")[0] == 0
    app = create_app(settings_with(database_url=service))
    assert codes(send(app.test_client(), "deposit", "1.00", 5)) == []
    assert codes(send(app.test_client(), "deposit", "1.00", 6)) == []
    done_with(app)


@pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")
def test_behind_a_pooler_the_login_is_the_pooled_one(owner: str, role: str, server: str) -> None:
    run_sql(server, f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
    service = as_login(owner, role)
    with bouncer(service, pool_mode="session") as pooled:
        assert command(pooled, owner, "upgrade")[0] == 0
        app = create_app(settings_with(database_url=pooled))
        assert codes(send(app.test_client(), "deposit", "1.00", 5)) == []
        done_with(app)


@pytest.mark.parametrize(("env", "pasted"), [("production", True), ("development", False)])
def test_a_service_that_owns_its_tables_warns_at_start(
    owner: str, env: str, capfd: pytest.CaptureFixture[str], *, pasted: bool
) -> None:
    assert command(owner, "", "upgrade")[0] == 0
    capfd.readouterr()
    check_session_settings(settings_with(database_url=owner, env=env))
    output = capfd.readouterr().err
    assert "is a superuser" in output
    assert ("CREATE ROLE" in output) is pasted


def test_a_service_that_owns_no_tables_does_not_warn(service_url: str, capfd: pytest.CaptureFixture[str]) -> None:
    check_session_settings(settings_with(database_url=service_url, env="production"))
    assert "too powerful" not in capfd.readouterr().err


def test_the_block_to_paste_gives_the_tables_another_owner(server: str, role: str, owner: str) -> None:
    """Of a login that is no superuser: the service goes on with it, and owns nothing any more."""
    run_sql(server, f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
    [(database,)] = run_sql(owner, "SELECT current_database()")
    run_sql(owner, f"ALTER DATABASE {database} OWNER TO {role}; GRANT ALL ON SCHEMA public TO {role}")
    service = as_login(owner, role)
    assert command(service, "", "upgrade")[0] == 0
    _, *statements, _ = NEW_OWNER.format(login=role, database=database).splitlines()
    run_sql(owner, "".join(statements))
    try:
        with pytest.raises(errors.InsufficientPrivilege):
            run_sql(service, "ALTER TABLE alert DISABLE TRIGGER ALL")
        assert command(service, owner, "upgrade")[0] == 0
        with pytest.raises(errors.InsufficientPrivilege):
            run_sql(service, "DELETE FROM alert")
        assert run_sql(owner, OWNERS) == [(f"{role}_owner",)]
    finally:
        run_sql(owner, f"REASSIGN OWNED BY {role}_owner TO CURRENT_USER; DROP ROLE {role}_owner")
