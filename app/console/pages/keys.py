"""Admin: the keys of programs."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from flask import Response
from marshmallow import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from app.access import people
from app.access.domain import KeyExists, KeyHasOwner, LifetimeTooLong, prefix_of
from app.access.people import NewKey
from app.console.answers import go_to, new_form, page
from app.console.entrance import console, form, form_key, made, session
from app.console.errors import sentence
from app.console.forms import OF_THE_WHOLE, Form
from app.console.pages.admin import (
    ADMIN,
    Errors,
    admin_page,
    code_errors,
    confirmed_actor,
    errors_of,
    shown_again,
    typed_members,
)
from app.console.pages.key_forms import LIFETIMES, OVERLAPS, SCOPES, KeyForm, OwnerForm, RotateForm
from app.staff.domain import SignInDelayed, WrongCode
from app.staff.permissions import NotConfirmed

KEYS = f"{ADMIN}/keys"
STEPS = ("rotate", "revoke", "own")
KEEP = (
    "Programs send it as Authorization: Bearer KEY. If it is lost or others have seen it, revoke it and make another."
)


@console.get(KEYS)
def show_keys() -> Response:
    """List all keys, with the form that makes one."""
    return keys_page()


def keys_page(wrong: Form | None = None, *, status: int = 200) -> Response:
    """Return the list of keys; `wrong` is a form that was refused."""
    found = people.keys(made().access, session().actor)
    return admin_page(
        "console/keys.html.j2",
        status=status,
        form=wrong or new_form(f"{KEYS}/new"),
        keys=[*reversed(found.keys)],
        now=found.now,
        refusals=found.refused,
        scopes=SCOPES,
        lifetimes=lifetimes(),
    )


def lifetimes() -> list[tuple[str, str]]:
    """Return how long a key may be made for; by the settings none may last longer than KEY_MAX_AGE."""
    longest = made().access.key_max_age
    days = [(str(days), f"{days} days") for days in LIFETIMES if longest is None or timedelta(days=days) <= longest]
    return [*days, ("", f"{longest.days} days, the most allowed" if longest and longest.days else "As long as allowed")]


@console.post(f"{KEYS}/new")
def make_key() -> AnyResponse:
    """Make a key, and show it, this one time."""
    kept = new_form(f"{KEYS}/new", values=form())
    try:
        given = KeyForm().load(typed_members(form(), "scopes"))
        days = given.pop("days")
        new = NewKey(**given, valid_for=timedelta(days=days) if days else None, form=form_key("new key"))
        return secret_page(people.make(made().access, confirmed_actor(), new), new.name)
    except ValidationError as error:
        return keys_page(shown_again(kept, errors_of(error)), status=400)
    except (NotConfirmed, WrongCode, SignInDelayed) as error:
        return keys_page(shown_again(kept, code_errors(error)), status=403)
    except (LifetimeTooLong, KeyExists) as error:
        return keys_page(shown_again(kept, refusal_errors(error)), status=409)


def refusal_errors(error: LifetimeTooLong | KeyExists | KeyHasOwner) -> Errors:
    """Return why a step with a key was refused, by field."""
    if isinstance(error, LifetimeTooLong):
        return {"days": ["A key may not last so long here. Choose less."]}
    if isinstance(error, KeyExists):
        again = "If you have not copied it, revoke it and make another"
        return {OF_THE_WHOLE: [sentence(f"{error}. {again}")]}
    return {OF_THE_WHOLE: [sentence(str(error))]}


def secret_page(secret_key: str, name: str) -> Response:
    """Return the page that shows a key."""
    title = f"The key {name} ({prefix_of(secret_key)})"
    return page(
        "console/secret.html.j2", title=title, secret=secret_key, said=KEEP, label="Back to the keys", href=KEYS
    )


@console.get(f"{KEYS}/<int:key_id>")
def show_key(key_id: int) -> Response:
    """Show a key, its history, and what may be done with it."""
    return key_page(key_id)


def key_page(key_id: int, wrong: Mapping[str, Form] | None = None, *, status: int = 200) -> Response:
    """Return the page of a key; `wrong` is a form that was refused, by its step."""
    shown = people.key(made().access, session().actor, key_id)
    forms = {step: new_form(f"{KEYS}/{key_id}/{step}", prefix=step) for step in STEPS}
    open_step, refused = next(iter((wrong or {}).items()), ("", None))
    return admin_page(
        "console/key.html.j2",
        status=status,
        form=refused,
        shown=shown,
        scopes=SCOPES,
        forms={**forms, **(wrong or {})},
        open_step=open_step,
        overlaps=[(str(hours), words) for hours, words in OVERLAPS],
    )


@console.post(f"{KEYS}/<int:key_id>/rotate")
def rotate_key(key_id: int) -> AnyResponse:
    """Replace a key, and show the new one, this one time."""

    def rotate() -> Response:
        hours = RotateForm().load(typed_members(form()))["hours"]
        sent = form_key(f"rotate {key_id}")
        rotation = people.rotate(made().access, confirmed_actor(), key_id, timedelta(hours=hours), form=sent)
        return secret_page(rotation.secret_key, rotation.older.name)

    return step_taken(key_id, "rotate", rotate)


@console.post(f"{KEYS}/<int:key_id>/revoke")
def revoke_key(key_id: int) -> AnyResponse:
    """Revoke a key."""

    def revoke() -> Response:
        name = people.revoke(made().access, confirmed_actor(), key_id).name
        return go_to(f"{KEYS}/{key_id}", f"The key {name} is revoked; requests with it are refused within 5 seconds.")

    return step_taken(key_id, "revoke", revoke)


@console.post(f"{KEYS}/<int:key_id>/own")
def own_key(key_id: int) -> AnyResponse:
    """Name the owner of a key."""

    def own() -> Response:
        owner = OwnerForm().load(typed_members(form()))["owner"]
        owned = people.set_owner(made().access, confirmed_actor(), key_id, owner)
        return go_to(f"{KEYS}/{key_id}", f"The key {owned.name} now belongs to {owner}.")

    return step_taken(key_id, "own", own)


def step_taken(key_id: int, step: str, take: Callable[[], Response]) -> Response:
    """Take a step with a key; a form that is refused is shown again."""
    kept = new_form(f"{KEYS}/{key_id}/{step}", prefix=step, values=form())
    try:
        return take()
    except ValidationError as error:
        return key_page(key_id, {step: shown_again(kept, errors_of(error))}, status=400)
    except (NotConfirmed, WrongCode, SignInDelayed) as error:
        return key_page(key_id, {step: shown_again(kept, code_errors(error))}, status=403)
    except (KeyExists, KeyHasOwner) as error:
        return key_page(key_id, {step: shown_again(kept, refusal_errors(error))}, status=409)
