"""The owner's side of the database: migrations run as the owner, and give the service's login what the tables say.

The service's login owns nothing (A42). Where DATABASE_OWNER_URL is not set, DATABASE_URL is the owner's as well.
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
from app.sessions import connect_arguments, sessions_of
from lib.database_url import read_address
from lib.logs import get_logger
from lib.postgres_sessions import open_with
from lib.privileges import cursor_of, grant, is_login, make_login, powers_of

VERSIONS = "alembic_version"  # the service reads it to know whether it is ready

ONE_LOGIN = (
    "the service's login owns the tables: whoever gets hold of the service could rewrite what is kept. Give the tables "
    'another owner and name it as DATABASE_OWNER_URL: docs/deploy.md, "Two logins"'
)
NO_LOGIN = """\
DATABASE_URL names the login {login}, which PostgreSQL does not have. Have a superuser make it, then try again:
  createuser {login}"""
NOT_THE_OWNER = """\
{said}. Migrations are applied by the owner of the tables: name its login as DATABASE_OWNER_URL, or run this as whoever
has it (docs/deploy.md, "Two logins")"""

log = get_logger()


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns the tables, and whom they let write."""

    settings: Settings

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection of the owner's, closed afterwards."""
        address = sqlalchemy_url(self.settings.database_owner_url or self.settings.database_url)
        engine = create_engine(address, poolclass=NullPool, connect_args=dict(connect_arguments(self.settings)))
        open_with(engine, sessions_of(self.settings))
        with engine.connect() as connection:
            yield connection

    def allow(self, connection: Connection, metadata: MetaData) -> None:
        """Let the service's login do what the tables say; where it is not there and may be made, it is made.

        Raises `click.ClickException` where it has to be made by somebody else.
        """
        connection.rollback()  # what looked at the migrations before
        with connection.begin():
            role = self._service_login(cursor_of(connection))
            allowed = grant(connection, metadata, role, also_read=VERSIONS)
        if not allowed:
            log.warning("one login", todo=ONE_LOGIN)

    def _service_login(self, cursor: Cursor) -> str | None:
        """Return the name of the service's login; None where it is the owner's, or nobody says which it is."""
        if not self.settings.database_owner_url:
            return None
        login = self._login_of_the_service()
        if login == powers_of(cursor, []).login:
            return None
        if not is_login(cursor, login):
            self._make(cursor, login)
        return login

    def _login_of_the_service(self) -> str:
        """Ask who DATABASE_URL connects as, which a pooler may decide; where it cannot be used here, read it."""
        parameters = read_address(self.settings.database_url)
        try:
            with (
                closing(psycopg2.connect(**{**parameters, **connect_arguments(self.settings)})) as connection,
                connection.cursor() as cursor,
            ):
                return powers_of(cursor, []).login
        except psycopg2.OperationalError:
            return parameters.get("user") or getpass.getuser()

    def _make(self, cursor: Cursor, login: str) -> None:
        password = read_address(self.settings.database_url).get("password")
        cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        [(may_make,)] = cursor.fetchall()
        if not (password and may_make):
            raise click.ClickException(NO_LOGIN.format(login=login))
        make_login(cursor, login, password)
