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
from lib.advisory_locks import TurnTaken
from lib.commands import INTERRUPTED
from lib.hints import command


@click.command("seal")
@with_appcontext
def seal() -> None:
    """Seal all that was stored since the last seal, so that `rules verify` notices what is changed or gone.

    Run it by a timer, and keep what it prints on another machine: whoever can rewrite the tables cannot rewrite that.
    """
    with _at_work("seal") as sealing:
        _tell("Sealed", controllers.seal(sealing))


@click.command("count")
@with_appcontext
def count() -> None:
    """Count and seal, once, the events of a release that gave them no numbers.

    After an upgrade from 0.1, when none of its processes runs any more.
    """
    with _at_work("count") as sealing:
        links = controllers.count(sealing)
        _tell("Counted and sealed", links)
    click.echo("No event is left without a number or a count.")


ON_SEALS = (seal, count)  # they join the commands of the rule book


def _tell(done: str, links: Chain) -> None:
    if not links.players:
        click.echo("Nothing new to seal.")
    else:
        click.echo(f"{done}: {links.events:,} events of {links.players:,} players.")
    if links.latest:
        click.echo(f"The last seal is {links.latest}")


@contextmanager
def _at_work(word: str) -> Iterator[Sealing]:
    """Show how far the work got; end with one line when it is interrupted or cannot be done."""
    made, again = services.get(SealServices), command(f"rules {word}")
    try:
        with _progress() as told:
            yield Sealing(database=made.database, engine=made.engine, told=told)
    except KeyboardInterrupt:
        click.echo(f"Interrupted: what was sealed stays sealed. To go on: {again}", err=True)
        sys.exit(INTERRUPTED)
    except TurnTaken:
        raise click.ClickException(f"another run seals or counts; when it has ended: {again}") from None
    except SealedMeanwhile:
        told_to = f"another run sealed meanwhile; what this one sealed stays. To go on: {again}"
        raise click.ClickException(told_to) from None
    except (psycopg2.OperationalError, OperationalError) as error:
        said = " ".join(str(getattr(error, "orig", error)).split())
        raise click.ClickException(f"the database cannot be read ({said}); to try again: {again}") from None


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Count the events on standard error, if that is a terminal."""
    err, events = Console(stderr=True), 0
    with err.status("looking for new events") as status:

        def told(further: int) -> None:
            nonlocal events
            events += further
            status.update(f"{events:,} events are sealed")

        yield told
