"""The settings: read from the environment once, frozen, and loud when wrong."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from environs import Env, EnvValidationError
from marshmallow import ValidationError, validate
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app.events.domain import EventOrder
from lib.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
SCHEMES = ("postgres://", "postgresql://", "postgresql+psycopg2://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set; README lists each with its default. Times are in seconds."""

    database_url: str
    host: str
    port: int
    web_workers: int
    web_threads: int
    event_order: EventOrder
    registered_users_only: bool
    db_connect_timeout: float
    db_deadline: float
    db_pool_timeout: float
    db_lock_timeout: float
    db_statement_timeout: float
    log_level: str
    log_format: str
    log_file: str


def read_settings(dotenv: Path = Path(".env")) -> Settings:
    """Read the settings from the environment; what it leaves open, from the `.env` file.

    Raises `SettingsError`, which names every variable that is missing or wrong.
    """
    env = Env(eager=False)
    env.read_env(dotenv, recurse=False)
    settings = Settings(
        database_url=env.str("DATABASE_URL", validate=_is_postgresql),
        host=env.str("HOST", "127.0.0.1"),
        port=env.int("PORT", 5000, validate=validate.Range(1, 65535)),
        web_workers=env.int("WEB_WORKERS", 2, validate=validate.Range(1, 64)),
        web_threads=env.int("WEB_THREADS", 4, validate=validate.Range(1, 64)),
        event_order=env.enum("EVENT_ORDER", EventOrder.USER, enum=EventOrder, by_value=True),
        registered_users_only=env.bool("REGISTERED_USERS_ONLY", default=False),
        db_connect_timeout=_seconds(env, "DB_CONNECT_TIMEOUT", 2),
        db_deadline=_seconds(env, "DB_DEADLINE", 3),
        db_pool_timeout=_seconds(env, "DB_POOL_TIMEOUT", 1),
        db_lock_timeout=_seconds(env, "DB_LOCK_TIMEOUT", 2),
        db_statement_timeout=_seconds(env, "DB_STATEMENT_TIMEOUT", 2.5),
        log_level=env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(LEVELS)),
        log_format=env.str("LOG_FORMAT", "console", validate=validate.OneOf(("console", "json"))),
        log_file=env.str("LOG_FILE", "", validate=_can_be_appended_to),
    )
    try:
        env.seal()
    except EnvValidationError as error:
        raise SettingsError(cast("Mapping[str, list[str]]", error.error_messages)) from None
    return settings


def _seconds(env: Env, name: str, default: float) -> float:
    return env.float(name, default, validate=validate.Range(0.1, 60))


def _is_postgresql(address: str) -> None:
    if not address.startswith(SCHEMES):
        raise ValidationError("Must be a postgresql:// address; PostgreSQL is the only database.")
    try:
        url = make_url(sqlalchemy_url(address))
    except (ArgumentError, ValueError):
        raise ValidationError("Cannot be read: postgresql://user:password@host:port/database is its form.") from None
    if not url.database:
        raise ValidationError("Must name a database: postgresql://user:password@host:port/database.")


def _can_be_appended_to(file: str) -> None:
    try:
        if file:
            Path(file).open("ab").close()
    except OSError as error:
        raise ValidationError(f"Cannot be written: {error.strerror}.") from None


def sqlalchemy_url(address: str) -> str:
    """Return the address as SQLAlchemy wants it, whichever of the common schemes it came with."""
    return "postgresql+psycopg2://" + address.partition("://")[2]
