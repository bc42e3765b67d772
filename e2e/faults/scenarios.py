"""The faults, one function each: it causes the fault under load and returns when it was over."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from e2e.faults import clients, database, processes
from e2e.site import Site, SiteError
from testkit.disk import full
from testkit.oracle import Event

MAX_REQUEST_TIME = 5  # seconds
MAX_HEALTH_TIME = 2  # seconds; one is promised, and a machine that is busy with other things may add to it
REPLACED = 10  # seconds within which a hanging process is replaced
STOPPED = 7  # seconds that PostgreSQL hears nothing
EXHAUSTED = 4
HELD = 5  # seconds that connections are held, less than after which the service closes them
FULL = 4
UNDER_WAY = 0.4  # seconds after which every client waits for an answer, with events held up
GOODBYE = 1.2  # seconds that events are held up after the service was told to end; below its lock timeout in all


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When a fault began, and when it was over: from then on recovery counts (monotonic seconds).

    `imported` was stored meanwhile beside the load, each player's events in their order.
    """

    began: float
    over: float
    detail: str = ""
    imported: Sequence[Event] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A fault, and what a client may see: broken connections only if a process of the service ends."""

    name: str
    inflict: Callable[[Site], Window]
    ends_service: bool = False
    graceful: bool = False
    stops_nothing: bool = False  # every event is answered 200 all the same
    longest: float = MAX_REQUEST_TIME
    longest_health: float = MAX_HEALTH_TIME


def killed(victims: list[psutil.Process], detail: str = "") -> Window:
    moment = processes.kill(victims)
    return Window(began=moment, over=moment, detail=detail)


def kill_worker(site: Site) -> Window:
    return killed(processes.workers(site)[:1])


def kill_server(site: Site) -> Window:
    return killed([processes.server(site)])


def kill_service(site: Site) -> Window:
    family = processes.all_of_the_service(site)
    moment = processes.kill(family)
    site.start()
    return Window(began=moment, over=time.monotonic(), detail=f"{len(family)} processes")


def kill_supervisor(site: Site) -> Window:
    """Start again at once: leftovers of the supervisor must not get in the way."""
    moment = processes.kill([processes.supervisor(site)])
    site.start()
    return Window(began=moment, over=time.monotonic())


def kill_postmaster(site: Site) -> Window:
    return killed([processes.postmaster(site)])


def kill_backend(site: Site) -> Window:
    """PostgreSQL ends all its sessions when one is killed, and recovers as from a crash."""
    return killed([psutil.Process(database.backends_of_the_service(site.url)[0])])


def stop_worker(site: Site) -> Window:
    """Its requests in progress wait until it is replaced."""
    victim, began = processes.workers(site)[0], time.monotonic()
    with processes.stopped_processes([victim]):
        over = processes.await_end(victim, seconds=REPLACED)
    return Window(began=began, over=over, detail=f"killed after {over - began:.1f} s")


def stop_server(site: Site) -> Window:
    """Workers go on, but one that dies is not replaced."""
    victim, began = processes.server(site), time.monotonic()
    with processes.stopped_processes([victim]):
        over = processes.await_end(victim, seconds=REPLACED * 2)
    return Window(began=began, over=over, detail=f"killed after {over - began:.1f} s")


def stop_postgres(site: Site) -> Window:
    parent, began = processes.postmaster(site), time.monotonic()
    with processes.stopped(parent):
        time.sleep(STOPPED)
    return Window(began=began, over=time.monotonic())


def terminate_server(site: Site) -> Window:
    server = processes.server(site)
    with database.events_held_up(site.url):
        time.sleep(UNDER_WAY)
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        time.sleep(GOODBYE)
    return Window(began=began, over=time.monotonic())


def stop_and_start(site: Site) -> Window:
    with database.events_held_up(site.url):
        time.sleep(UNDER_WAY)
        began = time.monotonic()
        stopping = site.begin("stop")
        time.sleep(GOODBYE)
    site.end("stop", stopping)
    site.start()
    return Window(began=began, over=time.monotonic())


def hold_connections(site: Site) -> Window:
    began = time.monotonic()
    with clients.holding(site.port) as held:
        time.sleep(HELD)
    return Window(began=began, over=time.monotonic(), detail=f"{held:,} connected")


def exhaust_connections(site: Site) -> Window:
    began = time.monotonic()
    taken = database.take_all_connections(site.url, seconds=EXHAUSTED)
    return Window(began=began, over=time.monotonic(), detail=f"{taken} connections taken")


def fill_disk(site: Site) -> Window:
    if not site.data().is_relative_to(site.var):
        raise SiteError("the data is not on the small disk")
    began = time.monotonic()
    with full(site.var):
        time.sleep(FULL)
    return Window(began=began, over=time.monotonic())


def fill_disk_and_kill(site: Site) -> Window:
    """PostgreSQL may end by itself when it cannot write its journal; here it certainly does."""
    parent, began = processes.postmaster(site), time.monotonic()
    with full(site.var):
        processes.kill([parent])
        time.sleep(FULL)
    return Window(began=began, over=time.monotonic())


SCENARIOS = (
    Scenario(name="kill -9 of a worker", inflict=kill_worker, ends_service=True),
    Scenario(name="kill -9 of the server's main process", inflict=kill_server, ends_service=True),
    Scenario(name="kill -9 of all of the service, then start", inflict=kill_service, ends_service=True),
    Scenario(name="kill -9 of the supervisor, then start at once", inflict=kill_supervisor, ends_service=True),
    Scenario(name="kill -9 of PostgreSQL's main process", inflict=kill_postmaster),
    Scenario(name="kill -9 of a session of PostgreSQL", inflict=kill_backend),
    Scenario(name=f"SIGSTOP of all of PostgreSQL for {STOPPED} s", inflict=stop_postgres),
    Scenario(name="SIGTERM of the server", inflict=terminate_server, ends_service=True, graceful=True),
    Scenario(name="stop, then start", inflict=stop_and_start, ends_service=True, graceful=True),
    Scenario(
        name="SIGSTOP of a worker",
        inflict=stop_worker,
        ends_service=True,
        longest=REPLACED,
        longest_health=REPLACED,
    ),
    Scenario(name="SIGSTOP of the server's main process", inflict=stop_server, ends_service=True),
    Scenario(
        name=f"{sum(clients.HELD.values()):,} connections idle or half sent for {HELD} s",
        inflict=hold_connections,
        stops_nothing=True,
    ),
    Scenario(name=f"all connections taken for {EXHAUSTED} s", inflict=exhaust_connections),
)
ON_A_SMALL_DISK = (
    Scenario(name=f"disk full for {FULL} s, that of the logs too", inflict=fill_disk),
    Scenario(name=f"disk full for {FULL} s and PostgreSQL killed", inflict=fill_disk_and_kill),
)
