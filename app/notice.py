"""`python -m app.notice`: what whoever starts the service should know about who may use it, and how to show a key."""

import sys

from app.access.domain import Access
from app.access.origins import is_loopback
from app.config import Settings, read_settings
from lib.hints import command
from lib.settings import SettingsError

FIRST_KEY = "keys create --name payments --scope events:write"
KEY_HEADER = "Authorization: Bearer $KEY"  # as a shell takes it from its variable


def notice_of(settings: Settings) -> str:
    """Say in a line who may use the service, and what to do where that is nobody yet."""
    by_key = f"by key, sent as Authorization: Bearer …; the first one: KEY=$({command(FIRST_KEY)})"
    if settings.access is Access.KEYS:
        return by_key
    if is_loopback(settings.host):
        return "open to every program on this machine; ACCESS=keys asks for keys"
    if settings.access is Access.LOCAL:
        return f"open to every program on this machine, to all others {by_key}"
    return f"OPEN TO EVERYBODY who reaches {settings.host}, as ACCESS=open says; ACCESS=keys asks for keys"


def main() -> None:
    """Print it; then the header that shows a key, where one is asked for."""
    try:
        settings = read_settings()
    except SettingsError as error:
        error.show()
        sys.exit(error.exit_code)
    print(notice_of(settings))  # noqa: T201  # its purpose
    if settings.access is Access.KEYS:
        print(KEY_HEADER)  # noqa: T201  # as above


if __name__ == "__main__":
    main()
