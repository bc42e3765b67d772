"""The settings as the console shows them: in the form in which they are set, and of secrets only whether they are."""

from collections.abc import Collection, Iterator
from dataclasses import fields
from datetime import timedelta
from enum import Enum
from typing import Any

from app.config import Settings
from app.console.services import ShownSetting
from app.setting_values import OFF, ON

SET = "set"
# What may be shown, and what it is for. Any other setting is treated as a secret.
OPEN = {
    "env": "development, or production, where every request needs a key and cookies need https",
    "host": "where the service listens",
    "port": "where the service listens",
    "web_workers": "processes",
    "web_threads": "events that each process handles at once",
    "read_threads": "other requests that each process handles at once",
    "access": "which requests need a key: open, keys, or local (all but those from this machine)",
    "hosts": "names of the service besides those of its machine",
    "key_max_age": "how long a key may last",
    "rate_limit": "how many requests a key may send",
    "event_order": "over what the t of events must rise: user or system",
    "t_is": "what t counts: unix (seconds since 1970) or any number",
    "t_ahead": "by how many seconds t may be ahead of the clock",
    "late_events": "what becomes of an event below the latest t: refuse or keep",
    "late_horizon": "how far below the latest t a late event may be",
    "four_eyes": "whether the first start turned four eyes on; since then the policy of the rule book decides",
    "registered_users_only": "whether events of customers who are not in the register are refused",
    "webhook_http": "whether endpoints may have addresses without encryption",
    "webhook_allow": "networks of endpoints that are not public",
    "mail_from": "the address that email comes from",
    "console": "whether this process has these pages",
    "console_url": "where people reach these pages",
    "db_connect_timeout": "seconds to connect to the database",
    "db_deadline": "seconds that an event may take in the database",
    "db_pool_timeout": "seconds to wait for a free connection",
    "db_lock_timeout": "seconds to wait for an earlier event of the same customer",
    "db_statement_timeout": "seconds that a statement may take",
    "log_level": "the least important lines that are logged",
    "log_format": "console, or json for programs",
    "log_file": "a file to which lines are logged as well",
}
SECRET = {
    "database_url": "the database, with the login of the service",
    "database_owner_url": "the login that owns the tables, for commands that change them",
    "rate_limit_storage": "where requests are counted",
    "webhook_key": "the secrets of endpoints are derived from it",
    "smtp_url": "the server that takes email",
    "console_key": "the secrets of people's codes are derived from it",
}
UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))
NONE = {"t_ahead": OFF}  # what None is called where it means something
SWITCHES = {"console"}  # on or off; others are true or false


def shown_settings(settings: Settings) -> list[ShownSetting]:
    """Return all settings in the order in which they are declared."""
    return [*_shown(settings)]


def _shown(settings: Settings) -> Iterator[ShownSetting]:
    for field in fields(settings):
        name, value = field.name, getattr(settings, field.name)
        if name in OPEN:
            yield ShownSetting(name=name.upper(), value=_text(name, value), words=OPEN[name])
        else:
            yield ShownSetting(name=name.upper(), value=_whether_set(value), words=SECRET.get(name, ""))


def _whether_set(value: Any) -> str:  # noqa: ANN401  # of whatever type a setting is
    """Return whether a secret is set; of keys that are being replaced also how many."""
    if isinstance(value, tuple) and len(value) > 1:
        return f"{SET}, {len(value)} keys"
    return SET if value else ""


def _text(name: str, value: Any) -> str:  # noqa: ANN401  # as above
    """Return a value as it is written in the environment."""
    if value is None:
        return NONE.get(name, "")
    if isinstance(value, bool):
        words = (ON, OFF) if name in SWITCHES else ("true", "false")
        return words[0] if value else words[1]
    if isinstance(value, timedelta):
        return next((f"{value // unit}{letter}" for letter, unit in UNITS if not value % unit), str(value))
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Collection) and not isinstance(value, str):
        return ", ".join(sorted(map(str, value)))
    return str(value)
