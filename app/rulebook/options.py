"""What the commands on the rule book are told: which edition, who takes a step, and why."""

import getpass
from collections.abc import Callable
from functools import wraps

import click

from app.rulebook.eyes import Hand, is_reserved
from app.rulebook.schemas import LONGEST_NOTE
from app.rules.limits import MAX_EDITION
from lib.shell_user import shell_user

EDITION = click.IntRange(1, MAX_EDITION)
LONGEST_NAME = 100  # characters

Command = Callable[..., None]


def a_reason(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return why a step is taken; perhaps nothing."""
    reason = value.strip()
    if len(reason) > LONGEST_NOTE or not reason.isprintable():
        raise click.BadParameter(f"give at most {LONGEST_NOTE} characters that can be printed")
    return reason


def a_person(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return who takes a step."""
    who = value.strip()
    if not 1 <= len(who) <= LONGEST_NAME or not who.isprintable():
        raise click.BadParameter(f"give your name: 1 to {LONGEST_NAME} characters that can be printed")
    if is_reserved(who):
        raise click.BadParameter("give the name of a person; this one is written down where no person says their name")
    return who


def _login() -> str:
    """Return the name of the user of this process, who may have none: in a container, under any number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def by_hand(command: Command) -> Command:
    """Ask who takes a step, and why; the command is handed a `Hand`, which also says where it was typed (A46)."""

    @wraps(command)
    def with_hand(*arguments: object, who: str, note: str, **named: object) -> None:
        command(*arguments, hand=Hand(who=who, note=note, at_shell=shell_user()), **named)

    note = click.option("--note", default="", callback=a_reason, help="Why, for those who read the audit.")
    who = click.option("--as", "who", default=_login, show_default="your login", callback=a_person, help="Who you are.")
    return note(who(with_hand))
