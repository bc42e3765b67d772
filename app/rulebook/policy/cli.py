"""The commands of the policy: `rules four-eyes …`."""

import click

from app.rulebook.approval import Change
from app.rulebook.options import change_options
from app.rulebook.policy import controllers
from app.rulebook.policy.domain import Policy
from app.rulebook.services import RuleBookServices
from app.rulebook.terminal import RuleCommands, how_to_turn_off
from lib import services
from lib.commands import minute
from lib.database import Database
from lib.hints import command
from lib.tables import print_table

four_eyes = RuleCommands("four-eyes", help="Whether an edition is published by another owner than its author's.")


@four_eyes.command("show")
def show() -> None:
    """Show whether four eyes are on, and who changed that."""
    _show(controllers.policy(_database(), setting=setting()))


@four_eyes.command("on")
@change_options
def on(change: Change) -> None:
    """Require two owners to publish an edition from now on. It takes two to turn that off."""
    _show(controllers.turn_on(_database(), change))


@four_eyes.command("off")
@change_options
def off(change: Change) -> None:
    """Show how two owners turn four eyes off: not here, as a command does not prove who types it."""
    _show(controllers.turn_off(_database(), change, setting=setting()))


def _show(policy: Policy) -> None:
    click.echo(f"Four eyes are {'on' if policy.on else 'off'}. {_next(policy)}")
    if policy.changes:
        print_table(
            ("when (UTC)", "step", "who", "owner", "at the shell of", "note"),
            [
                (minute(each.at), each.step.value, each.who, each.owner or "", each.at_shell or "", each.note)
                for each in policy.changes
            ],
            prose=("at the shell of", "note"),
        )


def _next(policy: Policy) -> str:
    if not policy.on:
        return f"One person turns them on: {command('rules four-eyes on')}"
    if policy.proposal:
        return f"{policy.proposal.owner} proposed to turn them off; another owner has to approve: {how_to_turn_off()}"
    return f"Two different owners turn them off, each with the same request: {how_to_turn_off()}"


def setting() -> bool:
    """Return the setting, which applies until somebody turns four eyes on or off."""
    return services.get(RuleBookServices).four_eyes


def _database() -> Database:
    return services.get(RuleBookServices).database
