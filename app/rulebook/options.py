"""The options of the commands on the rule book: which edition, who takes a step, and why."""

from collections.abc import Callable
from functools import wraps

import click

from app.access.options import your_name
from app.rulebook.approval import Change
from app.rulebook.schemas import MAX_NOTE
from app.rules.limits import MAX_EDITION
from lib.shell_user import shell_user

EDITION = click.IntRange(1, MAX_EDITION)

Command = Callable[..., None]


def parse_reason(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return why a step is taken; may be empty."""
    reason = value.strip()
    if len(reason) > MAX_NOTE or not reason.isprintable():
        raise click.BadParameter(f"give at most {MAX_NOTE} printable characters")
    return reason


def change_options(command: Command) -> Command:
    """Add the options for who takes a step, and why; the command gets a `Change`, which also says where (A46)."""

    @wraps(command)
    def with_change(*arguments: object, who: str, note: str, **named: object) -> None:
        command(*arguments, change=Change(actor=who, reason=note, at_shell=shell_user()), **named)

    note = click.option("--note", default="", callback=parse_reason, help="The reason, for readers of the audit.")
    return note(your_name(with_change))
