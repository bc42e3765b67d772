"""The entry point of the server's worker processes."""

import gc
import sys
from contextlib import suppress

from apiflask import APIFlask

from app.bounds import BOUNDS
from app.events.domain import EventOrder
from app.events.services import EventServices
from app.factory import create_app
from app.services import Services
from lib import connections, lifeline
from lib.active_threads import SWITCH_INTERVAL
from lib.concurrency import AdmissionControl
from lib.database_errors import Unavailable
from lib.heartbeat import Pulse
from lib.logs import get_logger
from lib.metrics.workers import share_numbers
from lib.services import services_of

# Seconds; more than anything that a request waits for, including the start of the system's clock (60).
MAX_REQUEST_TIME = 90

log = get_logger()


def worker(pulse: Pulse | None = None) -> APIFlask:
    """Make the application of a worker, which ends when the server's main process is gone.

    If it has a pulse, that stops when its requests hang, and the main process replaces the worker (A35).
    """
    lifeline.watch_parent()
    application = create_app()
    made = services_of(application, Services)
    if pulse:
        events = made.bulkheads.events
        pulse.works = lambda: not events.is_stalled(MAX_REQUEST_TIME)
    share_metrics()
    sys.setswitchinterval(SWITCH_INTERVAL)
    connections.Watch(BOUNDS, services_of(application, AdmissionControl).oldest_request_age).start()
    if services_of(application, EventServices).policy.order is EventOrder.SYSTEM:
        # Better now than while the first client waits; if the database is unavailable, the first event does it.
        with suppress(Unavailable):
            made.system_clock.start()
    made.rule_book.begin()
    # The objects made so far live as long as the process; the garbage collector must not scan them while clients wait.
    gc.collect()
    gc.freeze()
    return application


def share_metrics() -> None:
    """Share this worker's metrics with the others; a full disk must not stop the worker."""
    try:
        share_numbers()
    except OSError as error:
        log.error("metrics of this worker not shown", cause=str(error))  # noqa: TRY400  # a full disk is no defect
