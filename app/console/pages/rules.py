"""The rule book: its editions, one of them, what differs from the live one, and the steps of a shadow."""

from collections.abc import Callable

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from app.backtest.jobs import controllers as jobs
from app.console.answers import go_to, new_form, page
from app.console.entrance import console, form, form_key, made, session
from app.console.pages import rule_words
from app.console.pages.rule_forms import note_of
from app.rulebook import people
from app.rulebook.differences import differences
from app.rulebook.domain import NoSuchEdition, PageQuery, Status
from app.rulebook.template_files import templates
from app.rulebook.toml import format_toml
from app.rules.limits import MAX_EDITION
from app.staff.permissions import Actor, Permission

RULES = "/console/rules"
PAGE = 30  # editions of a list


def valid(number: int) -> int:
    """Return the number of an edition in an address; raises `NoSuchEdition` for one that no edition can have."""
    if not 1 <= number <= MAX_EDITION:
        raise NoSuchEdition(number)
    return number


def asked_number(name: str) -> int | None:
    """Return a number of an edition in the query of an address, None if there is none to be read."""
    text = request.args.get(name, "")
    is_number = text.isascii() and text.isdigit() and len(text) < 11  # noqa: PLR2004  # digits of an edition
    return valid(int(text)) if is_number else None


@console.get(RULES)
def show_rules() -> Response:
    """List the editions, newest first."""
    actor = session().actor
    before = asked_number("before")
    found = people.book(made().rules, actor, PageQuery(limit=PAGE, before=before))
    next_before = found.page.next_before
    return page(
        "console/rules.html.j2",
        book=found,
        tests=jobs.latest(made().backtests, actor),
        words=rule_words,
        back=new_form(f"{RULES}/{found.back}/back"),
        may_write=actor.may(Permission.RULES_WRITE),
        may_publish=actor.may(Permission.RULES_PUBLISH),
        older=f"?before={next_before}" if next_before else "",
        first=RULES if before else "",
    )


@console.get(f"{RULES}/templates")
def show_templates() -> Response:
    """List the templates, which a draft can begin with."""
    actor = session().actor
    actor.require(Permission.RULES_READ)
    return page("console/templates.html.j2", templates=templates(), may_write=actor.may(Permission.RULES_WRITE))


@console.get(f"{RULES}/<int:edition>")
def show_edition(edition: int) -> Response:
    """Show an edition: its rules in words and as TOML, what differs from the live one, and its audit."""
    actor = session().actor
    found = people.edition(made().rules, actor, valid(edition))
    shown, live = found.edition, found.live
    return page(
        "console/edition.html.j2",
        found=found,
        edition=shown,
        is_live=shown.status is Status.LIVE,
        tests=jobs.latest(made().backtests, actor, edition=shown.edition),
        toml=format_toml(shown),
        words=rule_words,
        step=new_form(f"{RULES}/{edition}/shadow"),
        ask=new_form(f"{RULES}/{edition}/test"),
        days=jobs.choices(made().backtests),
        against=live.edition if live and live.edition != shown.edition else None,
        may_write=actor.may(Permission.RULES_WRITE),
        may_publish=actor.may(Permission.RULES_PUBLISH),
        may_report=actor.may(Permission.REPORTS_READ),
    )


@console.get(f"{RULES}/<int:edition>/diff")
def show_differences(edition: int) -> Response:
    """Show what differs from another edition, by default the live one: in words, and side by side."""
    actor, services = session().actor, made().rules
    number = valid(edition)
    found = people.edition(services, actor, number)
    live = found.live.edition if found.live else number
    old, new = people.two_editions(services, actor, asked_number("from") or live, number)
    in_words = differences(old.rules, new.rules)
    return page(
        "console/edition_diff.html.j2",
        old=old,
        new=new,
        changes=in_words,
        rules=rule_words.side_by_side(old, new),
        words=rule_words,
    )


Step = Callable[..., object]


def take(step: Step, edition: int, said: str) -> AnyResponse:
    """Take a step with an edition, and lead back to its page."""
    actor: Actor = session().actor
    note = note_of(form())
    step(made().rules, actor, valid(edition), note=note, form=form_key(f"{step.__name__} {edition}"))
    return go_to(f"{RULES}/{edition}", said)


@console.post(f"{RULES}/<int:edition>/shadow")
def shadow_edition(edition: int) -> AnyResponse:
    """Let an edition judge beside the live one."""
    return take(
        people.shadow, edition, f"Edition {edition} now runs in the shadow: what it raises is kept, not answered."
    )


@console.post(f"{RULES}/<int:edition>/retire")
def retire_edition(edition: int) -> AnyResponse:
    """Retire a draft, or stop a shadow."""
    return take(people.retire, edition, f"Edition {edition} is retired.")


@console.post(f"{RULES}/<int:edition>/delete")
def delete_edition(edition: int) -> AnyResponse:
    """Delete a draft."""
    take(people.delete, edition, "")
    return go_to(RULES, f"Edition {edition} is deleted. Its steps stay in the audit.")
