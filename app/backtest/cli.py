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
from flask import current_app
from flask.cli import with_appcontext

from app.backtest import controllers, files, tables
from app.backtest.controllers import Cost, Place
from app.backtest.documents import document
from app.backtest.domain import EVERYBODY, BacktestRefused, Scope, Users, read_users
from app.backtest.page import page
from app.backtest.progress import progress_bar, speed
from app.datastores import db
from app.rulebook.options import EDITION
from app.rules.limits import BIGINT_MAX
from app.seals.domain import Sealed, read_seal
from lib.caller import CallersPath
from lib.commands import INTERRUPTED
from lib.logs import get_logger
from lib.transactions import Unavailable
from lib.workers import WorkerFailed

MOST_JOBS = 256
STANDARD_OUTPUT = ("-", "/dev/stdout")  # where the table goes as well, if nothing else does

log = get_logger()


class UsersOption(click.ParamType[Sequence[Users]]):
    """Users such as 7, 1-100 or 1-100,205."""

    name = "users"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Sequence[Users]:
        """Return the users; anything else ends the command with a line that says what to write."""
        try:
            return read_users(str(value)) if isinstance(value, str) else EVERYBODY
        except BacktestRefused as error:
            self.fail(str(error), param, ctx)


def writable(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Return where to write; a place that cannot be written is refused now, and not after an hour of work."""
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
    type=click.IntRange(1, MOST_JOBS),
    default=lambda: min(os.cpu_count() or 1, MOST_JOBS),
    show_default="the processors there are",
    help="Processes that share the work.",
)


@click.command("backtest")
@click.argument("edition", type=EDITION)
@click.option("--since", type=MOMENT, default=0, help="Judge the events from this t on; those before are history.")
@click.option("--until", type=MOMENT, help="Judge the events before this t.")
@click.option("--users", type=UsersOption(), default=EVERYBODY, show_default="all", help="7, 1-100 or 1-100,205")
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
    help=f"Also write it as a page with pictures; {INSTEAD}.",
)
@with_appcontext
def backtest(  # noqa: PLR0913, PLR0917  # click hands each option over by itself
    edition: int,
    since: int,
    until: int | None,
    users: Sequence[Users],
    against: int | None,
    jobs: int,
    json_file: str | None,
    html_file: str | None,
) -> None:
    """Judge what is stored by EDITION, and show what it would have raised."""
    if json_file == html_file == "-":
        raise click.UsageError("only one of --json and --html can go to standard output; name a file for the other")
    try:
        scope = Scope(since=since, until=until, users=users)
    except BacktestRefused as error:
        raise click.UsageError(str(error)) from None
    with at_work("judging", jobs) as (place, cost):
        report = controllers.backtest(place, edition, against, scope, cost)
    # The files first: whoever reads the table may hang up in the midst of it.
    if html_file:
        write(html_file, page(report, datetime.now(UTC)))
    if json_file:
        write(json_file, json.dumps(document(report), indent=1, ensure_ascii=False) + "\n")
    if "-" not in {html_file, json_file}:
        tables.show(report, tables.console())


class SealOption(click.ParamType[Sealed]):
    """A seal as it is printed, such as 17 and its digest, with a colon between them."""

    name = "number:digest"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Sealed:
        """Return the seal; anything else ends the command with a line that says what to write."""
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

    Status 1 if anything differs. --seal also tells whether all was rewritten, seals and all.
    """
    with at_work("verifying", jobs) as (place, cost):
        findings = controllers.verify(place, cost, kept)
    tables.show_findings(findings, tables.console())
    sys.exit(1 if findings.different or findings.lost else 0)


ON_HISTORY = (backtest, verify)  # they join the commands of the rule book


@contextmanager
def at_work(title: str, jobs: int) -> Iterator[tuple[Place, Cost]]:
    """Show how far the work got; end with one line when it is interrupted or cannot be done."""
    cost, began = Cost(), time.monotonic()
    try:
        with progress_bar(title) as (told, judged):
            yield Place(database=current_app.extensions["database"], engine=db.engine, jobs=jobs, told=told), cost
    except KeyboardInterrupt:
        click.echo("Interrupted: nothing is reported.", err=True)
        sys.exit(INTERRUPTED)
    except WorkerFailed as error:
        log.debug("worker failed", where=getattr(error, "__notes__", []))
        raise click.ClickException(f"{error}; nothing is reported") from error
    except (psycopg2.OperationalError, Unavailable) as error:
        raise click.ClickException(f"the database cannot be read: {str(error).strip()}") from None
    click.echo(speed(judged(), time.monotonic() - began, cost.cpu_seconds), err=True)


def write(file: str, text: str) -> None:
    """Write a file whole or not at all; what is no plain file is written into as it stands. - is standard output."""
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
