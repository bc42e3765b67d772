"""The settings: read once from the environment, validated, frozen."""

import os
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from environs import Env, EnvValidationError
from marshmallow import validate

from app.access.domain import Access
from app.events.domain import EventOrder, MeaningOfT
from app.setting_values import (
    OFF,
    ON,
    REFUSE,
    check_console_key,
    check_console_url,
    check_database_url,
    check_hosts,
    check_late_events,
    check_limit_storage,
    check_log_file,
    check_mail_from,
    check_optional_database_url,
    check_rate_limit,
    check_smtp_url,
    check_span,
    check_t_ahead,
    check_webhook_allow,
    check_webhook_key,
    parse_hosts,
    parse_keys,
    parse_networks,
    parse_span,
)
from lib.database_url import engine_url, read_address
from lib.settings import SettingsError, origins, secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Network, IPv6Network

    from sqlalchemy import URL

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
ENVIRONMENTS = ("development", "production")
ACCESS_VALUES = (Access.OPEN.value, Access.KEYS.value)
T_AHEAD_OF_UNIX = 300  # seconds
LATE_HORIZON = timedelta(days=7)
# Connections of a worker beside those for requests: for reading the rule book, for reading keys and writing their uses,
# for readiness, for metrics, and for a batch of events.
SPARE_CONNECTIONS = 5


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
    late_events: str
    late_horizon: timedelta
    four_eyes: bool
    registered_users_only: bool
    webhook_key: tuple[str, ...]
    webhook_http: bool
    webhook_allow: "tuple[IPv4Network | IPv6Network, ...]"
    smtp_url: str
    mail_from: str
    console: bool
    console_key: tuple[str, ...]
    console_url: str
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
    order = env.enum("EVENT_ORDER", EventOrder.USER, enum=EventOrder, by_value=True)
    return Settings(
        database_url=secret(env, "DATABASE_URL", check_database_url),
        database_owner_url=secret(env, "DATABASE_OWNER_URL", check_optional_database_url, default=""),
        host=env.str("HOST", "127.0.0.1"),
        port=_whole_number(env, "PORT", 5000, maximum=65535),
        web_workers=_whole_number(env, "WEB_WORKERS", 2, maximum=64),
        web_threads=_whole_number(env, "WEB_THREADS", 4, maximum=64),
        read_threads=_whole_number(env, "READ_THREADS", 1, maximum=64),
        env=environment,
        access=_access(env, environment),
        hosts=parse_hosts(env.str("HOSTS", "", validate=check_hosts) or ""),
        key_max_age=parse_span(env.str("KEY_MAX_AGE", "", validate=check_span)),
        rate_limit=env.str("RATE_LIMIT", "", validate=check_rate_limit),
        rate_limit_storage=secret(env, "RATE_LIMIT_STORAGE", check_limit_storage, default="memory://"),
        event_order=order,
        t_is=t_is,
        t_ahead=_t_ahead(env, t_is),
        late_events=env.str(
            "LATE_EVENTS", REFUSE, validate=partial(check_late_events, by_player=order is EventOrder.USER)
        ),
        late_horizon=parse_span(env.str("LATE_HORIZON", "", validate=check_span)) or LATE_HORIZON,
        four_eyes=_switch(env, "FOUR_EYES"),
        registered_users_only=_switch(env, "REGISTERED_USERS_ONLY"),
        webhook_key=parse_keys(secret(env, "WEBHOOK_KEY", check_webhook_key, default="") or ""),
        webhook_http=_switch(env, "WEBHOOK_HTTP"),
        webhook_allow=parse_networks(env.str("WEBHOOK_ALLOW", "", validate=check_webhook_allow) or ""),
        smtp_url=(smtp_url := secret(env, "SMTP_URL", check_smtp_url, default="") or ""),
        mail_from=_mail_from(env, needed=bool(smtp_url)),
        console=(console := _console(env, environment)),
        console_key=_console_key(env, needed=console and environment == "production"),
        console_url=(env.str("CONSOLE_URL", "", validate=check_console_url) or "").rstrip("/"),
        db_connect_timeout=_seconds(env, "DB_CONNECT_TIMEOUT", 2),
        db_deadline=_seconds(env, "DB_DEADLINE", 3),
        db_pool_timeout=_seconds(env, "DB_POOL_TIMEOUT", 1),
        db_lock_timeout=_seconds(env, "DB_LOCK_TIMEOUT", 2),
        db_statement_timeout=_seconds(env, "DB_STATEMENT_TIMEOUT", 2.5),
        log_level=env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(LEVELS)),
        log_format=env.str("LOG_FORMAT", "console", validate=validate.OneOf(("console", "json"))),
        log_file=env.str("LOG_FILE", "", validate=check_log_file),
    )


def default_access(environment: str) -> Access:
    """Return the default of ACCESS: keys, but in development not for programs on this machine (A20)."""
    return Access.LOCAL if environment == "development" else Access.KEYS


def _access(env: Env, environment: str) -> Access:
    value = env.str("ACCESS", default_access(environment), validate=validate.OneOf(ACCESS_VALUES))
    return Access(value or Access.KEYS)  # empty if it was refused


def _whole_number(env: Env, name: str, default: int, *, maximum: int) -> int:
    message = f"Must be a whole number from 1 to {maximum}."
    within = validate.Range(1, maximum, error=message)
    number: int = _field(env.int)(name, default, validate=within, error_messages={"invalid": message})
    return number


def _t_ahead(env: Env, t_is: MeaningOfT | None) -> int | None:
    """Return T_AHEAD; None for "off", its default unless `t` is known to be Unix time (A31)."""
    text = env.str("T_AHEAD", "", validate=check_t_ahead)
    if not text:
        return T_AHEAD_OF_UNIX if t_is is MeaningOfT.UNIX else None
    return None if text == OFF else int(text)


def _mail_from(env: Env, *, needed: bool) -> str:
    check = partial(check_mail_from, needed=needed)
    address = env.str("MAIL_FROM", validate=check) if needed else env.str("MAIL_FROM", "", validate=check)
    return address or ""  # empty if it was refused


def _console(env: Env, environment: str | None) -> bool:
    """Return CONSOLE; in production the console has an instance of its own (A71)."""
    chosen = env.str("CONSOLE", "", validate=validate.OneOf(("", ON, OFF), error=f"Must be {ON} or {OFF}."))
    return chosen == ON or (not chosen and environment == "development")


def _console_key(env: Env, *, needed: bool) -> tuple[str, ...]:
    check = partial(check_console_key, needed=needed)
    return parse_keys(secret(env, "CONSOLE_KEY", check, default=None if needed else "") or "")


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


def sqlalchemy_url(address: str) -> "URL":
    """Return a database address, in any of its forms, as SQLAlchemy's URL; raises `InvalidAddress`."""
    return engine_url(read_address(address))
