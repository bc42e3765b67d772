"""The commands of the keys: `keys …`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import click

from app.access import controllers
from app.access.domain import (
    AmbiguousKey,
    ApiKey,
    InactiveKey,
    InvalidSpan,
    KeyHasOwner,
    KeyHistory,
    KeyRefusal,
    LifetimeTooLong,
    NoSuchKey,
    Scope,
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

MAX_NAME_LENGTH = 100
OVERLAP = "24h"  # for which a rotated key goes on working: time to change the client

TIMES = ("created (UTC)", "last used (UTC)", "refused last (UTC)", "expires (UTC)")
HEADINGS = ("prefix", "name", "owner", "scopes", "state", *TIMES, "id")

keys = Commands("keys", help="Keys for machines: who may do what.")


class Span(click.ParamType[timedelta]):
    """A span of time such as 90d, 12h or 30m."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the span; any other text ends the command with a line that says what to write."""
        try:
            return read_span(str(value))
        except InvalidSpan as error:
            self.fail(f"{value!r} is not a span of time: {error}", param, ctx)


def printable_name(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return the name, once checked that a table can show it."""
    name = value.strip()
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise click.BadParameter(f"give 1 to {MAX_NAME_LENGTH} printable characters")
    return name


def printable_name_or_none(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Return the name of a person, or None if none was given."""
    return None if value is None else printable_name(context, parameter, value)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End the command with a line that says what to do if a prefix fits no key or several, or the key has an owner."""
    try:
        yield
    except NoSuchKey as error:
        raise click.ClickException(f"{error}; to list the keys: {command('keys list')}") from None
    except AmbiguousKey as error:
        lines = (f"  {each.prefix}  {each.name}, {each.state(error.now)}" for each in error.candidates)
        raise click.ClickException("\n".join((f"{error}; give more characters of the one you mean:", *lines))) from None
    except KeyHasOwner as error:
        another = command("keys create --name NAME --owner OWNER --scope rules:publish")
        raise click.ClickException(f"{error}, for good; create another key: {another}") from None


@keys.command("create")
@click.option("--name", required=True, callback=printable_name, help="What people call the key: payments")
@click.option(
    "--scope",
    "scopes",
    required=True,
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it may do; can be given several times.",
)
@click.option("--owner", callback=printable_name_or_none, help="The person responsible; four eyes need two owners.")
@click.option("--expires", "valid_for", type=Span(), help="How long it is valid: 90d, 12h, 30m.")
def create(name: str, scopes: Sequence[str], owner: str | None, valid_for: timedelta | None) -> None:
    """Make a key and print it, this one time."""
    allowed = [Scope(scope) for scope in scopes]
    max_age = _max_age()
    try:
        key = controllers.create_key(
            _database(), name, allowed, valid_for, owner=owner, max_age=max_age, who=shell_user()
        )
    except LifetimeTooLong:
        raise click.ClickException(
            f"KEY_MAX_AGE allows {max_age}: give --expires that or less, or leave it out"
        ) from None
    _print_key(key)


def _print_key(key: str) -> None:
    # Only the key goes to standard output, so that a program can read it.
    click.echo("The key is shown only this once. Send it as Authorization: Bearer …", err=True)
    click.echo(f"To revoke it: {command(f'keys revoke {prefix_of(key)}')}", err=True)
    click.echo(key)


@keys.command("list")
@click.option("--refusals", is_flag=True, help="Also list the last ten refusals of each key.")
def list_(*, refusals: bool) -> None:
    """List all keys, revoked and expired ones too.

    The number after the time of a key's last refusal says how many are kept, ten at most.
    """
    listed = controllers.list_keys(_database(), _max_age())
    if not listed.keys:
        click.echo(f"There is no key yet: {command('keys create --name payments --scope events:write')}")
        return
    rows = (_row(key, listed.now, listed.refused.get(key.id, ())) for key in listed.keys)
    print_table(HEADINGS, rows, prose=("name", "owner", "scopes"))
    for key in listed.keys if refusals else ():
        _print_refusals(f"{key.prefix} ({key.name})", listed.refused.get(key.id, ()))


def _print_refusals(whose: str, refusals: Sequence[KeyRefusal]) -> None:
    if refusals:
        click.echo(f"Last refusals of {whose}, newest first:")
        rows = ((minute(each.at), each.reason, each.address, each.route) for each in refusals)
        print_table(("at (UTC)", "why", "address", "path"), rows, prose=("path",))


def _row(key: ApiKey, now: datetime, refusals: Sequence[KeyRefusal]) -> tuple[str, ...]:
    refused_last = f"{minute(refusals[0].at)} ({len(refusals)})" if refusals else minute(None)
    times = (minute(key.created_at), minute(key.last_used_at), refused_last, minute(key.expires_at))
    scopes = " ".join(sorted(key.scopes))
    return (key.prefix, key.name, key.owner or "", scopes, key.state(now), *times, str(key.id))


@keys.command("show")
@click.argument("prefix")
def show(prefix: str) -> None:
    """Show everything about a key: who made and revoked it, and its last ten refusals.

    The first characters of the prefix are enough if no other key starts with them.
    """
    with one_line_errors():
        shown = controllers.show_key(_database(), prefix, _max_age())
    for line in _describe(shown):
        click.echo(line)
    _print_refusals(shown.key.prefix, shown.refusals)


def _describe(shown: KeyHistory) -> Iterator[str]:
    key = shown.key
    yield f"{key.prefix} ({key.name}), id {key.id}: {shown.state}"
    yield f"scopes: {' '.join(sorted(key.scopes))}"
    yield f"owner: {key.owner}" if key.owner else f"no owner; to name one: {command(f'keys own {key.prefix} NAME')}"
    yield f"created {minute(key.created_at)} UTC by {key.created_by or 'somebody before that was recorded'}"
    yield f"expires {minute(key.expires_at)}, last used {minute(key.last_used_at)}"
    if key.revoked_at:
        yield f"revoked {minute(key.revoked_at)} UTC by {key.revoked_by or 'somebody before that was recorded'}"
    for event in shown.events:
        instead = f" instead of {event.replaces}" if event.replaces else ""
        yield f"{minute(event.at)} UTC {event.step.value}{instead}, {event.who}"


@keys.command("rotate")
@click.argument("prefix")
@click.option("--overlap", type=Span(), default=OVERLAP, help=f"How long the old key stays valid; default {OVERLAP}.")
def rotate(prefix: str, overlap: timedelta) -> None:
    """Replace a key by a new one with its name, owner, scopes and lifetime; print it, and let the old one expire soon.

    The first characters of the prefix are enough if no other key starts with them.
    """
    with one_line_errors():
        try:
            rotation = controllers.rotate_key(_database(), prefix, overlap, max_age=_max_age(), who=shell_user())
        except InactiveKey as error:
            raise click.ClickException(f"{error}; to make another: {command('keys create --help')}") from None
    older = rotation.older
    ends = minute(rotation.older_ends_at)
    click.echo(f"{older.prefix} ({older.name}) expires {ends} UTC; change its client before that.", err=True)
    _print_key(rotation.secret_key)


@keys.command("revoke")
@click.argument("prefix")
def revoke(prefix: str) -> None:
    """Revoke a key, by its prefix as `keys list` shows it; it is refused within 5 seconds.

    The first characters of the prefix are enough if no other key starts with them.
    """
    with one_line_errors():
        key = controllers.revoke_key(_database(), prefix, who=shell_user())
    click.echo(f"{key.prefix} ({key.name}) is revoked; every worker refuses it within 5 seconds.")


@keys.command("own")
@click.argument("prefix")
@click.argument("owner", callback=printable_name)
def own(prefix: str, owner: str) -> None:
    """Name the owner of a key that has none yet; an owner cannot be changed."""
    with one_line_errors():
        key = controllers.set_owner(_database(), prefix, owner, who=shell_user())
    click.echo(f"{key.prefix} ({key.name}) now belongs to {owner}.")


def _database() -> Database:
    return services.get(AccessServices).database


def _max_age() -> timedelta | None:
    return services.get(AccessServices).key_max_age
