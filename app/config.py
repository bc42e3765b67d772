"""The settings: read once from the environment, validated, frozen."""

import os
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from environs import Env, EnvValidationError
from marshmallow import ValidationError, validate

from app.access.domain import Access, InvalidSpan, read_span
from app.events.domain import EventOrder, MeaningOfT
from lib.database_url import InvalidAddress, engine_url, read_address
from lib.settings import SettingsError, origins, secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import URL

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
ENVIRONMENTS = ("development", "production")
ACCESS_VALUES = (Access.OPEN.value, Access.KEYS.value)
LIMIT_STORAGES = ("memory://", "redis://", "rediss://", "redis+unix://")
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
OFF = "off"
T_AHEAD_OF_UNIX = 300  # seconds
MAX_T_AHEAD = 366 * 24 * 3600  # seconds
# Connections of a worker beside those for requests: for reading the rule book, for reading keys and writing their uses,
# and for readiness.
SPARE_CONNECTIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings; docs/settings.md lists them with their defaults. Times are in seconds."""

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
    t_is: MeaningOfT
    t_ahead: int | None
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
        """The number of database connections that a worker process may open.

        One for each event and each other request at work, and the spare ones. Only this code decides the number, and
        only docs/settings.md states it.
        """
        return self.web_threads + self.read_threads + SPARE_CONNECTIONS


def read_settings(dotenv: Path = Path(".env")) -> Settings:
    """Read the settings from the environment and, where it has none, from the `.env` file.

    Raises `SettingsError`, which names every variable that is missing or wrong.
    """
    set_in = origins(dotenv)
    env = Env(eager=False)
    env.read_env(dotenv, recurse=False)
    settings = _read_all(env)
    try:
        env.seal()
    except EnvValidationError as error:
        raise SettingsError(cast("Mapping[str, list[str]]", error.error_messages), set_in) from None
    os.environ.pop("DATABASE_OWNER_URL", None)  # the settings have it, and no child process needs it
    return settings


def _read_all(env: Env) -> Settings:
    """Read each setting; those that are missing or wrong are noted in `env`."""
    t_is = env.enum("T_IS", MeaningOfT.NUMBER, enum=MeaningOfT, by_value=True)
    environment = env.str("ENV", "development", validate=validate.OneOf(ENVIRONMENTS))
    return Settings(
        database_url=secret(env, "DATABASE_URL", _check_database_url),
        database_owner_url=secret(env, "DATABASE_OWNER_URL", _check_optional_database_url, default=""),
        host=env.str("HOST", "127.0.0.1"),
        port=_whole_number(env, "PORT", 5000, maximum=65535),
        web_workers=_whole_number(env, "WEB_WORKERS", 2, maximum=64),
        web_threads=_whole_number(env, "WEB_THREADS", 4, maximum=64),
        read_threads=_whole_number(env, "READ_THREADS", 1, maximum=64),
        env=environment,
        access=_access(env, environment),
        hosts=parse_hosts(env.str("HOSTS", "", validate=_check_hosts) or ""),
        key_max_age=parse_span(env.str("KEY_MAX_AGE", "", validate=_check_span)),
        rate_limit=env.str("RATE_LIMIT", "", validate=_check_rate_limit),
        rate_limit_storage=secret(env, "RATE_LIMIT_STORAGE", _check_limit_storage, default="memory://"),
        event_order=env.enum("EVENT_ORDER", EventOrder.USER, enum=EventOrder, by_value=True),
        t_is=t_is,
        t_ahead=_t_ahead(env, t_is),
        four_eyes=_switch(env, "FOUR_EYES"),
        registered_users_only=_switch(env, "REGISTERED_USERS_ONLY"),
        db_connect_timeout=_seconds(env, "DB_CONNECT_TIMEOUT", 2),
        db_deadline=_seconds(env, "DB_DEADLINE", 3),
        db_pool_timeout=_seconds(env, "DB_POOL_TIMEOUT", 1),
        db_lock_timeout=_seconds(env, "DB_LOCK_TIMEOUT", 2),
        db_statement_timeout=_seconds(env, "DB_STATEMENT_TIMEOUT", 2.5),
        log_level=env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(LEVELS)),
        log_format=env.str("LOG_FORMAT", "console", validate=validate.OneOf(("console", "json"))),
        log_file=env.str("LOG_FILE", "", validate=_check_log_file),
    )


def default_access(environment: str) -> Access:
    """Return the default of ACCESS: keys, but in development not for programs on this machine (A20)."""
    return Access.LOCAL if environment == "development" else Access.KEYS


def _access(env: Env, environment: str) -> Access:
    value = env.str("ACCESS", default_access(environment), validate=validate.OneOf(ACCESS_VALUES))
    return Access(value or Access.KEYS)  # empty if it was refused


def parse_hosts(hosts: str) -> frozenset[str]:
    """Return the names in HOSTS, in the form that is compared with a `Host`."""
    return frozenset(hosts.replace(",", " ").lower().split())


def parse_span(text: str) -> timedelta | None:
    """Return a span of time such as 90d; `None` for no text."""
    return read_span(text) if text else None


def _whole_number(env: Env, name: str, default: int, *, maximum: int) -> int:
    message = f"Must be a whole number from 1 to {maximum}."
    within = validate.Range(1, maximum, error=message)
    number: int = _field(env.int)(name, default, validate=within, error_messages={"invalid": message})
    return number


def _t_ahead(env: Env, t_is: MeaningOfT | None) -> int | None:
    """Return T_AHEAD; None for "off", its default unless `t` is known to be Unix time (A31)."""
    text = env.str("T_AHEAD", "", validate=_check_t_ahead)
    if not text:
        return T_AHEAD_OF_UNIX if t_is is MeaningOfT.UNIX else None
    return None if text == OFF else int(text)


def _check_t_ahead(text: str) -> None:
    if text and text != OFF and not (text.isascii() and text.isdigit() and int(text) <= MAX_T_AHEAD):
        raise ValidationError(f"Must be a whole number of seconds from 0 to {MAX_T_AHEAD}, or {OFF}.")


def _seconds(env: Env, name: str, default: float) -> float:
    message = "Must be a number of seconds from 0.1 to 60."
    within = validate.Range(0.1, 60, error=message)
    messages = {"invalid": message, "special": message}
    seconds: float = _field(env.float)(name, default, validate=within, error_messages=messages)
    return seconds


def _switch(env: Env, name: str) -> bool:
    switch: bool = _field(env.bool)(name, default=False, error_messages={"invalid": "Must be true or false."})
    return switch


def _field(read: object) -> Any:  # noqa: ANN401  # environs hands unknown arguments to marshmallow's field, untyped
    return read


def _check_database_url(address: str) -> None:
    try:
        read_address(address)
    except InvalidAddress as error:
        raise ValidationError(f"It {error}.") from None


def _check_optional_database_url(address: str) -> None:
    if address:
        _check_database_url(address)


def _check_rate_limit(limit: str) -> None:
    if not limit:
        return
    from limits import parse_many  # noqa: PLC0415  # no other setting needs it

    try:
        parse_many(limit)
    except ValueError:
        raise ValidationError('Must be a limit such as "600 per minute", or empty for none.') from None


def _check_hosts(hosts: str) -> None:
    wrong = [name for name in parse_hosts(hosts) if not HOST_NAME.fullmatch(name)]
    if wrong:
        raise ValidationError("Must be names without ports, such as alerts.example.com, with commas between them.")


def _check_span(text: str) -> None:
    try:
        parse_span(text)
    except InvalidSpan as error:
        raise ValidationError(f"Must be a span of time, or empty for none: {error}.") from None


def _check_limit_storage(address: str) -> None:
    if not address.startswith(LIMIT_STORAGES):
        raise ValidationError("Must be memory:// or redis://host:6379/0.")


def _check_log_file(file: str) -> None:
    try:
        if file:
            Path(file).open("ab").close()
    except OSError as error:
        raise ValidationError(f"Cannot be written: {error.strerror}.") from None


def sqlalchemy_url(address: str) -> "URL":
    """Return a database address, in any of its forms, as SQLAlchemy's URL; raises `InvalidAddress`."""
    return engine_url(read_address(address))
