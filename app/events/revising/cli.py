"""The commands for corrections: `events reverse` and `events amend`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import wraps

import click
from flask.cli import with_appcontext
from rich.console import Console

from app.access.options import your_name
from app.events.revising.corrections import Which, correct
from app.events.revising.domain import MAX_CHANGED, MAX_REASON, Corrected, Correction, CorrectionRefused
from app.events.revising.judging import Bounds, EditionUnreadable
from app.events.services import EventServices
from app.rules.event import EventType, parse_amount, parse_event_id
from app.rules.limits import BIGINT_MAX
from lib import services
from lib.shell_user import shell_user
from lib.tables import print_table

LONG_DEADLINE = 3600.0  # seconds
SHOWN = 20  # events whose codes changed
CHANGED = "SELECT t, n, codes_before, codes_after FROM revision WHERE user_id = {} AND cause = {} ORDER BY t, n;"

Command = Callable[..., None]


def parse_reason(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return why an event is corrected."""
    reason = value.strip()
    if not 1 <= len(reason) <= MAX_REASON or not reason.isprintable():
        raise click.BadParameter(f"give 1 to {MAX_REASON} printable characters")
    return reason


def parse_id(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Return the id of an event."""
    try:
        return None if value is None else parse_event_id(value)
    except ValueError:
        raise click.BadParameter("give the event_id as the platform sent it") from None


def parse_money(_: click.Context, __: click.Parameter, value: str | None) -> Decimal | None:
    """Return an amount above zero."""
    try:
        amount = None if value is None else parse_amount(value)
    except ValueError:
        amount = Decimal(0)
    if amount == 0:
        raise click.BadParameter('give a plain amount above zero, such as "42.00"')
    return amount


def on_an_event(command: Command) -> Command:
    """Add what names an event, who corrects it and why; the command gets the player, the event and these."""

    @click.argument("user_id", type=click.IntRange(1, BIGINT_MAX))
    @click.option("--t", type=click.IntRange(0, BIGINT_MAX), help="The t of an event without an event_id.")
    @click.option("--id", "event_id", callback=parse_id, help="The event_id of an event that has one.")
    @click.option("--reason", required=True, callback=parse_reason, help="Why, for readers of the record.")
    @your_name
    @with_appcontext
    @wraps(command)
    def with_event(user_id: int, t: int | None, event_id: str | None, **named: object) -> None:
        if (t is None) == (event_id is None):
            raise click.UsageError("Name the event by --t or by --id.")
        command(user_id, t if event_id is None else event_id, **named)

    return with_event


@click.command("reverse")
@on_an_event
def reverse(user_id: int, which: Which, *, who: str, reason: str) -> None:
    """Take back an event of a player: it did not happen, or its t was wrong.

    Later events are judged again, however many they are. Their first answers stay.
    """
    _correct(user_id, which, Correction(reason=reason, actor=who, at_shell=shell_user()))


@click.command("amend")
@click.option("--type", "kind", type=click.Choice([kind.value for kind in EventType]), help="What the type should be.")
@click.option("--amount", callback=parse_money, help="What the amount should be.")
@on_an_event
def amend(  # noqa: PLR0913  # a command's options
    user_id: int, which: Which, *, who: str, reason: str, kind: str | None = None, amount: Decimal | None = None
) -> None:
    """Amend the type or the amount of an event of a player; it and later events are judged again."""
    if kind is None and amount is None:
        raise click.UsageError("Give --type or --amount, or both.")
    amended = EventType(kind) if kind else None
    _correct(user_id, which, Correction(reason=reason, actor=who, at_shell=shell_user(), type=amended, amount=amount))


ON_CORRECTIONS = (reverse, amend)  # added to the commands of events


def _correct(user_id: int, which: Which, correction: Correction) -> None:
    with _progress() as progress:
        bounds = Bounds(judged=None, read=None, deadline=LONG_DEADLINE, progress=progress)
        try:
            corrected = correct(services.get(EventServices), user_id, which, correction, bounds)
        except (CorrectionRefused, EditionUnreadable) as error:
            raise click.ClickException(str(error)) from None
    _report(corrected)


def _report(corrected: Corrected) -> None:
    recorded = corrected.correction
    done = "was corrected so before" if corrected.replayed else "is corrected"
    click.echo(f"The event {done}: correction {recorded.seq} of player {recorded.user_id} ({recorded.kind}).")
    if corrected.revised:
        rows = (
            (str(each.event.t), each.event.event_id or "", _listed(each.codes_before), _listed(each.codes_after))
            for each in corrected.revised[:SHOWN]
        )
        print_table(("t", "event_id", "codes before", "codes now"), rows, prose=())
        _mention_others(corrected)
    else:
        click.echo("No event raises other codes because of it.")


def _mention_others(corrected: Corrected) -> None:
    found, recorded = len(corrected.revised), corrected.correction
    if found <= SHOWN:
        return
    count = f"{found:,} or more" if corrected.replayed and found == MAX_CHANGED else f"{found:,}"
    click.echo(
        f"These are the first {SHOWN} of {count} events. GET /users/{recorded.user_id}/corrections shows "
        f"{MAX_CHANGED:,} of a correction; the database has all: {CHANGED.format(recorded.user_id, recorded.seq)}"
    )


def _listed(codes: tuple[int, ...]) -> str:
    return ", ".join(map(str, codes)) or "none"


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Show how many later events are judged again on standard error, if that is a terminal."""
    with Console(stderr=True).status("looking for the event") as status:
        yield lambda judged: status.update(f"{judged:,} later events are judged again")
