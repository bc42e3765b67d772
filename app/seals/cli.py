"""The commands of seals: `rules seal` and `rules count`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
import psycopg2
from flask.cli import with_appcontext
from rich.console import Console
from sqlalchemy.exc import OperationalError

from app.seals import controllers
from app.seals.controllers import Chain, SealedMeanwhile, Sealing
from app.seals.services import SealServices
from lib import services
from lib.advisory_locks import LockNotAcquired
from lib.commands import INTERRUPTED
from lib.hints import command


@click.command("seal")
@with_appcontext
def seal() -> None:
    """Seal all that was stored since the last seal, so that `rules verify` notices changes and deletions.

    Run it from a timer and keep its output on another machine, where nobody who can rewrite the tables can rewrite it.
    """
    with _sealing("seal") as sealing:
        _report("Sealed", controllers.seal(sealing))


@click.command("count")
@with_appcontext
def count() -> None:
    """Count and seal the events of a release that gave them no numbers.

    Run it once after an upgrade from 0.1, when none of its processes runs any more.
    """
    with _sealing("count") as sealing:
        links = controllers.count(sealing)
        _report("Counted and sealed", links)
    click.echo("No event is left without a number or a count.")


ON_SEALS = (seal, count)  # added to the commands of the rule book


def _report(done: str, links: Chain) -> None:
    if not links.players:
        click.echo("Nothing new to seal.")
    else:
        click.echo(f"{done}: {links.events:,} events of {links.players:,} players.")
    if links.latest:
        click.echo(f"The last seal is {links.latest}")


@contextmanager
def _sealing(subcommand: str) -> Iterator[Sealing]:
    """Show progress; end with one line if the run is interrupted or cannot be done."""
    needed, again = services.get(SealServices), command(f"rules {subcommand}")
    try:
        with _progress() as progress:
            yield Sealing(database=needed.database, engine=needed.engine, progress=progress)
    except KeyboardInterrupt:
        click.echo(f"Interrupted: what was sealed stays sealed. To go on: {again}", err=True)
        sys.exit(INTERRUPTED)
    except LockNotAcquired:
        raise click.ClickException(f"another run is sealing or counting; when it has ended: {again}") from None
    except SealedMeanwhile:
        message = f"another run sealed meanwhile; what this one sealed stays. To go on: {again}"
        raise click.ClickException(message) from None
    except (psycopg2.OperationalError, OperationalError) as error:
        cause = " ".join(str(getattr(error, "orig", error)).split())
        raise click.ClickException(f"the database cannot be read ({cause}); to try again: {again}") from None


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Show the number of sealed events on standard error, if that is a terminal."""
    err, events = Console(stderr=True), 0
    with err.status("looking for new events") as status:

        def progress(further: int) -> None:
            nonlocal events
            events += further
            status.update(f"{events:,} events are sealed")

        yield progress
