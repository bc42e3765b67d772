"""The commands of the rule book: `rules …`."""

import click

from app.rulebook import controllers, template_files
from app.rulebook.approval import Change
from app.rulebook.domain import Edition, PageQuery
from app.rulebook.forms import InvalidRules
from app.rulebook.options import EDITION, change_options
from app.rulebook.policy import controllers as policy
from app.rulebook.policy.cli import four_eyes, setting
from app.rulebook.reading import controllers as reading
from app.rulebook.services import RuleBookServices
from app.rulebook.template_drafts import read_template
from app.rulebook.template_files import NAMES
from app.rulebook.terminal import RuleCommands, how_to_publish, meaning, what_is_replaced
from app.rulebook.toml import MAX_FILE, format_toml, parse_toml
from lib import services
from lib.caller import CallersPath
from lib.commands import minute
from lib.database import Database
from lib.hints import command
from lib.tables import print_table

FOUR_EYES = {None: "", True: "held", False: "off"}  # at a publication

rules = RuleCommands("rules", help="The rule book: which rules are evaluated, in numbered editions.")
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
        for each in reading.outlines(_database())
    ]
    headings = ("edition", "status", "rules", "based on", "author", "drafted (UTC)", "published (UTC)", "note")
    print_table(headings, rows, prose=("note",))


@rules.command("show")
@click.argument("edition", type=EDITION)
def show(edition: int) -> None:
    """Show the rules of an edition."""
    found = reading.edition(_database(), edition)
    click.echo(f"edition {found.edition}, {found.status}: {found.note or 'no note'}")
    based = f" from edition {found.based_on}" if found.based_on else ""
    click.echo(f"drafted by {found.author} at {minute(found.created_at)} UTC{based}{_publication(found)}")
    rows = [
        (
            str(rule.code),
            rule.condition,
            " and ".join(sorted(rule.evaluated_on)),
            rule.name,
            rule.description,
            meaning(rule),
        )
        for rule in found.rules
    ]
    headings = ("code", "met when", "evaluated on", "name", "description", "meaning")
    shown = len(headings) if any(row[-1] for row in rows) else len(headings) - 1
    print_table(headings[:shown], [row[:shown] for row in rows], prose=headings[1:shown])


def _publication(edition: Edition) -> str:
    if edition.published_at is None:
        return "; never published"
    return f"; published by {edition.published_by} at {minute(edition.published_at)} UTC"


@rules.command("diff")
@click.argument("old", type=EDITION)
@click.argument("new", type=EDITION)
def diff(old: int, new: int) -> None:
    """Show what changed from one edition to another."""
    database = _database()
    for line in reading.changes(database, old, new) or ["nothing changed"]:
        click.echo(line)


@rules.command("export")
@click.argument("edition", type=EDITION)
def export(edition: int) -> None:
    """Print an edition as TOML, to edit and draft again; the draft will be based on this edition."""
    click.echo(format_toml(reading.edition(_database(), edition)), nl=False)


@rules.command("draft")
@click.argument("file", type=CallersPath(exists=True, dir_okay=False, allow_dash=True), required=False)
@click.option("--edition", "source", type=EDITION, help="Draft this edition's rules again, instead of a file's.")
@click.option("--template", type=click.Choice(NAMES), help="Draft this template, instead of a file.")
@click.option("--add", is_flag=True, help="Add the rules of the template to those of the live edition.")
@change_options
def draft(file: str | None, source: int | None, template: str | None, *, add: bool, change: Change) -> None:
    """Save the rules of a TOML file (-: standard input) as a new edition, which is not in force yet.

    It is based on the edition that the file names as based_on, else on the live one. Publishing it replaces only that
    edition, unless the publisher names another (--over).
    """
    if sum(each is not None for each in (file, source, template)) != 1:
        example = command("rules draft rules.toml --note 'why'")
        raise click.UsageError(f"give one of a file, --edition and --template: {example}")
    if add and template is None:
        raise click.UsageError("--add is for a template: the rules of a file or an edition stand for themselves")
    database = _database()
    if source is not None:
        drafted = controllers.draft_again(database, source, change, t_is_unix=_t_is_unix())
    else:
        content = read_template(database, template, add=add) if template else parse_toml(_text(file or ""))
        based_on = content.based_on
        drafted = controllers.draft(database, content.rules, change, based_on=based_on, t_is_unix=_t_is_unix())
    number = drafted.edition
    click.echo(f"Edition {number} is drafted. Try it beside the live one: {command(f'rules shadow {number}')}")
    if _four_eyes():
        click.echo(how_to_publish(drafted, four_eyes=True))
    if live := reading.edition_replaced_by(database, number):
        click.echo(what_is_replaced(drafted, live))


