"""The command `work`: the worker in the foreground, or whether one works."""

import signal
import sys

import click
from flask.cli import with_appcontext

from app.alerts.feed.filling import Filling
from app.version import VERSION
from app.work.services import Duty, WorkServices
from app.work.state import BEAT_PAUSE, Beat, state_of_work
from app.work.worker import Worker
from lib import lifeline, services
from lib.database_errors import Unavailable
from lib.hints import command
from lib.logs import get_logger
from lib.signals import ENDING
from lib.watchdog import report_while

log = get_logger()


@click.command("work")
@click.option(
    "--check",
    is_flag=True,
    help="only say whether a worker works in time and what fails; the exit status is 0 if all is well, or 1",
)
@click.option("--refill", is_flag=True, help="only have the worker look again for stored alerts that the feed lacks")
@with_appcontext
def work(*, check: bool, refill: bool) -> None:
    """Do what follows an answer, until stopped: number the feed of alerts, and tell others.

    Several may run, on several machines. If none runs, events are received as ever, and what is to be done waits.

    After a process of a release without an outbox has served, --refill puts its alerts in the feed; nobody is told of
    them.
    """
    made = services.get(WorkServices)
    if refill:
        _refill(made)
    elif check:
        _check(made)
    else:
        _work(made)


def _refill(made: WorkServices) -> None:
    try:
        with made.database.transaction() as current:
            Filling(current).begin_again()
            current.commit()
    except Unavailable as error:
        raise click.ClickException(f"the database cannot be asked: {error}") from None
    click.echo("The worker begins to look within ten seconds; what the feed has already stays as it is.")


def _check(made: WorkServices) -> None:
    try:
        state = state_of_work(made.database)
    except Unavailable as error:
        raise click.ClickException(f"the database cannot be asked: {error}") from None
    click.echo(str(state))
    if not state.is_in_time:
        click.echo(f"no worker works in time; to start one: {command('work')}", err=True)
    elif not state.is_well:
        click.echo("a duty of the worker fails again and again; its log says why", err=True)
    if not state.is_well:
        sys.exit(1)


def _work(made: WorkServices) -> None:
    # Blocked in every thread and awaited in this one: a handler could run while the main thread is about to wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    lifeline.watch()
    worker = Worker(made.duties)
    worker.add(Duty(name="beat", errand=Beat(made.database, worker.troubles), pause=BEAT_PAUSE))
    worker.start()
    report_while(worker.works)
    log.info("worker started", version=VERSION, duties=[duty.name for duty in made.duties])
    signal.sigwait(ENDING)
    worker.stop()
    log.info("worker stopped")
