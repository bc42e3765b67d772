"""The options of the commands on the rule book: which edition, who takes a step, and why."""

import getpass
from collections.abc import Callable
from functools import wraps

import click

from app.rulebook.approval import Change, is_reserved
from app.rulebook.schemas import MAX_NOTE
from app.rules.limits import MAX_EDITION
from lib.shell_user import shell_user

EDITION = click.IntRange(1, MAX_EDITION)
MAX_NAME = 100  # characters

Command = Callable[..., None]


def parse_reason(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return why a step is taken; may be empty."""
    reason = value.strip()
    if len(reason) > MAX_NOTE or not reason.isprintable():
        raise click.BadParameter(f"give at most {MAX_NOTE} printable characters")
    return reason


def parse_name(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return who takes a step."""
    who = value.strip()
    if not 1 <= len(who) <= MAX_NAME or not who.isprintable():
        raise click.BadParameter(f"give your name: 1 to {MAX_NAME} printable characters")
    if is_reserved(who):
        raise click.BadParameter("give the name of a person; this one is reserved for keys, migrations and the service")
    return who


def _login() -> str:
    """Return the login of this process's user; empty if it has none, as in a container with an arbitrary user id."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def change_options(command: Command) -> Command:
    """Add the options for who takes a step, and why; the command gets a `Change`, which also says where (A46)."""

    @wraps(command)
    def with_change(*arguments: object, who: str, note: str, **named: object) -> None:
        command(*arguments, change=Change(actor=who, reason=note, at_shell=shell_user()), **named)

    note = click.option("--note", default="", callback=parse_reason, help="The reason, for readers of the audit.")
    return note(your_name(with_change))


def your_name(command: Command) -> Command:
    """Add the option for who takes a step, `who`."""
    return click.option(
        "--as", "who", default=_login, show_default="your login", callback=parse_name, help="Your name."
    )(command)
