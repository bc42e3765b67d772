"""The commands of the rule book: `rules …`."""

import click

from app.rulebook import controllers
from app.rulebook.domain import Edition, PageAsked
from app.rulebook.eyes import Hand
from app.rulebook.forms import InvalidRules
from app.rulebook.options import EDITION, by_hand
from app.rulebook.policy import controllers as policy
from app.rulebook.policy.cli import four_eyes, setting
from app.rulebook.services import RuleBookServices
from app.rulebook.terminal import CommandsOnRules, how_to_publish, what_is_replaced
from app.rulebook.toml import LONGEST_FILE, read_toml, written_toml
from lib import services
from lib.caller import CallersPath
from lib.commands import minute
from lib.database import Database
from lib.hints import command
from lib.tables import print_table

FOUR_EYES_TOLD = {None: "", True: "held", False: "off"}  # of a publication

rules = CommandsOnRules("rules", help="The rule book: which rules judge, in numbered editions.")
rules.add_command(four_eyes)


@rules.command("list")
def list_() -> None:
    """List all editions."""
    rows = [
        (
            str(each.edition),
            each.status.value,
            str(each.rule_count),
            _number(each.based_on),
            each.author,
            minute(each.created_at),
            minute(each.published_at),
            each.note,
        )
        for each in controllers.outlines(_database())
    ]
    headings = ("edition", "status", "rules", "based on", "author", "drafted (UTC)", "published (UTC)", "note")
    print_table(headings, rows, prose=("note",))


@rules.command("show")
@click.argument("edition", type=EDITION)
def show(edition: int) -> None:
    """Show the rules of an edition."""
    shown = controllers.edition(_database(), edition)
    click.echo(f"edition {shown.edition}, {shown.status}: {shown.note or 'no note'}")
    based = f" from edition {shown.based_on}" if shown.based_on else ""
    click.echo(f"drafted by {shown.author} at {minute(shown.created_at)} UTC{based}{_publication(shown)}")
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
    """Print an edition as TOML, to be edited and drafted again; the draft will be based on this edition."""
    click.echo(written_toml(controllers.edition(_database(), edition)), nl=False)


@rules.command("draft")
@click.argument("file", type=CallersPath(exists=True, dir_okay=False, allow_dash=True), required=False)
@click.option("--edition", "source", type=EDITION, help="Draft the rules of this edition again, instead of a file's.")
@by_hand
def draft(file: str | None, source: int | None, hand: Hand) -> None:
    """Keep the rules of a TOML file (-: standard input) as a new edition; it judges nothing yet.

    It is based on the edition that the file names as based_on, else on the live one, and is published in place of that
    one only unless its publisher says otherwise (--over).
    """
    if (file is None) == (source is None):
        example = command("rules draft rules.toml --note 'why'")
        raise click.UsageError(f"give a file, or --edition: {example}")
    database = _database()
    if source is not None:
        drafted = controllers.draft_again(database, source, hand)
    else:
        read = read_toml(_text(file or ""))
        drafted = controllers.draft(database, read.rules, hand, based_on=read.based_on)
    number = drafted.edition
    click.echo(f"Edition {number} is drafted. Try it beside the live one: {command(f'rules shadow {number}')}")
    if _four_eyes():
        click.echo(how_to_publish(drafted, four_eyes=True))
    if live := controllers.edition_replaced_by(database, number):
        click.echo(what_is_replaced(drafted, live))


def _text(file: str) -> str:
    try:
        with click.open_file(file, encoding="utf-8-sig") as opened:
            text: str = opened.read(LONGEST_FILE + 1)  # one more, so that what is too long is seen to be
    except UnicodeDecodeError:
        raise InvalidRules({"file": ["Is not written in UTF-8."]}) from None
    return text


@rules.command("shadow")
@click.argument("edition", type=EDITION)
@by_hand
def shadow(edition: int, hand: Hand) -> None:
    """Have an edition judge every event beside the live one, without being answered."""
    shadowed = controllers.shadow(_database(), edition, hand)
    click.echo(f"Edition {edition} judges in the shadow. {how_to_publish(shadowed, four_eyes=_four_eyes())}")


@rules.command("publish")
@click.argument("edition", type=EDITION)
@click.option("--over", type=EDITION, help="The live edition to be replaced, and no other.")
@by_hand
def publish(edition: int, over: int | None, hand: Hand) -> None:
    """Let an edition judge from now on; every worker follows within a second.

    A draft takes the place of the edition that it is based on. Where another one was published meanwhile, name that
    one: --over. An edition that was live before takes the place of any.
    """
    database = _database()
    former = controllers.edition_page(database, PageAsked(limit=1)).in_force.live
    controllers.publish(database, edition, hand, four_eyes=setting(), over=over)
    click.echo(f"Edition {edition} is live; every worker judges by it within a second.")
    if former is not None:
        click.echo(f"Back to the one before: {command(f'rules publish {former} --over {edition}')}")


@rules.command("retire")
@click.argument("edition", type=EDITION)
@by_hand
def retire(edition: int, hand: Hand) -> None:
    """Put a draft or a shadow edition away."""
    controllers.retire(_database(), edition, hand)
    click.echo(f"Edition {edition} is retired.")


@rules.command("delete")
@click.argument("edition", type=EDITION)
@by_hand
def delete(edition: int, hand: Hand) -> None:
    """Forget a draft that never judged; its steps stay in the audit, and its number is not given again."""
    controllers.delete(_database(), edition, hand)
    click.echo(f"Edition {edition} is deleted.")


@rules.command("audit")
def audit() -> None:
    """List every step that was taken: who, what, when, where and why, and whether four eyes held."""
    rows = [
        (
            minute(each.at),
            each.who,
            each.step.value,
            str(each.edition),
            _number(each.based_on),
            _number(each.over),
            each.note,
            FOUR_EYES_TOLD[each.four_eyes],
            each.at_shell or "",
        )
        for each in controllers.audit(_database())
    ]
    headings = ("when (UTC)", "who", "step", "edition", "based on", "over", "note", "four eyes", "at the shell of")
    print_table(headings, rows, prose=("note", "at the shell of"))


def _four_eyes() -> bool:
    return policy.policy(_database(), setting=setting()).on


def _database() -> Database:
    return services.get(RuleBookServices).database


def _number(edition: int | None) -> str:
    return str(edition or "")
