"""Faults that need more than a service: another instance, a network between, a Redis. Each has its own setup."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread

from e2e.faults import database, processes
from e2e.faults.client import Connection
from e2e.faults.load import KEEP_LATE
from e2e.faults.scenarios import Scenario, Window
from e2e.site import Site, SiteError, new_site
from testkit.network import Network, network
from testkit.oracle import Event
from testkit.ports import free_port

STOPPED = 7  # seconds of silence
SYSTEM_ORDER = {"EVENT_ORDER": "system"}
LIMIT = "1000000 per minute"  # out of reach
FROZEN = "frozen"  # how the instance that is stopped names its connections
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND {state}"
WAITING, HAS_THE_CLOCK = "wait_event_type = 'Lock'", "state = 'idle in transaction'"
# Below the system's latest `t`, so it is refused if it is ever judged; its claim has the clock all the same.
CLAIM = Event(type="deposit", amount="1", user_id=10_000_000, t=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A fault by its name; `prepare` sets up what it needs and yields it with its site, which may already run."""

    name: str
    prepare: Callable[["Stage", Path], AbstractContextManager[tuple[Site, Scenario]]]
    in_system_order: bool = False


@contextlib.contextmanager
def another_instance(stage: Stage, checkout: Path) -> Iterator[tuple[Site, Scenario]]:
    with new_site(checkout, name="faults-system", settings=SYSTEM_ORDER) as site:
        site.start()
        named = f"{site.url}{'&' if '?' in site.url else '?'}application_name={FROZEN}"
        settings = {**SYSTEM_ORDER, "DATABASE_URL": named, "WEB_WORKERS": "1"}
        with new_site(checkout, name="faults-other", settings=settings) as other:
            other.start()
            yield site, Scenario(name=stage.name, inflict=partial(stop_in_a_transaction, other))


def stop_in_a_transaction(other: Site, site: Site) -> Window:
    """Stop all of another instance while it holds the system clock, so that nothing in it can end the transaction."""
    family = processes.all_of_the_service(other)
    with contextlib.ExitStack() as stack:
        with database.events_held_up(site.url, database.LOCK_OF_SYSTEM):
            Thread(target=Connection(other.port).send, args=[[CLAIM]], daemon=True).start()
            await_sessions(site, WAITING, there=True)
            stack.enter_context(processes.stopped_processes(family))
        began = await_sessions(site, HAS_THE_CLOCK, there=True)
        ended = await_sessions(site, HAS_THE_CLOCK, there=False)
        time.sleep(max(began + STOPPED - ended, 0))
    return Window(began=began, over=began, detail=f"its session ended after {ended - began:.1f} s")


def await_sessions(site: Site, state: str, *, there: bool) -> float:
    """Return when a session of the instance that is stopped is in that state, or none is."""
    limit = time.monotonic() + STOPPED
    while (database.ask(site.url, SESSIONS.format(state=state), FROZEN) == [(0,)]) is there:
        if time.monotonic() > limit:
            raise SiteError(f"after {STOPPED} s the other instance {'never was' if there else 'still is'} so: {state}")
        time.sleep(0.05)
    return time.monotonic()


@contextlib.contextmanager
def behind_a_network(stage: Stage, checkout: Path) -> Iterator[tuple[Site, Scenario]]:
    with new_site(checkout, name="faults-database") as far:
        far.start()
        with (
            network(far.url) as between,
            new_site(checkout, name="faults-network", settings={**KEEP_LATE, "DATABASE_URL": between.url}) as site,
        ):
            yield site, Scenario(name=stage.name, inflict=partial(swallow, between))


def swallow(between: Network, _: Site) -> Window:
    began = time.monotonic()
    with between.swallowing():
        time.sleep(STOPPED)
    return Window(began=began, over=time.monotonic())


@contextlib.contextmanager
def with_a_redis(stage: Stage, checkout: Path) -> Iterator[tuple[Site, Scenario]]:
    """Nothing listens there before and after the fault, so that no Redis is needed."""
    port = free_port()
    settings = {**KEEP_LATE, "RATE_LIMIT": LIMIT, "RATE_LIMIT_STORAGE": f"redis://127.0.0.1:{port}/0"}
    with new_site(checkout, name="faults-redis", settings=settings) as site:
        yield site, Scenario(name=stage.name, inflict=partial(say_nothing, port), stops_nothing=True)


def say_nothing(port: int, _: Site) -> Window:
    """Let the kernel accept connections, and never read from them."""
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", port), backlog=128):
        time.sleep(STOPPED)
    return Window(began=began, over=time.monotonic())


STAGES = (
    Stage(
        name=f"SIGSTOP of another instance within a transaction for {STOPPED} s (EVENT_ORDER=system)",
        prepare=another_instance,
        in_system_order=True,
    ),
    Stage(name=f"network to PostgreSQL swallows for {STOPPED} s", prepare=behind_a_network),
    Stage(name=f"Redis accepts and says nothing for {STOPPED} s", prepare=with_a_redis),
)
