"""Admin: the register of players, who are called customers here."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from app.console.answers import go_to, new_form
from app.console.entrance import console, form, made, session
from app.console.errors import sentence
from app.console.forms import OF_THE_WHOLE, Form
from app.console.pages.admin import ADMIN, admin_page, errors_of, number_in, shown_again, typed_members
from app.console.pages.register_forms import AddForm, ChangeForm
from app.players import people
from app.players.domain import (
    DuplicateUser,
    NewPlayer,
    NoFreeUserId,
    PageQuery,
    PlayerChange,
    PlayerMoved,
    PlayerUpdate,
    Profile,
)
from app.players.pasted import LineResult, PastedLine
from app.players.schemas import MAX_EMAIL_LENGTH
from app.rules.limits import GROUP
from app.staff.permissions import Permission
from lib.fields import Word
from lib.hints import command
from lib.keyset import DEFAULT_PAGE_SIZE
from lib.record_files import UnreadableFile

REGISTER = f"{ADMIN}/register"
PASTED = "users import FILE"  # the command for what is too long to be pasted


@console.get(REGISTER)
def show_register() -> Response:
    """List the players whom an address selects, with the form that adds one."""
    return register_page()


def register_page(adding: Form | None = None, *, status: int = 200) -> Response:
    """Return a page of the register; `adding` is a form that was refused."""
    asked = request.args
    faults: dict[str, list[str]] = {}
    query = query_of(asked, faults)
    found, next_after = people.players(made().players, session().actor, query)
    kept = {name: asked[name] for name in ("search", "group") if asked.get(name)}
    return admin_page(
        "console/register.html.j2",
        status=400 if faults else status,
        form=adding or new_form(REGISTER, prefix="find", values=MultiDict(asked), errors=faults),
        find=new_form(REGISTER, prefix="find", values=MultiDict(asked), errors=faults),
        add=adding or new_form(f"{REGISTER}/add", prefix="add"),
        players=found,
        filters=kept,
        next=f"{REGISTER}?{urlencode({**kept, 'after': next_after})}" if next_after else "",
        first=f"{REGISTER}?{urlencode(kept)}" if query.after else "",
    )


def query_of(asked: Mapping[str, str], faults: dict[str, list[str]]) -> PageQuery:
    """Return what an address asks for; what cannot be read is added to `faults`, by name, and selects nobody."""
    search, group = asked.get("search", "").strip(), asked.get("group", "").strip()
    if len(search) > MAX_EMAIL_LENGTH or not search.isprintable():
        faults["search"], search = [f"Enter at most {MAX_EMAIL_LENGTH} printable characters."], "0"
    try:
        group = group and Word(pattern=GROUP, form="a group such as vip").deserialize(group)
    except ValidationError:
        faults["group"], search, group = ["Enter one group, such as vip."], "0", ""
    return PageQuery(limit=DEFAULT_PAGE_SIZE, after=number_in(asked.get("after", "")) or 0, search=search, group=group)


@console.post(f"{REGISTER}/add")
def add_player() -> AnyResponse:
    """Register a player."""
    kept = new_form(f"{REGISTER}/add", prefix="add", values=form())
    try:
        new = NewPlayer(**AddForm().load(typed_members(form())))
        added = people.add(made().players, session().actor, new)
    except ValidationError as error:
        return register_page(shown_again(kept, errors_of(error)), status=400)
    except DuplicateUser as error:
        return register_page(shown_again(kept, error.errors), status=409)
    except NoFreeUserId as error:
        return register_page(shown_again(kept, {"user_id": [sentence(str(error))]}), status=409)
    return go_to(f"{REGISTER}/{added.user_id}", f"Customer {added.user_id} is registered.")


@console.get(f"{REGISTER}/<int:user_id>")
def show_player(user_id: int) -> Response:
    """Show a player, the form that changes one, and the changes."""
    return player_page(user_id)


def player_page(
    user_id: int, wrong: Form | None = None, meanwhile: Sequence[PlayerChange] = (), *, status: int = 200
) -> Response:
    """Return the page of a player; `wrong` is a form that was refused, `meanwhile` what others have changed."""
    before = number_in(request.args.get("before", ""))
    found, changes, next_before = people.player(made().players, session().actor, user_id, before=before)
    return admin_page(
        "console/player.html.j2",
        status=status,
        form=wrong or new_form(f"{REGISTER}/{user_id}/change"),
        player=found,
        changes=[(each, differences(each)) for each in changes],
        meanwhile=[(each, differences(each)) for each in meanwhile],
        older=f"?before={next_before}" if next_before else "",
        first=f"{REGISTER}/{user_id}" if before else "",
    )


def differences(change: PlayerChange) -> list[tuple[str, str, str]]:
    """Return what a change changed: name, before, after."""
    before, after = words(change.before), words(change.after)
    return [(name, before[name], after[name]) for name in before if before[name] != after[name]]


def words(profile: Profile) -> dict[str, str]:
    """Return what is said about a player, in words."""
    return {"Name": profile.name, "Email": profile.email, "Groups": " ".join(sorted(profile.groups)) or "none"}


@console.post(f"{REGISTER}/<int:user_id>/change")
def change_player(user_id: int) -> AnyResponse:
    """Change a player, unless others have done so since the form was opened."""
    kept = new_form(f"{REGISTER}/{user_id}/change", values=form())
    try:
        given = ChangeForm().load(typed_members(form()))
        seen = given.pop("version")
        changed = people.change(made().players, session().actor, PlayerUpdate(user_id=user_id, **given), seen=seen)
    except ValidationError as error:
        return player_page(user_id, shown_again(kept, errors_of(error)), status=400)
    except DuplicateUser as error:
        return player_page(user_id, shown_again(kept, error.errors), status=409)
    except PlayerMoved as error:
        kept.values.setlist("version", [str(error.meanwhile[0].version)])
        said = "This customer was changed since you opened the form. Nothing is saved yet: compare, and save again."
        return player_page(user_id, shown_again(kept, {OF_THE_WHOLE: [said]}), error.meanwhile, status=409)
    return go_to(f"{REGISTER}/{user_id}", f"Customer {changed.user_id} is saved.")


@console.get(f"{REGISTER}/import")
def show_paste() -> Response:
    """Show the form into which lines of players are pasted."""
    session().actor.require(Permission.USERS_WRITE)
    return paste_page(new_form(f"{REGISTER}/import"))


def paste_page(shown: Form, lines: Sequence[PastedLine] = (), *, stored: bool = False, status: int = 200) -> Response:
    """Return the page for pasted lines, with what became of them or would."""
    numbers = {each: sum(line.result is each for line in lines) for each in LineResult}
    values: dict[str, Any] = {"lines": lines, "numbers": numbers, "stored": stored, "command": command(PASTED)}
    return admin_page("console/paste.html.j2", status=status, form=shown, **values)


@console.post(f"{REGISTER}/import")
def paste() -> Response:
    """Try pasted lines, or take them; each is taken or refused by itself, and the same again changes nothing."""
    kept, stored = new_form(f"{REGISTER}/import", values=form()), form().get("step") == "import"
    try:
        lines = people.paste(made().players, session().actor, form().get("text", ""), dry_run=not stored)
    except UnreadableFile as error:
        return paste_page(shown_again(kept, {"text": [sentence(str(error))]}), status=400)
    return paste_page(kept, lines, stored=stored)
