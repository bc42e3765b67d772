"""The commands of the keys: `keys …`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import click

from app.access import controllers
from app.access.domain import (
    AmbiguousKey,
    ApiKey,
    InvalidSpan,
    KeyHasOwner,
    KeyHistory,
    LastRefusal,
    NoSuchKey,
    Scope,
    TooLongLived,
    UselessKey,
    prefix_of,
    read_span,
)
from app.access.services import AccessServices
from lib import services
from lib.commands import Commands, minute
from lib.database import Database
from lib.hints import command
from lib.shell_user import shell_user
from lib.tables import print_table

LONGEST_NAME = 100
OVERLAP = "24h"  # that a rotated key goes on: time to change the client

TIMES = ("created (UTC)", "last used (UTC)", "refused last (UTC)", "expires (UTC)")
HEADINGS = ("prefix", "name", "owner", "scopes", "state", *TIMES, "id")

keys = Commands("keys", help="Keys for machines: who may do what.")


class Span(click.ParamType[timedelta]):
    """A span of time such as 90d, 12h or 30m."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the span; anything else ends the command with a line that says what to write."""
        try:
            return read_span(str(value))
        except InvalidSpan as error:
            self.fail(f"{value!r} is no span of time: {error}", param, ctx)


def a_name(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return a name that can be shown in a table."""
    name = value.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise click.BadParameter(f"give 1 to {LONGEST_NAME} characters that can be printed")
    return name


def a_name_or_none(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Return the name of a person, or None where none was given."""
    return None if value is None else a_name(context, parameter, value)


@contextmanager
def refusals_in_a_line() -> Iterator[None]:
    """End the command with a line that says what to do where no key, or more than one, is meant, or it has an owner."""
    try:
        yield
    except NoSuchKey as error:
        raise click.ClickException(f"{error}; see which there are: {command('keys list')}") from None
    except AmbiguousKey as error:
        lines = (f"  {each.prefix}  {each.name}, {each.state(error.now)}" for each in error.candidates)
        raise click.ClickException("\n".join((f"{error}; give more of the one that is meant:", *lines))) from None
    except KeyHasOwner as error:
        another = command("keys create --name NAME --owner OWNER --scope rules:publish")
        raise click.ClickException(f"{error}, and stays so; create another key: {another}") from None


@keys.command("create")
@click.option("--name", required=True, callback=a_name, help="Whose key it is, for people: payments")
@click.option(
    "--scope",
    "scopes",
    required=True,
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it may do; may be given several times.",
)
@click.option("--owner", callback=a_name_or_none, help="The person who answers for it; four eyes are two owners'.")
@click.option("--expires", "valid_for", type=Span(), help="After how long it is of no use: 90d, 12h, 30m.")
def create(name: str, scopes: Sequence[str], owner: str | None, valid_for: timedelta | None) -> None:
    """Make a key and print it, this once."""
    allowed = [Scope(scope) for scope in scopes]
    max_age = _max_age()
    try:
        key = controllers.create_key(
            _database(), name, allowed, valid_for, owner=owner, max_age=max_age, who=shell_user()
        )
    except TooLongLived:
        raise click.ClickException(
            f"KEY_MAX_AGE lets a key live for {max_age}: give --expires that or less, or leave it out"
        ) from None
    _print_key(key)


def _print_key(key: str) -> None:
    # The key alone goes to standard output, where a program can take it from.
    click.echo("This is the only time that the key is shown. Send it as Authorization: Bearer …", err=True)
    click.echo(f"To take it back: {command(f'keys revoke {prefix_of(key)}')}", err=True)
    click.echo(key)


@keys.command("list")
def list_() -> None:
    """List all keys, revoked and expired ones as well.

    Beside the time of a key's last refusal is how many are kept, ten at most; `keys show PREFIX` lists them.
    """
    known = controllers.list_keys(_database(), _max_age())
    if not known.keys:
        click.echo(f"There is no key yet: {command('keys create --name payments --scope events:write')}")
        return
    rows = (_row(key, known.now, known.refused.get(key.id)) for key in known.keys)
    print_table(HEADINGS, rows, prose=("name", "owner", "scopes"))


def _row(key: ApiKey, now: datetime, refused: LastRefusal | None) -> tuple[str, ...]:
    refused_last = f"{minute(refused.at)} ({refused.kept})" if refused else minute(None)
    times = (minute(key.created_at), minute(key.last_used_at), refused_last, minute(key.expires_at))
    scopes = " ".join(sorted(key.scopes))
    return (key.prefix, key.name, key.owner or "", scopes, key.state(now), *times, str(key.id))


@keys.command("show")
@click.argument("prefix")
def show(prefix: str) -> None:
    """Show all that is known of a key: who made and revoked it, and its last ten refusals.

    As much of the prefix will do as no other key begins with.
    """
    with refusals_in_a_line():
        shown = controllers.show_key(_database(), prefix, _max_age())
    for line in _told(shown):
        click.echo(line)
    if shown.refusals:
        click.echo("Refused last, newest first:")
        headings = ("at (UTC)", "why", "address", "path")
        rows = ((minute(each.at), each.reason, each.address, each.route) for each in shown.refusals)
        print_table(headings, rows, prose=("path",))


def _told(shown: KeyHistory) -> Iterator[str]:
    key = shown.key
    yield f"{key.prefix} ({key.name}), id {key.id}: {shown.state}"
    yield f"scopes: {' '.join(sorted(key.scopes))}"
    yield f"owner: {key.owner}" if key.owner else f"no owner; name one: {command(f'keys own {key.prefix} NAME')}"
    yield f"created {minute(key.created_at)} UTC by {key.created_by or 'somebody before this was kept'}"
    yield f"expires {minute(key.expires_at)}, last used {minute(key.last_used_at)}"
    if key.revoked_at:
        yield f"revoked {minute(key.revoked_at)} UTC by {key.revoked_by or 'somebody before this was kept'}"
    for event in shown.events:
        instead = f" instead of {event.replaces}" if event.replaces else ""
        yield f"{minute(event.at)} UTC {event.step.value}{instead}, {event.who}"


@keys.command("rotate")
@click.argument("prefix")
@click.option("--overlap", type=Span(), default=OVERLAP, help=f"How long the old key goes on; else {OVERLAP}.")
def rotate(prefix: str, overlap: timedelta) -> None:
    """Make a new key with the name, owner, scopes and lifetime of an old one, print it, and let the old one end soon.

    As much of the prefix will do as no other key begins with.
    """
    with refusals_in_a_line():
        try:
            rotation = controllers.rotate_key(_database(), prefix, overlap, max_age=_max_age(), who=shell_user())
        except UselessKey as error:
            raise click.ClickException(f"{error}; what makes another: {command('keys create --help')}") from None
    older = rotation.older
    ends = minute(rotation.older_ends_at)
    click.echo(f"{older.prefix} ({older.name}) ends {ends} UTC; change its client before that.", err=True)
    _print_key(rotation.secret_key)


@keys.command("revoke")
@click.argument("prefix")
def revoke(prefix: str) -> None:
    """Take a key back, by its prefix as `keys list` shows it; it is refused within 5 seconds.

    As much of the prefix will do as no other key begins with.
    """
    with refusals_in_a_line():
        key = controllers.revoke_key(_database(), prefix, who=shell_user())
    click.echo(f"{key.prefix} ({key.name}) is revoked; every worker refuses it within 5 seconds.")


@keys.command("own")
@click.argument("prefix")
@click.argument("owner", callback=a_name)
def own(prefix: str, owner: str) -> None:
    """Say who answers for a key that has no owner yet; once said, it stays."""
    with refusals_in_a_line():
        key = controllers.own_key(_database(), prefix, owner, who=shell_user())
    click.echo(f"{key.prefix} ({key.name}) is {owner}'s from now on.")


def _database() -> Database:
    return services.get(AccessServices).database


def _max_age() -> timedelta | None:
    return services.get(AccessServices).key_max_age
