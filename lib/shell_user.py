"""Who runs a command: the system's user and machine, for an audit."""

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

LOGIN = Path("/proc/self/loginuid")  # Linux: the user who logged in, also after su or sudo
NO_LOGIN = 2**32 - 1


def shell_user() -> str:
    """Return who runs this program, such as `activity@alerts-1 (logged in as ann, sudo: ann)`.

    The kernel supplies user, machine and login; only the variable that sudo sets could be forged.
    """
    others = ", ".join(_other_users(user := _name_of(os.geteuid())))
    who = f"{user}@{socket.gethostname()}" + (f" ({others})" if others else "")
    return "".join(each for each in who if each.isprintable())[:200]


def _other_users(user: str) -> Iterator[str]:
    """Yield the other identities of the person who runs a program as this user."""
    login, caller = _login(), os.environ.get("SUDO_USER", "")
    if login not in {"", user}:
        yield f"logged in as {login}"
    if caller not in {"", user}:
        yield f"sudo: {caller}"


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
        return str(number)  # in a container, most accounts have no name
