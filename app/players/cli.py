"""The commands of the register: `users …`."""

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from marshmallow import Schema, ValidationError
from rich.console import Console

from app.access.options import your_name
from app.players import controllers
from app.players.domain import (
    SAMPLE_PLAYERS,
    Actor,
    DuplicateUser,
    NewPlayer,
    NoFreeUserId,
    NotRegistered,
    PlayerChange,
    PlayerUpdate,
    Profile,
)
from app.players.files import Imported, Progress, import_players, text_of
from app.players.schemas import NewUserSchema, PlayerUpdateSchema
from app.players.services import PlayerServices
from app.rules.limits import BIGINT_MAX
from lib import services
from lib.caller import CallersPath
from lib.commands import Commands, minute
from lib.hints import command
from lib.record_files import UnreadableFile
from lib.shell_user import shell_user
from lib.tables import print_table

SHOWN = 20  # faults
USER_ID = click.IntRange(1, BIGINT_MAX)

users = Commands("users", help="The register of players.")


@users.command("add")
@click.option("--name", required=True, help="The name of the player: 1 to 100 characters.")
@click.option("--email", required=True, help="An address that no other player has.")
@click.option("--user-id", type=int, help="The platform's own id; if left out, the player gets the next free one.")
@click.option("--group", "groups", multiple=True, help="A group that the player is in, such as vip; may be repeated.")
@your_name
def add(name: str, email: str, user_id: int | None, groups: Sequence[str], who: str) -> None:
    """Register a player and print the id."""
    given = {"name": name, "email": email, "groups": list(groups), **({} if user_id is None else {"user_id": user_id})}
    new: NewPlayer = _validated(NewUserSchema(), given)
    try:
        player = controllers.register_player(services.get(PlayerServices).database, new, _actor(who))
    except (DuplicateUser, NoFreeUserId) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{player.user_id}  {player.name} <{player.email}>")


@users.command("change")
@click.argument("user_id", type=USER_ID)
@click.option("--name", help="The name of the player: 1 to 100 characters.")
@click.option("--email", help="An address that no other player has.")
@click.option("--group", "groups", multiple=True, help="A group that the player is in from now on; may be repeated.")
@click.option("--no-groups", is_flag=True, help="The player is in no group from now on.")
@your_name
def change(  # noqa: PLR0913, PLR0917  # click passes each option as an argument
    user_id: int,
    name: str | None,
    email: str | None,
    groups: Sequence[str],
    no_groups: bool,  # noqa: FBT001  # as above
    who: str,
) -> None:
    """Change the name, the email or the groups of a player; what is not given stays. --group names all groups."""
    if groups and no_groups:
        raise click.UsageError("give --group or --no-groups, not both")
    given: dict[str, object] = {"user_id": user_id, "name": name, "email": email}
    given["groups"] = list(groups) if groups or no_groups else None
    given = {member: value for member, value in given.items() if value is not None}
    if len(given) == 1:
        raise click.UsageError("give what changes: --name, --email, --group or --no-groups")
    update: PlayerUpdate = _validated(PlayerUpdateSchema(), given)
    try:
        player = controllers.change_player(services.get(PlayerServices).database, update, _actor(who))
    except (DuplicateUser, NotRegistered) as error:
        raise click.ClickException(str(error)) from None
    words = _words(Profile(player.name, player.email, player.groups))
    click.echo(f"{player.user_id}  {', '.join(words.values())} (version {player.version})")


@users.command("changes")
@click.argument("user_id", type=USER_ID)
def changes(user_id: int) -> None:
    """List the changes of a player, newest first: what, by whom, when and where."""
    found = controllers.all_changes(services.get(PlayerServices).database, user_id)
    rows = (
        (
            str(each.version),
            minute(each.changed_at),
            each.changed_by,
            "; ".join(_differences(each)),
            each.at_shell or "",
        )
        for each in found
    )
    headings = ("version", "when (UTC)", "who", "what", "at the shell of")
    print_table(headings, rows, prose=("what", "at the shell of"))


def _differences(change: PlayerChange) -> Iterator[str]:
    before, after = _words(change.before), _words(change.after)
    yield from (f"{name}: {before[name]} → {after[name]}" for name in before if before[name] != after[name])


