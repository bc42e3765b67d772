"""Sixth measurement: the cost of an event in a batch, as a multiple of one by itself; and how long a batch delays one.

Batches are of different players, as a platform's stream of a second is: one event of each.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from threading import Event

import httpx

from bench.cpu import Meter
from bench.errors import BenchError
from bench.results import Comparison, Latency, Measured
from bench.rounds import Question, Run, compare, next_t, under_load
from bench.scale import CONNECTIONS, USUAL_EVENTS
from bench.servers import Server
from bench.site import Site
from bench.stored import Population
from bench.wrk import T_STEP, Load

SIZE = 500
SENDERS = 2  # a worker takes one batch at a time
BAR = 0.25
_STRIDE = 7919  # as in events.lua
_PAUSE = 0.005  # seconds between two single events
_TIMEOUT = 30  # seconds
_HEADERS = {"Content-Type": "application/x-ndjson"}


def of_batches(site: Site) -> tuple[Comparison, Latency]:
    """Compare single events with batches; then send events of players whose batches are under way."""
    users = site.scale.usual_store // USUAL_EVENTS
    url = site.database("batches", Population(users=users, events_each=USUAL_EVENTS))
    question = Question(title="Batches", base="one event a request", subject=f"{SIZE} events a request", bar=BAR)
    with site.service("batches", url) as server:
        single = under_load(server, site.postgres, Load(users=users, connections=CONNECTIONS))
        compared = compare(question, single, _batches(site, server, users), scale=site.scale, progress=site.progress)
        return compared, _beside_batches(server, site.scale.seconds)


def _batches(site: Site, server: Server, users: int) -> Run:
    def run(seconds: int) -> Measured:
        first_t = next_t()
        meter = Meter(server.process, site.postgres.process)
        began = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as threads:
            sending = [threads.submit(_send, server, users, first_t, each, began + seconds) for each in range(SENDERS)]
            took = [each for sent in sending for each in sent.result()]
        events = SIZE * len(took)
        rate = events / (time.monotonic() - began)
        app, database = (1e6 * spent / events for spent in meter.read())
        return Measured(app=app, postgres=database, latency=_latency(rate, took))

    return run


def _send(server: Server, users: int, first_t: int, sender: int, until: float) -> list[float]:
    """Send batches of this sender's players until a moment; return how long each took, in seconds."""
    took: list[float] = []
    with httpx.Client(trust_env=False, timeout=_TIMEOUT) as client:
        for body in _bodies(users // SENDERS, 1 + sender * (users // SENDERS), first_t):
            began = time.monotonic()
            if began > until:
                break
            answer = client.post(f"{server.url}s", content=body, headers=_HEADERS)
            took.append(time.monotonic() - began)
            if answer.status_code != httpx.codes.OK or answer.headers["Events-Refused"] != "0":
                raise BenchError(f"a batch was refused: {answer.status_code} {answer.text:.500}")
    return took


def _bodies(users: int, first_user: int, first_t: int) -> Iterator[str]:
    """Make batches: the events of `events.lua`, for players of an only sender."""
    numbers = count()
    while True:
        yield "\n".join(_line(first_user, users, first_t, number) for number in islice(numbers, SIZE))


def _line(first_user: int, users: int, first_t: int, number: int) -> str:
    kind = "withdraw" if number * _STRIDE % 10 > 6 else "deposit"  # noqa: PLR2004  # seven to three
    return json.dumps(
        {
            "type": kind,
            "amount": f"{5 + number * 104729 % 105}.{number % 100:02}",
            "user_id": first_user + number * _STRIDE % users,
            "t": first_t + T_STEP * (number // users),
        }
    )


def _beside_batches(server: Server, seconds: int) -> Latency:
    """Send single events of players who are in every batch: about half of them find their player locked by one.

    They are refused, as their `t` is old, but only after they have had the lock.
    """
    users = SENDERS * SIZE
    over, first_t = Event(), next_t()
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(SENDERS + 1) as threads:
        sending = [threads.submit(_send, server, users, first_t, each, until) for each in range(SENDERS)]
        alone = threads.submit(_send_old_events, server, users, over)
        for each in sending:
            each.result()
        over.set()
        took = alone.result()
    return _latency(len(took) / seconds, took)


def _send_old_events(server: Server, users: int, over: Event) -> list[float]:
    took: list[float] = []
    with httpx.Client(trust_env=False, timeout=_TIMEOUT) as client:
        for number in count():
            if over.wait(_PAUSE):
                return took
            user_id = 1 + number * _STRIDE % users
            began = time.monotonic()
            answer = client.post(server.url, json={"type": "deposit", "amount": "1", "user_id": user_id, "t": 0})
            took.append(time.monotonic() - began)
            if answer.status_code != httpx.codes.BAD_REQUEST:
                raise BenchError(f"an event beside batches was refused: {answer.status_code} {answer.text}")
    return took


def _latency(rate: float, took: list[float]) -> Latency:
    ordered = sorted(took)
    p50, p95, p99 = (1000 * ordered[min(int(len(ordered) * part), len(ordered) - 1)] for part in (0.5, 0.95, 0.99))
    return Latency(rate=rate, p50=p50, p95=p95, p99=p99)
