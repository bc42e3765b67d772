"""How the service's sessions of the database are opened, as the settings say."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import psycopg2

from app.config import Settings
from lib.database_url import read_address
from lib.hints import command
from lib.logs import get_logger
from lib.postgres_pool import connect_options, session_settings
from lib.postgres_sessions import Sessions, SettingsLost
from lib.privileges import Powers, powers_of
from lib.settings import SettingsError

APPLICATION_NAME = "activity-alerts"  # under which PostgreSQL shows them

# Seconds: by DB_DEADLINE we have hung up ourselves, unless we are stopped (A36).
IDLE_BEYOND = 1
TABLE = "activity_event"  # whoever owns it owns them all
# Both for a superuser of PostgreSQL. For a login that owns its tables; afterwards `db upgrade`, as the new owner, gives
# it back what it needs.
NEW_OWNER = """\
psql --single-transaction {database} <<'END'
CREATE ROLE {login}_owner LOGIN;
REASSIGN OWNED BY {login} TO {login}_owner;
GRANT ALL ON ALL TABLES IN SCHEMA public TO {login};
END"""
# A login that is one stays the owner, and the service gets another login.
NEW_LOGIN = """\
psql {database} --command="CREATE ROLE {login}_service LOGIN PASSWORD '…'"
# DATABASE_OWNER_URL: the present DATABASE_URL; DATABASE_URL: that of {login}_service"""

log = get_logger()


def connect_arguments(settings: Settings) -> Mapping[str, Any]:
    """Return libpq's parameters beside those of DATABASE_URL."""
    return connect_options(
        read_address(settings.database_url),
        application_name=APPLICATION_NAME,
        connect_timeout=settings.db_connect_timeout,
    )


def engine_options(settings: Settings) -> dict[str, object]:
    """Return what SQLAlchemy's engine is made with: how many connections, and libpq's parameters of each."""
    return {
        "pool_size": settings.pool_size,
        "max_overflow": 0,
        "pool_timeout": settings.db_pool_timeout,
        "pool_use_lifo": True,
        # Who borrows gives back clean: Transaction and SQLAlchemy's Connection both end what they began.
        "pool_reset_on_return": None,
        "use_native_hstore": False,  # or each new connection would ask whether there is such a type
        "connect_args": connect_arguments(settings),
    }


def set_in_each(settings: Settings) -> dict[str, str]:
    """Return what each session is set to."""
    return session_settings(
        statement_timeout=settings.db_statement_timeout,
        lock_timeout=settings.db_lock_timeout,
        idle_timeout=settings.db_deadline + IDLE_BEYOND,
    )


def sessions_of(settings: Settings) -> Sessions:
    """Return how sessions are opened."""
    return Sessions(set_in_each(settings), patience=settings.db_connect_timeout)


def refuse_lost_settings(settings: Settings) -> None:
    """Raise `SettingsError` where the database's sessions do not keep their settings (A18).

    A database that cannot be reached now may be there later, and stops no start: then each worker looks for itself.
    Where the login is one that owns the tables, that is said (A42).
    """
    try:
        parameters = {**read_address(settings.database_url), **connect_arguments(settings)}
        with closing(sessions_of(settings).open(parameters)) as connection, connection.cursor() as cursor:
            warn_of_powers(powers_of(cursor, [TABLE]), settings.env)
    except SettingsLost as error:
        raise SettingsError({"DATABASE_URL": [str(error)]}) from None
    except psycopg2.Error as error:
        log.warning("database not reached yet", cause=str(error).strip())


def warn_of_powers(powers: Powers, env: str) -> None:
    """Say where the service's login may do what no service needs, and in production with which lines to end that."""
    if not (powers.superuser or powers.owner):
        return
    why = "is a superuser" if powers.superuser else "owns the tables"
    block = (NEW_LOGIN if powers.superuser else NEW_OWNER).format(login=powers.login, database=powers.database)
    log.warning(
        "service's login too powerful",
        login=powers.login,
        why=why,
        todo='as a superuser of PostgreSQL give the tables another owner: docs/deploy.md, "Two logins"',
        **(
            {"paste": f"{block}\n{command('db upgrade')}  # as the owner: DATABASE_OWNER_URL"}
            if env == "production"
            else {}
        ),
    )
