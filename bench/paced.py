"""Sends events at a fixed rate, whatever the answers take, each of which raises two codes.

The time of an answer counts from the moment at which its event was due to be sent: a service that holds up its clients
does not look better for being sent less.
"""

import http.client
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from urllib.parse import urlsplit

from bench.errors import BenchError
from bench.stored import Population
from bench.wrk import T_STEP

CLIENTS = 16  # connections
USERS = 125 * CLIENTS  # so that all events of a player go over one connection, in their order
PLAYERS = Population(users=USERS, events_each=5, mostly_withdrawals=True)  # whose next withdrawal is the third in a row
CODES = [30, 1100]  # of a withdrawal of this amount
AMOUNT = "150.00"
_TIMEOUT = 30  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An event that was answered: when it was due to be sent, and when its answer was there (monotonic seconds)."""

    user_id: int
    t: int
    due: float
    answered: float

    @property
    def seconds(self) -> float:
        """The latency."""
        return self.answered - self.due


def send(url: str, *, rate: float, seconds: float, first_t: int) -> list[Sent]:
    """Send so many events a second from a process of its own; return them in the order of their answers.

    Raises:
        BenchError: not every answer was a 200 with both codes.

    """
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as process:
        return process.submit(_send_all, url, rate, int(rate * seconds), first_t).result()


def _send_all(url: str, rate: float, count: int, first_t: int) -> list[Sent]:
    began = time.monotonic() + 0.1

    def send_on(client: int) -> list[Sent]:
        return list(_send_on(url, [(n, began + n / rate) for n in range(client, count, CLIENTS)], first_t))

    with ThreadPoolExecutor(CLIENTS) as threads:
        sent = [each for share in threads.map(send_on, range(CLIENTS)) for each in share]
    return sorted(sent, key=lambda each: each.answered)


def _send_on(url: str, numbers: Sequence[tuple[int, float]], first_t: int) -> Iterator[Sent]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=_TIMEOUT)
    for number, due in numbers:
        user_id, t = 1 + number % USERS, first_t + T_STEP * (number // USERS)
        body = json.dumps({"type": "withdraw", "amount": AMOUNT, "user_id": user_id, "t": t})
        time.sleep(max(0.0, due - time.monotonic()))
        connection.request("POST", address.path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != http.client.OK or json.loads(said)["alert_codes"] != CODES:
            raise BenchError(f"an event was answered {answer.status}: {said.decode()}")
        yield Sent(user_id=user_id, t=t, due=due, answered=time.monotonic())
    connection.close()


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which so large a part of them lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
