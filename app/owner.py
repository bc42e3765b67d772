"""The owner of the tables, who runs migrations and grants the service's login what the tables declare.

The service's login owns nothing (A42). If DATABASE_OWNER_URL is not set, DATABASE_URL is the owner's too.
"""

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import click
import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812  # a class, whatever its letters
from sqlalchemy import Connection, MetaData, NullPool, create_engine

from app.config import Settings, sqlalchemy_url
from app.sessions import connect_arguments, make_sessions
from lib.database_url import read_address
from lib.logs import get_logger
from lib.postgres_sessions import open_with
from lib.privileges import cursor_of, grant, is_login, make_login, powers_of

VERSIONS = "alembic_version"  # read by the service for readiness

ONE_LOGIN = (
    "the service's login owns the tables: whoever gains control of the service could rewrite the stored data. Give the "
    'tables another owner and set DATABASE_OWNER_URL to its address: docs/deploy.md, "Two logins"'
)
NO_LOGIN = """\
DATABASE_URL names the login {login}, which does not exist in PostgreSQL. Let a superuser create it, then try again:
  createuser {login}"""
NOT_THE_OWNER = """\
{said}. Only the owner of the tables can migrate: set DATABASE_OWNER_URL to the address of its login, or run this as
somebody who has it (docs/deploy.md, "Two logins")"""

log = get_logger()


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of the tables, who grants privileges on them."""

    settings: Settings

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Provide a connection as the owner, and close it afterwards."""
        address = sqlalchemy_url(self.settings.database_owner_url or self.settings.database_url)
        engine = create_engine(address, poolclass=NullPool, connect_args=dict(connect_arguments(self.settings)))
        open_with(engine, make_sessions(self.settings))
        with engine.connect() as connection:
            yield connection

    def allow(self, connection: Connection, metadata: MetaData) -> None:
        """Grant the service's login what the tables declare; create the login first if it is missing.

        Raises `click.ClickException` if the owner may not create it.
        """
        connection.rollback()  # ends the transaction that read the migrations
        with connection.begin():
            role = self._service_login(cursor_of(connection))
            allowed = grant(connection, metadata, role, also_read=VERSIONS)
        if not allowed:
            log.warning("one login", todo=ONE_LOGIN)

    def _service_login(self, cursor: Cursor) -> str | None:
        """Return the name of the service's login; None if it is the owner's, or DATABASE_OWNER_URL is not set."""
        if not self.settings.database_owner_url:
            return None
        login = self._login_of_the_service()
        if login == powers_of(cursor, []).login:
            return None
        if not is_login(cursor, login):
            self._create_login(cursor, login)
        return login

    def _login_of_the_service(self) -> str:
        """Connect to learn the login of DATABASE_URL, which a pooler may decide; if that fails, read the address."""
        parameters = read_address(self.settings.database_url)
        try:
            with (
                closing(psycopg2.connect(**{**parameters, **connect_arguments(self.settings)})) as connection,
                connection.cursor() as cursor,
            ):
                return powers_of(cursor, []).login
        except psycopg2.OperationalError:
            return parameters.get("user") or getpass.getuser()

    def _create_login(self, cursor: Cursor, login: str) -> None:
        password = read_address(self.settings.database_url).get("password")
        cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        [(may_make,)] = cursor.fetchall()
        if not (password and may_make):
            raise click.ClickException(NO_LOGIN.format(login=login))
        make_login(cursor, login, password)
