"""How the service opens its database sessions, according to the settings."""

from collections.abc import Mapping
from contextlib import closing
from time import time
from typing import Any

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812  # it is a class

from app.config import Settings
from app.events.domain import MeaningOfT
from app.events.queries import player_ahead
from lib.database_url import read_address
from lib.hints import command
from lib.logs import get_logger
from lib.postgres_pool import connect_options, session_settings
from lib.postgres_sessions import Sessions, SettingsLost
from lib.privileges import Powers, powers_of
from lib.settings import SettingsError

APPLICATION_NAME = "activity-alerts"  # the name of its sessions in PostgreSQL

# Seconds. At DB_DEADLINE the service hangs up itself, unless its process is stopped (A36).
IDLE_BEYOND = 1
TABLE = "activity_event"  # its owner owns all tables
# A superuser of PostgreSQL runs these. This one is for a login that owns the tables; `db upgrade`, run afterwards as
# the new owner, grants the login what it needs.
NEW_OWNER = """\
psql --single-transaction {database} <<'END'
CREATE ROLE {login}_owner LOGIN;
REASSIGN OWNED BY {login} TO {login}_owner;
GRANT ALL ON ALL TABLES IN SCHEMA public TO {login};
END"""
# This one is for a login that is a superuser: it stays the owner, and the service gets another login.
NEW_LOGIN = """\
psql {database} --command="CREATE ROLE {login}_service LOGIN PASSWORD '…'"
# DATABASE_OWNER_URL: the present DATABASE_URL; DATABASE_URL: that of {login}_service"""

log = get_logger()

IN_FORCE_WITH_PERIODS = """
    SELECT edition FROM rule_book
    WHERE status IN ('live', 'shadow') AND rules @? '$[*] ? (exists (@.period))' ORDER BY status LIMIT 1
"""


def connect_arguments(settings: Settings) -> Mapping[str, Any]:
    """Return libpq's parameters in addition to those of DATABASE_URL."""
    return connect_options(
        read_address(settings.database_url),
        application_name=APPLICATION_NAME,
        connect_timeout=settings.db_connect_timeout,
    )


def engine_options(settings: Settings) -> dict[str, object]:
    """Return the options of SQLAlchemy's engine: the size of its pool, and libpq's parameters of each connection."""
    return {
        "pool_size": settings.pool_size,
        "max_overflow": 0,
        "pool_timeout": settings.db_pool_timeout,
        "pool_use_lifo": True,
        # Connections come back clean: Transaction and SQLAlchemy's Connection both end what they began.
        "pool_reset_on_return": None,
        "use_native_hstore": False,  # or each new connection would query whether that type exists
        "connect_args": connect_arguments(settings),
    }


def settings_per_session(settings: Settings) -> dict[str, str]:
    """Return the settings of each session."""
    return session_settings(
        statement_timeout=settings.db_statement_timeout,
        lock_timeout=settings.db_lock_timeout,
        idle_timeout=settings.db_deadline + IDLE_BEYOND,
    )


def make_sessions(settings: Settings) -> Sessions:
    """Return the opener of sessions."""
    return Sessions(settings_per_session(settings), timeout=settings.db_connect_timeout)


def check_session_settings(settings: Settings) -> None:
    """Raise `SettingsError` if the database's sessions do not keep their settings (A18).

    A database that cannot be reached yet does not prevent the start; each worker checks its sessions later. Warns if
    the login owns the tables (A42), or if a stored `t` is ahead of the clock.
    """
    try:
        parameters = {**read_address(settings.database_url), **connect_arguments(settings)}
        with closing(make_sessions(settings).open(parameters)) as connection, connection.cursor() as cursor:
            warn_of_powers(powers_of(cursor, [TABLE]), settings.env)
            warn_of_times_ahead(cursor, settings.t_ahead)
            warn_of_periods(cursor, settings.t_is)
    except SettingsLost as error:
        raise SettingsError({"DATABASE_URL": [str(error)]}) from None
    except psycopg2.Error as error:
        log.warning("database not reached yet", cause=str(error).strip())


def warn_of_times_ahead(cursor: Cursor, allowed: int | None) -> None:
    """Warn of a player whose latest `t` is too far ahead: each true `t` of theirs is refused (A31)."""
    if allowed is None:
        return
    try:
        found = player_ahead(cursor, int(time()) + allowed)
    except psycopg2.Error as error:  # no tables yet, or so many players that looking at each takes too long
        log.info("stored t not compared with the clock", cause=str(error).strip())
        return
    if found:
        user_id, t = found
        log.warning(
            "stored t ahead of the clock",
            user_id=user_id,
            t=t,
            todo="each true t of this player is refused until it is repaired: docs/deploy.md, A `t` from a wrong clock",
        )


def warn_of_periods(cursor: Cursor, t_is: MeaningOfT) -> None:
    """Warn of rules for days, weeks or months in force where `t` is not said to be Unix time (A62)."""
    if t_is is MeaningOfT.UNIX:
        return
    try:
        cursor.execute(IN_FORCE_WITH_PERIODS)
        found = cursor.fetchone()
    except psycopg2.Error:  # no tables yet, which others report
        return
    if found:
        log.warning(
            "rules for calendar periods without Unix time",
            edition=found[0],
            todo="set T_IS=unix if t is in Unix seconds, or publish an edition without period and zone",
        )


def warn_of_powers(powers: Powers, env: str) -> None:
    """Warn if the service's login has more privileges than it needs; in production with the commands that end that."""
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
