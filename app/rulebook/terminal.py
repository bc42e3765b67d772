"""What the commands of the rule book say of next steps, as they are typed in this terminal."""

import click

from app.rulebook.domain import Edition, RuleBookRefused, UnreadableEdition
from app.rulebook.eyes import draft_with_key, is_known, publish_with_key, turn_off_with_key
from app.rulebook.forms import InvalidRules
from app.rulebook.remedies import Remedy
from lib.commands import Commands
from lib.hints import command, curl

WHOSE = "(SERVICE: its address, asking for keys, ACCESS=keys; KEY: that key. The whole way: docs/deploy.md, Four eyes)"


class CommandsOnRules(Commands):
    """Commands whose refusals are one line each."""

    def invoke(self, ctx: click.Context) -> object:
        """Do the command; a step that is not taken ends it with a line that says why."""
        try:
            return super().invoke(ctx)
        except RuleBookRefused as error:
            raise click.ClickException(in_a_terminal(error)) from None
        except UnreadableEdition as error:
            raise click.ClickException(str(error)) from None
        except InvalidRules as error:
            raise click.ClickException("\n  ".join(("these rules cannot be saved:", *error.lines))) from None


def in_a_terminal(error: RuleBookRefused) -> str:
    """Say what was refused and what to do: a command, or where none does it the request."""
    remedy = error.remedy
    if remedy is None:
        return error.refusal
    return f"{error.refusal}: {command(remedy.command) if remedy.command else _request(remedy)}"


def how_to_publish(edition: Edition, *, four_eyes: bool) -> str:
    """Say how an edition becomes the live one: with four eyes by keys, and first as a draft of one."""
    number = edition.edition
    if not four_eyes:
        return f"Let it be the live one: {command(f'rules publish {number}')}"
    if is_known(edition.author):
        return f"FOUR_EYES: a key of another owner than its author's publishes it: {_request(publish_with_key(number))}"
    again = _request(draft_with_key(number))
    return f"FOUR_EYES: a key of scope rules:write has to draft it again, one of another owner to publish it: {again}"


def how_to_turn_off() -> str:
    """Return the request by which each of two owners turns four eyes off."""
    return _request(turn_off_with_key())


def what_is_replaced(drafted: Edition, live: Edition) -> str:
    """Say of a draft that another edition is live than the one it is based on."""
    compare = command(f"rules diff {live.edition} {drafted.edition}")
    return (
        f"It is based on edition {drafted.based_on}, but edition {live.edition} is live. "
        f"What publishing it would change: {compare}"
    )


def _request(remedy: Remedy) -> str:
    return f"{curl(remedy.request, remedy.body)}\n{WHOSE}"
