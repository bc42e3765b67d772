"""The option of commands for who makes a change."""

import getpass
from collections.abc import Callable

import click

from app.access.actors import is_reserved

MAX_NAME = 100  # characters

Command = Callable[..., None]


def parse_name(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return who makes a change."""
    who = value.strip()
    if not 1 <= len(who) <= MAX_NAME or not who.isprintable():
        raise click.BadParameter(f"give your name: 1 to {MAX_NAME} printable characters")
    if is_reserved(who):
        raise click.BadParameter(
            "give the name of a person; this one is reserved for keys, accounts, migrations and the service"
        )
    return who


def _login() -> str:
    """Return the login of this process's user; empty if it has none, as in a container with an arbitrary user id."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def your_name(command: Command) -> Command:
    """Add the option for who makes a change, `who`."""
    return click.option(
        "--as", "who", default=_login, show_default="your login", callback=parse_name, help="Your name."
    )(command)
