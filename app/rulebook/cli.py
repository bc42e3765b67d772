"""The commands of the rule book: `flask rules …`."""

import getpass
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask import current_app

from app.rulebook import controllers
from app.rulebook.controllers import Hand
from app.rulebook.domain import RuleBookRefused, UnreadableEdition
from app.rulebook.eyes import is_reserved
from app.rulebook.forms import InvalidRules
from app.rulebook.toml import read_toml, written_toml
from lib.commands import Commands, print_table
from lib.database import Database

LONGEST_NOTE = 500


class RuleCommands(Commands):
    """Commands whose refusals are one line each."""

    def invoke(self, ctx: click.Context) -> object:
        """Do the command; a step that is not taken ends it with a line that says why."""
        try:
            return super().invoke(ctx)
        except (RuleBookRefused, UnreadableEdition) as error:
            raise click.ClickException(str(error)) from None
        except InvalidRules as error:
            told = "\n".join(f"  {where}: {' '.join(said)}" for where, said in error.errors.items())
            raise click.ClickException(f"these rules cannot be saved:\n{told}") from None


rules = RuleCommands("rules", help="The rule book: which rules judge, in numbered editions.")

Command = Callable[..., None]


def by_hand(command: Command) -> Command:
    """Ask who takes a step, and why."""
    note = click.option("--note", default="", help="Why, for those who read the audit.")
    who = click.option("--as", "who", default=getpass.getuser, show_default="your login", help="Who you are.")
    return note(who(command))


@rules.command("list")
def list_() -> None:
    """List all editions."""
    rows = [
        (
            str(each.edition),
            each.status.value,
            str(len(each.rules)),
            each.author,
            _minute(each.created_at),
            _minute(each.published_at),
            each.note,
        )
        for each in controllers.editions(_database())
    ]
    print_table(("edition", "status", "rules", "author", "drafted", "published", "note"), rows)


@rules.command("show")
@click.argument("edition", type=int)
def show(edition: int) -> None:
    """Show the rules of an edition."""
    shown = controllers.edition(_database(), edition)
    click.echo(f"edition {shown.edition}, {shown.status}, by {shown.author}: {shown.note or 'no note'}")
    print_table(
        ("code", "met when", "evaluated on", "name"),
        [(str(rule.code), rule.terms, " and ".join(sorted(rule.evaluated_on)), rule.name) for rule in shown.rules],
    )


@rules.command("diff")
@click.argument("old", type=int)
@click.argument("new", type=int)
def diff(old: int, new: int) -> None:
    """Say what changed from one edition to another."""
    database = _database()
    for line in controllers.changes(database, old, new) or ["nothing changed"]:
        click.echo(line)


@rules.command("export")
@click.argument("edition", type=int)
def export(edition: int) -> None:
    """Print an edition as TOML, to be edited and drafted again."""
    click.echo(written_toml(controllers.edition(_database(), edition).rules), nl=False)


@rules.command("draft")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--edition", "source", type=int, help="Draft the rules of this edition again, instead of a file's.")
@by_hand
def draft(file: Path | None, source: int | None, who: str, note: str) -> None:
    """Keep the rules of a TOML file as a new edition; it judges nothing yet."""
    if (file is None) == (source is None):
        raise click.UsageError("give a file, or --edition: flask rules draft rules.toml --note 'why'")
    database = _database()
    hand = _hand(who, note)
    drafted = (
        controllers.draft_again(database, source, hand)
        if source is not None
        else controllers.draft(database, read_toml(_text(file)), hand)
    )
    click.echo(
        f"Edition {drafted.edition} is drafted. Try it beside the live one: flask rules shadow {drafted.edition}"
    )


def _text(file: Path | None) -> str:
    try:
        return file.read_text(encoding="utf-8") if file else ""
    except UnicodeDecodeError:
        raise InvalidRules({"file": ["Is not written in UTF-8."]}) from None


@rules.command("shadow")
@click.argument("edition", type=int)
@by_hand
def shadow(edition: int, who: str, note: str) -> None:
    """Have an edition judge every event beside the live one, without being answered."""
    controllers.shadow(_database(), edition, _hand(who, note))
    click.echo(f"Edition {edition} judges in the shadow. Let it be the live one: flask rules publish {edition}")


@rules.command("publish")
@click.argument("edition", type=int)
@by_hand
def publish(edition: int, who: str, note: str) -> None:
    """Let an edition judge from now on; every worker follows within a second."""
    four_eyes: Any = current_app.extensions["four_eyes"]
    controllers.publish(_database(), edition, _hand(who, note), four_eyes=bool(four_eyes))
    click.echo(f"Edition {edition} is live; every worker judges by it within a second.")


@rules.command("retire")
@click.argument("edition", type=int)
@by_hand
def retire(edition: int, who: str, note: str) -> None:
    """Put a draft or a shadow edition away."""
    controllers.retire(_database(), edition, _hand(who, note))
    click.echo(f"Edition {edition} is retired.")


@rules.command("audit")
def audit() -> None:
    """List every step that was taken: who, what, when and why."""
    rows = [
        (_minute(each.at), each.who, each.step.value, str(each.edition), each.note)
        for each in controllers.audit(_database())
    ]
    print_table(("when", "who", "step", "edition", "note"), rows)


def _database() -> Database:
    database: Database = current_app.extensions["database"]
    return database


def _hand(who: str, note: str) -> Hand:
    if len(note) > LONGEST_NOTE or not (note.isprintable() and who.isprintable() and who.strip()):
        raise click.UsageError(f"--note takes at most {LONGEST_NOTE} characters that can be printed, --as a name")
    if is_reserved(who.strip()):
        raise click.UsageError("--as takes the name of a person; this one is written down for whoever uses the API")
    return Hand(who=who.strip(), note=note)


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "never"
