"""Who types a command, as the operating system knows it: no variable of theirs says it."""

import os
import pwd
import socket
from contextlib import suppress
from pathlib import Path

LOGIN = Path("/proc/self/loginuid")  # Linux: who logged in, whoever they became since
NO_LOGIN = 2**32 - 1


def operating_user() -> str:
    """Return the user and the host: "activity (logged in as ann) on db1"."""
    user, login = _name_of(os.getuid()), _login()
    became = f" (logged in as {login})" if login and login != user else ""
    return f"{user}{became} on {socket.gethostname()}"


def _login() -> str:
    with suppress(OSError, ValueError):
        number = int(LOGIN.read_text(encoding="ascii"))
        if number != NO_LOGIN:
            return _name_of(number)
    return ""


def _name_of(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
