"""The commands of the keys: `keys …`."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import click
from flask import current_app

from app.access import controllers
from app.access.domain import AmbiguousKey, ApiKey, KeyHasOwner, NoSuchKey, Scope, prefix_of
from lib.commands import Commands, minute
from lib.hints import command
from lib.tables import print_table

SPAN = re.compile(r"([1-9][0-9]{0,4})([dhm])")
UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
LONGEST_NAME = 100

keys = Commands("keys", help="Keys for machines: who may do what.")


class Span(click.ParamType[timedelta]):
    """A span of time such as 90d, 12h or 30m."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the span; anything else ends the command with a line that says what to write."""
        written = SPAN.fullmatch(str(value))
        if written is None:
            self.fail(f"{value!r} is no span of time: write 90d, 12h or 30m", param, ctx)
        return int(written[1]) * UNITS[written[2]]


def a_name(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return a name that can be shown in a table."""
    name = value.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise click.BadParameter(f"give 1 to {LONGEST_NAME} characters that can be printed")
    return name


def a_name_or_none(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Return the name of a person, or None where none was given."""
    return None if value is None else a_name(context, parameter, value)


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
    key = controllers.create_key(current_app.extensions["database"], name, allowed, valid_for, owner=owner)
    # The key alone goes to standard output, where a program can take it from.
    click.echo("This is the only time that the key is shown. Send it as Authorization: Bearer …", err=True)
    click.echo(f"To take it back: {command(f'keys revoke {prefix_of(key)}')}", err=True)
    click.echo(key)


@keys.command("list")
def list_() -> None:
    """List all keys, revoked and expired ones as well."""
    known = controllers.list_keys(current_app.extensions["database"])
    if not known:
        click.echo(f"There is no key yet: {command('keys create --name payments --scope events:write')}")
        return
    now = datetime.now(UTC)
    headings = ("prefix", "name", "owner", "scopes", "state", "created (UTC)", "last used (UTC)", "expires (UTC)")
    print_table(headings, (_row(key, now) for key in known), prose=("name", "owner", "scopes"))


def _row(key: ApiKey, now: datetime) -> tuple[str, ...]:
    times = (minute(key.created_at), minute(key.last_used_at), minute(key.expires_at))
    return (key.prefix, key.name, key.owner or "", " ".join(sorted(key.scopes)), key.state(now), *times)


@keys.command("revoke")
@click.argument("prefix")
def revoke(prefix: str) -> None:
    """Take a key back, by its prefix as `keys list` shows it; it is refused within 5 seconds.

    As much of the prefix will do as no other key begins with.
    """
    with refusals():
        key = controllers.revoke_key(current_app.extensions["database"], prefix)
    click.echo(f"{key.prefix} ({key.name}) is revoked; every worker refuses it within 5 seconds.")


@keys.command("own")
@click.argument("prefix")
@click.argument("owner", callback=a_name)
def own(prefix: str, owner: str) -> None:
    """Say who answers for a key that has no owner yet; once said, it stays."""
    with refusals():
        key = controllers.own_key(current_app.extensions["database"], prefix, owner)
    click.echo(f"{key.prefix} ({key.name}) is {owner}'s from now on.")


@contextmanager
def refusals() -> Iterator[None]:
    """End with a line that says which keys there are where none, or more than one, is meant."""
    try:
        yield
    except NoSuchKey as error:
        raise click.ClickException(f"{error}; see which there are: {command('keys list')}") from None
    except AmbiguousKey as error:
        now = datetime.now(UTC)
        lines = (f"  {each.prefix}  {each.name}, {each.state(now)}" for each in error.candidates)
        raise click.ClickException("\n".join((f"{error}; give more of the one that is meant:", *lines))) from None
    except KeyHasOwner as error:
        another = command("keys create --name NAME --owner OWNER --scope rules:publish")
        raise click.ClickException(f"{error}, and stays so; make another key: {another}") from None
