"""The next steps that the commands of the rule book suggest, as to be typed in this terminal."""

import click

from app.rulebook.approval import draft_with_key, is_author_known, is_person, publish_with_key, turn_off_with_key
from app.rulebook.domain import Edition, RuleBookRefused, UnreadableEdition
from app.rulebook.forms import InvalidRules
from app.rulebook.remedies import Remedy
from app.rules.meaning import WORDS, Strength
from app.rules.rule import Rule
from lib.commands import Commands
from lib.hints import command, curl

LEGEND = "(SERVICE: the address of a service with ACCESS=keys; KEY: that key. All the steps: docs/deploy.md, Four eyes)"


class RuleCommands(Commands):
    """Commands that report each refusal in one line."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a refused step ends it with a line that says why."""
        try:
            return super().invoke(ctx)
        except RuleBookRefused as error:
            raise click.ClickException(text_for_terminal(error)) from None
        except UnreadableEdition as error:
            raise click.ClickException(str(error)) from None
        except InvalidRules as error:
            raise click.ClickException("\n  ".join(("these rules cannot be saved:", *error.lines))) from None


def text_for_terminal(error: RuleBookRefused) -> str:
    """Return what was refused and what to do: a command, or the request if no command does it."""
    remedy = error.remedy
    if remedy is None:
        return error.refusal
    return f"{error.refusal}: {command(remedy.command) if remedy.command else _request(remedy)}"


def meaning(rule: Rule) -> str:
    """Return what a rule means to people, empty if it says nothing: b patterns of spend, strong: call the player."""
    said = [f"{rule.indicator} {WORDS[rule.indicator]}"] if rule.indicator else []
    said += ["strong"] if rule.strength is Strength.STRONG else []
    return ": ".join(filter(None, (", ".join(said), rule.guidance)))


def how_to_publish(edition: Edition, *, four_eyes: bool) -> str:
    """Return how to make an edition live; four eyes require keys, for the draft and for its publication."""
    number = edition.edition
    if not four_eyes:
        return f"Make it live: {command(f'rules publish {number}')}"
    if is_person(edition.author):
        return "FOUR_EYES: another person with the role publisher has to publish it in the console."
    if is_author_known(edition.author):
        return (
            f"FOUR_EYES: publish it with a key of another owner than its author's: {_request(publish_with_key(number))}"
        )
    again = _request(draft_with_key(number))
    return f"FOUR_EYES: draft it again with a key of scope rules:write, then publish it with another owner's: {again}"


def how_to_turn_off() -> str:
    """Return the request that each of two owners sends to turn four eyes off."""
    return _request(turn_off_with_key())


def what_is_replaced(drafted: Edition, live: Edition) -> str:
    """Return a note that the draft is not based on the live edition."""
    compare = command(f"rules diff {live.edition} {drafted.edition}")
    return (
        f"It is based on edition {drafted.based_on}, but edition {live.edition} is live. "
        f"To see what publishing it would change: {compare}"
    )


def _request(remedy: Remedy) -> str:
    return f"{curl(remedy.request, remedy.body)}\n{LEGEND}"