def _words(profile: Profile) -> dict[str, str]:
    return {"name": profile.name, "email": profile.email, "groups": " ".join(sorted(profile.groups)) or "no groups"}


@users.command("import")
@click.argument("file", type=CallersPath(exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Change nothing: show the faults, and how many players would change.")
@click.option("--max-faults", type=click.IntRange(0), default=0, show_default=True, help="Import despite so many.")
@click.option("--faults", type=CallersPath(dir_okay=False, writable=True), help="Write all lines with faults, as CSV.")
@your_name
def import_(file: str, dry_run: bool, max_faults: int, faults: str | None, who: str) -> None:  # noqa: FBT001  # as above
    """Register and change the players of FILE, CSV or a JSON object a line, perhaps gzipped.

    The columns are user_id and any of name, email, groups. A player who is registered gets what the line says; a column
    that is missing, and an empty name or email, stay as they are. Groups are separated by spaces and replace all
    groups; an empty cell means none. Anybody else is registered, with name and email. The same file again changes
    nothing. Status 1 if more than --max-faults lines have faults; then nothing is changed.
    """
    database = services.get(PlayerServices).database
    try:
        with _progress() as progress:
            found = import_players(
                database, Path(file), _actor(who), dry_run=dry_run, max_faults=max_faults, progress=progress
            )
        if faults:
            _write_faults(Path(faults), found)
    except (UnreadableFile, OSError) as error:
        raise click.ClickException(str(error)) from None
    _report(found, dry_run=dry_run)
    sys.exit(1 if len(found.faults) > max_faults else 0)


def _report(found: Imported, *, dry_run: bool) -> None:
    for fault in found.faults[:SHOWN]:
        where = f", {fault.field}" if fault.field else ""
        click.echo(f"line {fault.line}{where}: {fault.reason}", err=True)
    if len(found.faults) > SHOWN:
        click.echo(f"… and {len(found.faults) - SHOWN:,} more; --faults FILE writes all", err=True)
    counts = f"{found.registered:,} registered, {found.changed:,} changed, {found.unchanged:,} as they were"
    faults = f", {len(found.faults):,} lines with faults"
    if found.stored:
        click.echo(f"{counts}{faults}.")
    else:
        click.echo(f"{'Dry run' if dry_run else 'Nothing is changed'}. It would be: {counts}{faults}.")


def _write_faults(path: Path, found: Imported) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("line", "field", "reason"), *found.faults])


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show how much of the file is read on standard error, if that is a terminal."""
    with Console(stderr=True).status("reading the file") as status:
        yield lambda title, done, whole: status.update(f"{title}: {100 * done // max(whole, 1)}% of the file")


def _actor(who: str) -> Actor:
    return Actor(name=who, at_shell=shell_user())


def _validated(schema: Schema, given: dict[str, object]) -> Any:  # noqa: ANN401  # what the schema makes
    """Return the value, validated as by the API; a fault ends the command with a line that names it."""
    try:
        return schema.load(given)
    except ValidationError as error:
        messages: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow's gap
        wrong = (f"--{_option(name)}: {text_of(faults)}" for name, faults in messages.items())
        raise click.ClickException("; ".join(wrong)) from None


def _option(member: str) -> str:
    return "group" if member == "groups" else member.replace("_", "-")


@users.command("list")
def list_() -> None:
    """List all registered players in the order of their ids."""
    players = list(controllers.all_players(services.get(PlayerServices).database))
    if not players:
        click.echo(f"Nobody is registered yet: {command('users add --name NAME --email EMAIL')}")
        return
    rows = (
        (str(each.user_id), each.name, each.email, minute(each.created_at), " ".join(sorted(each.groups)))
        for each in players
    )
    print_table(("user_id", "name", "email", "registered (UTC)", "groups"), rows, prose=("name", "groups"))


@users.command("seed")
def seed() -> None:
    """Register four sample players and print their ids."""
    controllers.seed(services.get(PlayerServices).database, SAMPLE_PLAYERS)
    for player in SAMPLE_PLAYERS:
        click.echo(f"{player.user_id}  {player.name} <{player.email}>")
