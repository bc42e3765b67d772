"""`python -m app.notice`: print who may use the service, and how to send a key, for the person who starts it."""

import sys

from app.access.domain import Access
from app.access.origins import is_loopback
from app.config import Settings, read_settings
from lib.hints import command
from lib.settings import SettingsError

FIRST_KEY = "keys create --name payments --scope events:write"
KEY_HEADER = "Authorization: Bearer $KEY"  # with the key in a shell variable


def access_notice(settings: Settings) -> str:
    """Say in a line who may use the service, and what to do if that is nobody yet."""
    by_key = f"by key, sent as Authorization: Bearer …; for the first key: KEY=$({command(FIRST_KEY)})"
    if settings.access is Access.KEYS:
        return by_key
    if is_loopback(settings.host):
        return "open to every program on this machine; ACCESS=keys requires keys"
    if settings.access is Access.LOCAL:
        return f"open to every program on this machine, to all others {by_key}"
    return f"OPEN TO EVERYBODY who reaches {settings.host}, as ACCESS=open says; ACCESS=keys requires keys"


def main() -> None:
    """Print it, then the header that sends a key if one is required."""
    try:
        settings = read_settings()
    except SettingsError as error:
        error.show()
        sys.exit(error.exit_code)
    print(access_notice(settings))  # noqa: T201  # its purpose
    if settings.access is Access.KEYS:
        print(KEY_HEADER)  # noqa: T201  # as above


if __name__ == "__main__":
    main()
