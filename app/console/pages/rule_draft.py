"""A draft of the rules: a form with a fieldset a rule, for every kind, or the same as TOML."""

from collections.abc import Sequence
from typing import Any

from flask import Response, request
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from app.console.answers import go_to, new_form, page
from app.console.entrance import big_form, console, form, form_key, made, session
from app.console.forms import OF_THE_WHOLE
from app.console.pages import rule_words
from app.console.pages.rule_fieldsets import (
    Errors,
    base_in,
    fieldsets,
    named,
    numbers_in,
    plain_in,
    typed_from,
    with_rule_added,
    without_rule,
)
from app.console.pages.rule_forms import note_of
from app.console.pages.rules import RULES, asked_number
from app.rulebook import people
from app.rulebook.domain import NoSuchEdition
from app.rulebook.forms import MAX_RULES, InvalidRules
from app.rulebook.people import Start
from app.rulebook.rule_fields import fields_of
from app.rulebook.template_files import NAMES
from app.rulebook.toml import read_toml, write_toml
from app.rules.kinds import KINDS
from app.rules.rule import Rule
from app.staff.permissions import Permission

NEW, TOML = f"{RULES}/new", f"{RULES}/new/toml"
REMOVE = "remove-"


@console.get(NEW)
def show_new_draft() -> Response:
    """Show the form of a draft, with the rules of the live edition, of another one, or of a template."""
    start = asked_start()
    return draft_page(typed_from(start.rules, start.based_on))


def asked_start() -> Start:
    """Return what the draft begins with, as the address asks."""
    services, actor = made().rules, session().actor
    name = request.args.get("template", "")
    if not name:
        return people.start_from_edition(services, actor, asked_number("edition"))
    if name not in NAMES:
        raise NotFound
    return people.start_from_template(services, actor, name, add="add" in request.args)


@console.post(NEW)
@big_form
def save_draft() -> AnyResponse:
    """Add or remove a rule, go on as TOML, check what was typed, or save it as a new edition."""
    session().actor.require(Permission.RULES_WRITE)
    typed = form()
    step = typed.get("step", "check")
    if step == "add":
        return draft_page(*with_rule_added(typed))
    if step.startswith(REMOVE):
        return draft_page(without_rule(typed, step.removeprefix(REMOVE)))
    if step == "toml":
        return toml_page(write_toml(plain_in(typed), base_in(typed)), typed.get("note", ""))
    return checked_or_saved(typed, plain_in(typed))


def checked_or_saved(typed: "MultiDict[str, str]", plain: Sequence[dict[str, Any]]) -> AnyResponse:
    """Check what was typed and save it if that was asked for; whatever is wrong is said beside its field."""
    try:
        return check_or_save(people.check(made().rules, session().actor, plain), typed) or draft_page(typed, sound=True)
    except InvalidRules as error:
        return draft_page(typed, errors=named(numbers_in(typed), plain, error))
    except NoSuchEdition as error:
        return draft_page(typed, errors={OF_THE_WHOLE: [f"{error.refusal[:1].upper()}{error.refusal[1:]}."]})
    except ValidationError as error:
        return draft_page(typed, errors=messages_of(error))


def check_or_save(rules: Sequence[Rule], typed: "MultiDict[str, str]") -> AnyResponse | None:
    """Save sound rules if that was asked for, and lead to the new edition; return None if they were to be checked."""
    note = note_of(typed)
    if typed.get("step") != "save":
        return None
    drafted = people.draft(
        made().rules, session().actor, rules, note=note, based_on=base_in(typed), form=form_key("draft")
    )
    said = f"Edition {drafted.edition} is drafted. It changes nothing yet: test it below, then have it published."
    return go_to(f"{RULES}/{drafted.edition}", said)


def messages_of(error: ValidationError) -> Errors:
    """Return what is wrong, by field."""
    messages: Errors = error.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow's gap
    return messages


def draft_page(
    typed: "MultiDict[str, str]", focus: int | None = None, *, errors: Errors | None = None, sound: bool = False
) -> Response:
    """Return the form as it was typed; `focus` is the number of the rule that is new, `sound`: it can be saved."""
    return page(
        "console/draft.html.j2",
        status=400 if errors else 200,
        form=new_form(NEW, values=typed, errors=errors or {}),
        rules=fieldsets(typed),
        based_on=base_in(typed),
        kinds=rule_words.KIND_NAMES,
        words=rule_words,
        focus=focus,
        sound=sound,
        most=MAX_RULES,
    )


@console.get(TOML)
def show_new_toml() -> Response:
    """Show the rules that a draft begins with as TOML."""
    start = asked_start()
    return toml_page(write_toml(start.rules, start.based_on))


@console.post(TOML)
@big_form
def save_toml() -> AnyResponse:
    """Check TOML, go on in the form, or save it as a new edition."""
    session().actor.require(Permission.RULES_WRITE)
    typed = form()
    text, note, step = typed.get("toml", ""), typed.get("note", ""), typed.get("step", "check")
    try:
        plain, based_on = read_toml(text)
        if step == "form":
            refuse_unshown(plain)
            shown = typed_from(plain, based_on)
            shown.add("note", note)
            return draft_page(shown)
        rules = people.check(made().rules, session().actor, plain)
        typed = typed.copy()
        typed.setlist("based_on", [str(based_on)] if based_on else [])
        return check_or_save(rules, typed) or toml_page(text, note, sound=True)
    except InvalidRules as error:
        return toml_page(text, note, errors={"toml": error.lines})
    except NoSuchEdition as error:
        return toml_page(text, note, errors={"toml": [f"based_on: {error.refusal}"]})
    except ValidationError as error:
        return toml_page(text, note, errors=messages_of(error))


def refuse_unshown(plain: Sequence[Any]) -> None:
    """Raise `InvalidRules` for what the form has no field for, and would lose."""
    errors: Errors = {}
    for place, rule in enumerate(plain, start=1):
        kind = rule.get("kind") if isinstance(rule, dict) else None
        if kind not in KINDS:
            errors[f"rule no. {place}, kind"] = [f"Must be one of {', '.join(KINDS)}."]
        elif unknown := sorted(rule.keys() - {"kind", *(field.name for field in fields_of(kind))}):
            errors[f"rule no. {place}, {unknown[0]}"] = ["Unknown field."]
    if errors or len(plain) > MAX_RULES:
        raise InvalidRules(errors or {"rules": [f"Must be at most {MAX_RULES} rules."]})


def toml_page(text: str, note: str = "", *, errors: Errors | None = None, sound: bool = False) -> Response:
    """Return the page with the rules as TOML."""
    typed = MultiDict({"toml": text, "note": note})
    shown = new_form(TOML, values=typed, errors=errors or {})
    return page("console/draft_toml.html.j2", status=400 if errors else 200, form=shown, sound=sound)
