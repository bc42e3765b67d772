"""The command `events import`."""

import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import psycopg2
from flask.cli import with_appcontext

from app.backtest import tables
from app.backtest.cli import JOBS, writable
from app.backtest.progress import speed
from app.intake import controllers
from app.intake.domain import ImportRefused, printable
from app.intake.fault_files import faults_of, write_faults
from app.intake.job_queries import JobQueries
from app.intake.options import FORM_OPTIONS, form_of
from app.intake.outcomes import print_outcome
from app.intake.progress import phases
from app.intake.services import IntakeServices
from app.intake.under_way import ImportRun, Outcome, Request
from app.intake.working import SpanTaken
from app.rulebook.domain import RuleBookRefused, UnreadableEdition
from app.rulebook.options import EDITION
from app.rulebook.terminal import text_for_terminal
from lib import services
from lib.caller import CallersPath
from lib.commands import INTERRUPTED
from lib.database_errors import Unavailable, classify_error
from lib.hints import command
from lib.logs import get_logger
from lib.record_files import RecordFile, UnreadableFile
from lib.shell_user import shell_user
from lib.workers import WorkerFailed

WORDS = "app.intake.words"  # of the command, to repeat them
log = get_logger()


class Remembered(click.Command):
    """A command that remembers its words, so that messages can repeat them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words."""
        ctx.meta[WORDS] = printable(shlex.join(["events", "import", *args]))
        return super().parse_args(ctx, args)


def _with_form(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(FORM_OPTIONS):
        function = option(function)
    return function


@click.command("import", cls=Remembered)
@click.argument("file", type=CallersPath(exists=True, dir_okay=False))
@_with_form
@click.option(
    "--players",
    type=CallersPath(dir_okay=False),
    callback=writable,
    help="A CSV (player,user_id) that gives ids which are no integers a number; new players are added to it.",
)
@click.option("--edition", type=EDITION, show_default="the live one", help="Judge by an edition that was once live.")
@click.option("--max-faults", type=click.IntRange(0), default=0, show_default=True, help="Import despite so many.")
@click.option("--faults", type=CallersPath(), callback=writable, help="Write the lines not imported, with the reasons.")
@click.option("--dry-run", is_flag=True, help="Store nothing: show the faults, and what the edition would raise.")
@click.option("--notify", is_flag=True, help="Tell others of the alerts: by the feed and by webhooks.")
@JOBS
@with_appcontext
def import_(  # noqa: PLR0913  # click passes each option as an argument
    *,
    file: str,
    players: str | None,
    edition: int | None,
    max_faults: int,
    faults: str | None,
    dry_run: bool,
    notify: bool,
    jobs: int,
    **given: object,
) -> None:
    """Import the events of FILE, CSV or a JSON object a line, perhaps gzipped, as if each had been sent.

    The columns are user_id, t, type, amount and perhaps event_id, in any order. If it is interrupted, the same command
    goes on. Status 1 if lines have faults and nothing was imported, or more than --max-faults have.
    """
    form, options = form_of(given)
    options |= {"players": printable(players or "") or None, "edition": edition, "dry_run": dry_run}
    if notify:  # left out otherwise, so that an import which a former release began can go on
        options["notify"] = True
    path = Path(file)
    request = Request(
        path=path,
        form=form,
        options=options,
        edition=edition,
        players=Path(players) if players else None,
        max_faults=max_faults,
        dry_run=dry_run,
        notify=notify,
        made_by=shell_user(),
    )

    def keep_faults(read: RecordFile, queries: JobQueries, job: int) -> None:
        if faults:
            write_faults(faults, path, read.digest, faults_of(queries, job))

    began = time.monotonic()
    with _explained():
        outcome = _import(jobs, request, keep_faults)
    click.echo(speed(outcome.job.lines, time.monotonic() - began, outcome.cpu_seconds), err=True)
    print_outcome(outcome, tables.console(), again=click.get_current_context().meta[WORDS], file=faults)
    sys.exit(1 if outcome.refused or outcome.differs else 0)


ON_INTAKE = (import_,)  # commands of the group `events`


def _import(jobs: int, request: Request, keep_faults: Callable[[RecordFile, JobQueries, int], None]) -> Outcome:
    made = services.get(IntakeServices)
    began = time.process_time()
    with phases() as progress:
        run = ImportRun(
            database=made.database,
            engine=made.engine,
            policy=made.policy,
            jobs=jobs,
            progress=progress,
            tell=lambda text: click.echo(text, err=True),
        )
        outcome = controllers.import_file(run, request, keep_faults)
    outcome.cpu_seconds += time.process_time() - began
    return outcome


@contextmanager
def _explained() -> Iterator[None]:
    """End with one line that says what to do if the import is interrupted or impossible."""
    again = command(click.get_current_context().meta[WORDS])
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"Interrupted: what is imported stays imported. To go on: {again}", err=True)
        sys.exit(INTERRUPTED)
    except (ImportRefused, UnreadableFile) as error:
        raise click.ClickException(printable(str(error))) from None
    except UnreadableEdition as error:
        raise click.ClickException(str(error)) from None
    except RuleBookRefused as error:
        raise click.ClickException(text_for_terminal(error)) from None
    except OSError as error:
        what = printable(str(error.filename)) if error.filename else "a file"  # writing to an open one names none
        raise click.ClickException(f"{what} cannot be read or written: {error.strerror or error}") from None
    except (WorkerFailed, SpanTaken, Unavailable) as error:
        log.debug("import failed", where=getattr(error, "__notes__", []))
        raise _stopped(error, again) from error
    except psycopg2.Error as error:
        cause = classify_error(error)
        if not isinstance(cause, Unavailable):
            raise
        raise _stopped(cause, again) from None


def _stopped(error: Exception, again: str) -> click.ClickException:
    cause = " ".join(str(error).split())
    return click.ClickException(f"the import stopped ({cause}). What is imported stays. To go on: {again}")
