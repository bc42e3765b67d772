"""The settings: read from the environment once, frozen, and loud when wrong."""

import os
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from environs import Env, EnvValidationError
from marshmallow import ValidationError, validate

from app.access.domain import Access, InvalidSpan, read_span
from app.events.domain import EventOrder
from lib.database_url import InvalidAddress, engine_url, read_address
from lib.settings import SettingsError, origins, secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import URL

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
ENVIRONMENTS = ("development", "production")
SAID_OF_ACCESS = (Access.OPEN.value, Access.KEYS.value)
LIMIT_STORAGES = ("memory://", "redis://", "rediss://", "redis+unix://")
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
# Connections of a worker that no place in a room stands for: to look at the rule book, to read keys and write of them,
# for readiness.
SPARE_CONNECTIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set; docs/settings.md lists each with its default. Times are in seconds."""

    database_url: str
    database_owner_url: str
    host: str
    port: int
    web_workers: int
    web_threads: int
    read_threads: int
    env: str
    access: Access
    hosts: frozenset[str]
    key_max_age: timedelta | None
    rate_limit: str
    rate_limit_storage: str
    event_order: EventOrder
    four_eyes: bool
    registered_users_only: bool
    db_connect_timeout: float
    db_deadline: float
    db_pool_timeout: float
    db_lock_timeout: float
    db_statement_timeout: float
    log_level: str
    log_format: str
    log_file: str

    @property
    def pool_size(self) -> int:
        """The connections to the database that a worker process may open.

        One for each event and each other request that it works on, and the spare ones. The only place that decides it;
        docs/settings.md is the only one that tells it.
        """
        return self.web_threads + self.read_threads + SPARE_CONNECTIONS


def read_settings(dotenv: Path = Path(".env")) -> Settings:
    """Read the settings from the environment; what it leaves open, from the `.env` file.

    Raises `SettingsError`, which names every variable that is missing or wrong.
    """
    set_in = origins(dotenv)
    env = Env(eager=False)
    env.read_env(dotenv, recurse=False)
    host = env.str("HOST", "127.0.0.1")
    environment = env.str("ENV", "development", validate=validate.OneOf(ENVIRONMENTS))
    settings = Settings(
        database_url=secret(env, "DATABASE_URL", _is_postgresql),
        database_owner_url=secret(env, "DATABASE_OWNER_URL", _is_postgresql_if_given, default=""),
        host=host,
        port=_whole(env, "PORT", 5000, greatest=65535),
        web_workers=_whole(env, "WEB_WORKERS", 2, greatest=64),
        web_threads=_whole(env, "WEB_THREADS", 4, greatest=64),
        read_threads=_whole(env, "READ_THREADS", 1, greatest=64),
        env=environment,
        access=_access(env, environment),
        hosts=names_of(env.str("HOSTS", "", validate=_are_names) or ""),
        key_max_age=span_of(env.str("KEY_MAX_AGE", "", validate=_is_a_span)),
        rate_limit=env.str("RATE_LIMIT", "", validate=_is_a_limit),
        rate_limit_storage=secret(env, "RATE_LIMIT_STORAGE", _is_a_limit_storage, default="memory://"),
        event_order=env.enum("EVENT_ORDER", EventOrder.USER, enum=EventOrder, by_value=True),
        four_eyes=_switch(env, "FOUR_EYES"),
        registered_users_only=_switch(env, "REGISTERED_USERS_ONLY"),
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
        raise SettingsError(cast("Mapping[str, list[str]]", error.error_messages), set_in) from None
    os.environ.pop("DATABASE_OWNER_URL", None)  # the settings have it; no process that this one starts needs it
    return settings


def default_access(environment: str) -> Access:
    """Return who needs a key where nobody says: in development not the programs of this machine (A20)."""
    return Access.LOCAL if environment == "development" else Access.KEYS


def _access(env: Env, environment: str) -> Access:
    said = env.str("ACCESS", default_access(environment), validate=validate.OneOf(SAID_OF_ACCESS))
    return Access(said or Access.KEYS)  # nothing where it was refused


def names_of(hosts: str) -> frozenset[str]:
    """Return the names in HOSTS, as they are compared with a `Host`."""
    return frozenset(hosts.replace(",", " ").lower().split())


def span_of(text: str) -> timedelta | None:
    """Return a span of time such as 90d; `None` for no text."""
    return read_span(text) if text else None


def _whole(env: Env, name: str, default: int, *, greatest: int) -> int:
    taken = f"Must be a whole number from 1 to {greatest}."
    within = validate.Range(1, greatest, error=taken)
    whole: int = _field(env.int)(name, default, validate=within, error_messages={"invalid": taken})
    return whole


def _seconds(env: Env, name: str, default: float) -> float:
    taken = "Must be a number of seconds from 0.1 to 60."
    within = validate.Range(0.1, 60, error=taken)
    messages = {"invalid": taken, "special": taken}
    seconds: float = _field(env.float)(name, default, validate=within, error_messages=messages)
    return seconds


def _switch(env: Env, name: str) -> bool:
    switch: bool = _field(env.bool)(name, default=False, error_messages={"invalid": "Must be true or false."})
    return switch


def _field(read: object) -> Any:  # noqa: ANN401  # environs hands what it does not know to marshmallow's field, untyped
    return read


def _is_postgresql(address: str) -> None:
    try:
        read_address(address)
    except InvalidAddress as error:
        raise ValidationError(f"It {error}.") from None


def _is_postgresql_if_given(address: str) -> None:
    if address:
        _is_postgresql(address)


def _is_a_limit(limit: str) -> None:
    if not limit:
        return
    from limits import parse_many  # noqa: PLC0415  # nothing else of the settings needs it

    try:
        parse_many(limit)
    except ValueError:
        raise ValidationError('Must be a limit such as "600 per minute", or empty for none.') from None


def _are_names(hosts: str) -> None:
    wrong = [name for name in names_of(hosts) if not HOST_NAME.fullmatch(name)]
    if wrong:
        raise ValidationError("Must be names without ports, such as alerts.example.com, with commas between them.")


def _is_a_span(text: str) -> None:
    try:
        span_of(text)
    except InvalidSpan as error:
        raise ValidationError(f"Must be a span of time, or empty for none: {error}.") from None


def _is_a_limit_storage(address: str) -> None:
    if not address.startswith(LIMIT_STORAGES):
        raise ValidationError("Must be memory:// or redis://host:6379/0.")


def _can_be_appended_to(file: str) -> None:
    try:
        if file:
            Path(file).open("ab").close()
    except OSError as error:
        raise ValidationError(f"Cannot be written: {error.strerror}.") from None


def sqlalchemy_url(address: str) -> "URL":
    """Return the address as SQLAlchemy wants it, whichever of its forms it came in; raises `InvalidAddress`."""
    return engine_url(read_address(address))