@rules.command("templates")
@click.argument("name", type=click.Choice(NAMES), required=False)
def templates(name: str | None) -> None:
    """List the templates, ready editions with their sources; or print the template NAME as TOML, to edit and draft."""
    if name is not None:
        click.echo(template_files.template(name).toml, nl=False)
        return
    rows = [
        (each.name, each.title, ", ".join(str(rule.code) for rule in each.rules), "; ".join(each.needs))
        for each in template_files.templates()
    ]
    print_table(("template", "title", "codes", "needs"), rows, prose=("title", "codes", "needs"))
    click.echo(f"With sources, to edit: {command('rules templates NAME > rules.toml')}")
    click.echo(f"To draft one as it is: {command('rules draft --template NAME')}")


def _text(file: str) -> str:
    try:
        with click.open_file(file, encoding="utf-8-sig") as opened:
            text: str = opened.read(MAX_FILE + 1)  # one more, to notice that it is too long
    except UnicodeDecodeError:
        raise InvalidRules({"file": ["Is not written in UTF-8."]}) from None
    return text


@rules.command("shadow")
@click.argument("edition", type=EDITION)
@change_options
def shadow(edition: int, change: Change) -> None:
    """Evaluate an edition on every event beside the live one; its codes are stored, not answered."""
    shadowed = controllers.shadow(_database(), edition, change, t_is_unix=_t_is_unix())
    click.echo(f"Edition {edition} runs in the shadow. {how_to_publish(shadowed, four_eyes=_four_eyes())}")


@rules.command("publish")
@click.argument("edition", type=EDITION)
@click.option("--over", type=EDITION, help="Replace this live edition, and no other.")
@change_options
def publish(edition: int, over: int | None, change: Change) -> None:
    """Make an edition live; every worker follows within a second.

    A draft replaces the edition that it is based on. If another one was published meanwhile, name that one: --over. An
    edition that was live before replaces any.
    """
    database = _database()
    former = reading.edition_page(database, PageQuery(limit=1)).in_force.live
    announce = services.get(RuleBookServices).announce
    controllers.publish(
        database, edition, change, four_eyes=setting(), over=over, t_is_unix=_t_is_unix(), announce=announce
    )
    click.echo(f"Edition {edition} is live; every worker uses it within a second.")
    if former is not None:
        click.echo(f"To go back to edition {former}: {command(f'rules publish {former} --over {edition}')}")


@rules.command("retire")
@click.argument("edition", type=EDITION)
@change_options
def retire(edition: int, change: Change) -> None:
    """Retire a draft or a shadow edition."""
    controllers.retire(_database(), edition, change)
    click.echo(f"Edition {edition} is retired.")


@rules.command("delete")
@click.argument("edition", type=EDITION)
@change_options
def delete(edition: int, change: Change) -> None:
    """Delete a draft that never ran; its steps stay in the audit, and its number is not used again."""
    controllers.delete(_database(), edition, change)
    click.echo(f"Edition {edition} is deleted.")


@rules.command("audit")
def audit() -> None:
    """List every step: who, what, when, where and why, and whether four eyes held."""
    rows = [
        (
            minute(each.at),
            each.who,
            each.step.value,
            str(each.edition),
            _number(each.based_on),
            _number(each.over),
            each.note,
            FOUR_EYES[each.four_eyes],
            each.at_shell or "",
        )
        for each in reading.audit(_database())
    ]
    headings = ("when (UTC)", "who", "step", "edition", "based on", "over", "note", "four eyes", "at the shell of")
    print_table(headings, rows, prose=("note", "at the shell of"))


def _four_eyes() -> bool:
    return policy.policy(_database(), setting=setting()).on


def _t_is_unix() -> bool:
    return services.get(RuleBookServices).t_is_unix


def _database() -> Database:
    return services.get(RuleBookServices).database


def _number(edition: int | None) -> str:
    return str(edition or "")
