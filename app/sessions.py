"""How the service's sessions of the database are opened, as the settings say."""

from collections.abc import Mapping
from typing import Any

import psycopg2

from app.config import Settings
from lib.database_url import read_address
from lib.logs import get_logger
from lib.postgres_pool import connect_options, session_settings
from lib.postgres_sessions import Sessions, SettingsLost
from lib.settings import SettingsError

APPLICATION_NAME = "activity-alerts"  # under which PostgreSQL shows them

# Seconds: by DB_DEADLINE we have hung up ourselves, unless we are stopped (A36).
IDLE_BEYOND = 1

log = get_logger()


def connect_arguments(settings: Settings) -> Mapping[str, Any]:
    """Return libpq's parameters beside those of DATABASE_URL."""
    return connect_options(
        read_address(settings.database_url),
        application_name=APPLICATION_NAME,
        connect_timeout=settings.db_connect_timeout,
    )


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
    """
    try:
        sessions_of(settings).open({**read_address(settings.database_url), **connect_arguments(settings)}).close()
    except SettingsLost as error:
        raise SettingsError({"DATABASE_URL": [str(error)]}) from None
    except psycopg2.Error as error:
        log.warning("database not reached yet", cause=str(error).strip())
