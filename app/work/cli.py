"""The command `work`: the worker in the foreground, or whether one works."""

import signal
import sys
from threading import Event

import click
from flask.cli import with_appcontext

from app.version import VERSION
from app.work.services import WorkServices
from app.work.state import state_of_work
from app.work.worker import Worker
from lib import lifeline, services
from lib.database_errors import Unavailable
from lib.hints import command
from lib.logs import get_logger
from lib.watchdog import report_while

WAKE = 3600.0  # seconds; a wait with a bound lets the main thread handle signals

log = get_logger()


@click.command("work")
@click.option("--check", is_flag=True, help="only say whether a worker works in time; the exit status is 0 if so, or 1")
@with_appcontext
def work(*, check: bool) -> None:
    """Do what follows an answer, until stopped: number the feed of alerts, and tell others.

    Several may run, on several machines. If none runs, events are received as ever, and what is to be done waits.
    """
    made = services.get(WorkServices)
    if check:
        _check(made)
    else:
        _work(made)


def _check(made: WorkServices) -> None:
    try:
        state = state_of_work(made.database)
    except Unavailable as error:
        raise click.ClickException(f"the database cannot be asked: {error}") from None
    click.echo(str(state))
    if not state.is_well:
        click.echo(f"no worker works in time; to start one: {command('work')}", err=True)
        sys.exit(1)


def _work(made: WorkServices) -> None:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    lifeline.watch()
    worker = Worker(made.duties)
    worker.start()
    report_while(worker.works)
    log.info("worker started", version=VERSION, duties=[duty.name for duty in made.duties])
    while not stop.wait(WAKE):
        pass
    worker.stop()
    log.info("worker stopped")
