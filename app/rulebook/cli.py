"""The commands of the rule book: `flask rules …`."""

from pathlib import Path
from typing import Any

import click
from flask import current_app

from app.rulebook import controllers
from app.rulebook.controllers import Hand
from app.rulebook.domain import Edition, PageAsked, RuleBookRefused, UnreadableEdition
from app.rulebook.forms import InvalidRules
from app.rulebook.options import EDITION, by_hand
from app.rulebook.toml import read_toml, written_toml
from lib.caller import CallersPath
from lib.commands import Commands, minute
from lib.database import Database
from lib.tables import print_table


class RuleCommands(Commands):
    """Commands whose refusals are one line each."""

    def invoke(self, ctx: click.Context) -> object:
        """Do the command; a step that is not taken ends it with a line that says why."""
        try:
            return super().invoke(ctx)
        except (RuleBookRefused, UnreadableEdition) as error:
            raise click.ClickException(str(error)) from None
        except InvalidRules as error:
            raise click.ClickException("\n  ".join(("these rules cannot be saved:", *error.lines))) from None


rules = RuleCommands("rules", help="The rule book: which rules judge, in numbered editions.")


@rules.command("list")
def list_() -> None:
    """List all editions."""
    rows = [
        (
            str(each.edition),
            each.status.value,
            str(each.rule_count),
            each.author,
            minute(each.created_at),
            minute(each.published_at),
            each.note,
        )
        for each in controllers.outlines(_database())
    ]
    headings = ("edition", "status", "rules", "author", "drafted (UTC)", "published (UTC)", "note")
    print_table(headings, rows, prose=("note",))


@rules.command("show")
@click.argument("edition", type=EDITION)
def show(edition: int) -> None:
    """Show the rules of an edition."""
    shown = controllers.edition(_database(), edition)
    click.echo(f"edition {shown.edition}, {shown.status}: {shown.note or 'no note'}")
    click.echo(f"drafted by {shown.author} at {minute(shown.created_at)} UTC{_publication(shown)}")
    print_table(
        ("code", "met when", "evaluated on", "name", "description"),
        [
            (str(rule.code), rule.terms, " and ".join(sorted(rule.evaluated_on)), rule.name, rule.description)
            for rule in shown.rules
        ],
        prose=("met when", "evaluated on", "name", "description"),
    )


def _publication(shown: Edition) -> str:
    if shown.published_at is None:
        return "; never published"
    return f"; published by {shown.published_by} at {minute(shown.published_at)} UTC"


@rules.command("diff")
@click.argument("old", type=EDITION)
@click.argument("new", type=EDITION)
def diff(old: int, new: int) -> None:
    """Say what changed from one edition to another."""
    database = _database()
    for line in controllers.changes(database, old, new) or ["nothing changed"]:
        click.echo(line)


@rules.command("export")
@click.argument("edition", type=EDITION)
def export(edition: int) -> None:
    """Print an edition as TOML, to be edited and drafted again."""
    click.echo(written_toml(controllers.edition(_database(), edition).rules), nl=False)


@rules.command("draft")
@click.argument("file", type=CallersPath(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--edition", "source", type=EDITION, help="Draft the rules of this edition again, instead of a file's.")
@by_hand
def draft(file: Path | None, source: int | None, who: str, note: str) -> None:
    """Keep the rules of a TOML file as a new edition; it judges nothing yet."""
    if (file is None) == (source is None):
        raise click.UsageError("give a file, or --edition: flask rules draft rules.toml --note 'why'")
    database = _database()
    hand = Hand(who=who, note=note)
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
        return file.read_text(encoding="utf-8-sig") if file else ""
    except UnicodeDecodeError:
        raise InvalidRules({"file": ["Is not written in UTF-8."]}) from None


@rules.command("shadow")
@click.argument("edition", type=EDITION)
@by_hand
def shadow(edition: int, who: str, note: str) -> None:
    """Have an edition judge every event beside the live one, without being answered."""
    controllers.shadow(_database(), edition, Hand(who=who, note=note))
    click.echo(f"Edition {edition} judges in the shadow. Let it be the live one: flask rules publish {edition}")


@rules.command("publish")
@click.argument("edition", type=EDITION)
@by_hand
def publish(edition: int, who: str, note: str) -> None:
    """Let an edition judge from now on; every worker follows within a second."""
    four_eyes: Any = current_app.extensions["four_eyes"]
    database = _database()
    former = controllers.edition_page(database, PageAsked(limit=1)).in_force.live
    controllers.publish(database, edition, Hand(who=who, note=note), four_eyes=bool(four_eyes))
    click.echo(f"Edition {edition} is live; every worker judges by it within a second.")
    if former is not None:
        click.echo(f"Back to the one before: flask rules publish {former}")


@rules.command("retire")
@click.argument("edition", type=EDITION)
@by_hand
def retire(edition: int, who: str, note: str) -> None:
    """Put a draft or a shadow edition away."""
    controllers.retire(_database(), edition, Hand(who=who, note=note))
    click.echo(f"Edition {edition} is retired.")


@rules.command("audit")
def audit() -> None:
    """List every step that was taken: who, what, when and why."""
    rows = [
        (minute(each.at), each.who, each.step.value, str(each.edition), each.note)
        for each in controllers.audit(_database())
    ]
    print_table(("when (UTC)", "who", "step", "edition", "note"), rows, prose=("note",))


def _database() -> Database:
    database: Database = current_app.extensions["database"]
    return database
