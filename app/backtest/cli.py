"""The commands on all that is stored: `rules backtest` and `rules verify`."""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from errno import EACCES
from pathlib import Path
from tempfile import NamedTemporaryFile

import click
import psycopg2
from flask.cli import with_appcontext

from app.backtest import controllers, files, tables
from app.backtest.controllers import Cost, RunContext
from app.backtest.documents import document
from app.backtest.domain import ALL_PLAYERS, BacktestRefused, PlayerRange, Scope, parse_players
from app.backtest.page import render
from app.backtest.progress import progress_bar, speed
from app.backtest.services import BacktestServices
from app.rulebook.options import EDITION
from app.rules.limits import BIGINT_MAX
from app.seals.domain import Sealed, read_seal
from lib import services
from lib.caller import CallersPath
from lib.commands import INTERRUPTED
from lib.database_errors import Unavailable
from lib.logs import get_logger
from lib.workers import WorkerFailed

MAX_JOBS = 256
STANDARD_OUTPUT = ("-", "/dev/stdout")  # where the table goes unless a report goes there

log = get_logger()


class PlayersOption(click.ParamType[Sequence[PlayerRange]]):
    """Players by their user ids, such as 7, 1-100 or 1-100,205."""

    name = "users"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Sequence[PlayerRange]:
        """Return the ids; anything else ends the command with one line that says what to write."""
        try:
            return parse_players(str(value)) if isinstance(value, str) else ALL_PLAYERS
        except BacktestRefused as error:
            self.fail(str(error), param, ctx)


def writable(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Return where to write; a file that cannot be written is refused now, and not after an hour of work."""
    if not value or value in STANDARD_OUTPUT:
        return value and STANDARD_OUTPUT[0]
    try:
        place = files.target_of(Path(value))
        folder = place.is_dir()
        if not files.is_special(place):
            with NamedTemporaryFile(dir=place.parent, prefix=".report."):
                pass
        if place.exists() and not os.access(place, os.W_OK):
            raise PermissionError(EACCES, os.strerror(EACCES))
    except OSError as error:
        raise click.BadParameter(f"{value} cannot be written: {error.strerror}") from None
    if folder:
        raise click.BadParameter(f"{value} is a folder: name a file")
    return value


INSTEAD = "-: to standard output, instead of the table"
MOMENT = click.IntRange(0, BIGINT_MAX)
JOBS = click.option(
    "--jobs",
    type=click.IntRange(1, MAX_JOBS),
    default=lambda: min(os.cpu_count() or 1, MAX_JOBS),
    show_default="the number of processors",
    help="Processes that share the work.",
)


@click.command("backtest")
@click.argument("edition", type=EDITION)
@click.option("--since", type=MOMENT, default=0, help="Judge the events from this t on; earlier ones are history.")
@click.option("--until", type=MOMENT, help="Judge the events before this t.")
@click.option(
    "--users",
    "players",
    type=PlayersOption(),
    default=ALL_PLAYERS,
    show_default="all",
    help="User ids, such as 7 or 1-100,205.",
)
@click.option("--against", type=EDITION, help="Another edition, to show what is gained and lost.")
@JOBS
@click.option(
    "--json", "json_file", type=CallersPath(), callback=writable, help=f"Also write the report as JSON; {INSTEAD}."
)
@click.option(
    "--html",
    "html_file",
    type=CallersPath(),
    callback=writable,
    help=f"Also write it as a page with charts; {INSTEAD}.",
)
@with_appcontext
def backtest(  # noqa: PLR0913, PLR0917  # click passes each option as an argument
    edition: int,
    since: int,
    until: int | None,
    players: Sequence[PlayerRange],
    against: int | None,
    jobs: int,
    json_file: str | None,
    html_file: str | None,
) -> None:
    """Judge all stored events by EDITION, and show the alerts that it would have raised."""
    if json_file == html_file == "-":
        raise click.UsageError("only one of --json and --html can go to standard output; name a file for the other")
    try:
        scope = Scope(since=since, until=until, players=players)
    except BacktestRefused as error:
        raise click.UsageError(str(error)) from None
    with at_work("judging", jobs) as (run, cost):
        report = controllers.backtest(run, edition, against, scope, cost)
    # The files first: the reader of the table may close the pipe in the middle of it.
    if html_file:
        write(html_file, render(report, datetime.now(UTC)))
    if json_file:
        write(json_file, json.dumps(document(report), indent=1, ensure_ascii=False) + "\n")
    if "-" not in {html_file, json_file}:
        tables.print_report(report, tables.console())


class SealOption(click.ParamType[Sealed]):
    """A seal as it is printed: its number, a colon and its digest."""

    name = "number:digest"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Sealed:
        """Return the seal; anything else ends the command with one line that says what to write."""
        try:
            return read_seal(str(value))
        except ValueError:
            self.fail("write a seal as `rules seal` prints it: its number, a colon and 64 letters", param, ctx)


@click.command("verify")
@JOBS
@click.option("--seal", "kept", type=SealOption(), help="A seal that was kept elsewhere, as `rules seal` printed it.")
@with_appcontext
def verify(jobs: int, kept: Sealed | None) -> None:
    """Judge every stored event again by its own edition, and compare with what is stored, counted and sealed.

    Status 1 if anything differs. --seal also finds a database that was rewritten together with its seals.
    """
    with at_work("verifying", jobs) as (run, cost):
        findings = controllers.verify(run, cost, kept)
    tables.print_findings(findings, tables.console())
    sys.exit(1 if findings.different or findings.lost else 0)


ON_HISTORY = (backtest, verify)  # commands of the group `rules`


@contextmanager
def at_work(title: str, jobs: int, noun: str = "event") -> Iterator[tuple[RunContext, Cost]]:
    """Show the progress; end with one line when the work is interrupted or impossible. `noun` names what is counted."""
    made, cost, began = services.get(BacktestServices), Cost(), time.monotonic()
    try:
        with progress_bar(title, noun) as (progress, judged):
            yield RunContext(database=made.database, engine=made.engine, jobs=jobs, progress=progress), cost
    except KeyboardInterrupt:
        click.echo("Interrupted: nothing is reported.", err=True)
        sys.exit(INTERRUPTED)
    except WorkerFailed as error:
        log.debug("worker failed", where=getattr(error, "__notes__", []))
        raise click.ClickException(f"{error}; nothing is reported") from error
    except (psycopg2.OperationalError, Unavailable) as error:
        raise click.ClickException(f"the database cannot be read: {str(error).strip()}") from None
    click.echo(speed(judged(), time.monotonic() - began, cost.cpu_seconds, noun), err=True)


def write(file: str, text: str) -> None:
    """Write a file completely or not at all. A pipe or a device is written into; - is standard output."""
    if file == "-":
        click.echo(text, nl=False)
        return
    try:
        place = files.target_of(Path(file))
        if files.is_special(place):
            place.write_text(text, encoding="utf-8")
        else:
            files.replace(place, text)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from None
    click.echo(f"Written: {file}", err=True)
