"""Many clients that repeat one request without a pause, in a process of their own."""

import http.client
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from urllib.parse import urlsplit

_PATIENCE = 30  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """The number of clients, and the request that they repeat."""

    clients: int
    method: str
    path: str
    body: str | None = None


@contextmanager
def crowding(crowd: Crowd, url: str) -> Iterator[None]:
    """Have the crowd ask the server of an address as long as the context lasts."""
    over = multiprocessing.Event()
    process = multiprocessing.Process(target=_ask, args=(crowd, urlsplit(url).netloc, over), daemon=True)
    process.start()
    try:
        yield
    finally:
        over.set()
        process.join(_PATIENCE)
        process.kill()


def _ask(crowd: Crowd, host: str, over: Event) -> None:
    with ThreadPoolExecutor(crowd.clients) as threads:
        list(threads.map(lambda _: _ask_on(crowd, host, over), range(crowd.clients)))


def _ask_on(crowd: Crowd, host: str, over: Event) -> Counter[int]:
    statuses: Counter[int] = Counter()
    connection = http.client.HTTPConnection(host, timeout=_PATIENCE)
    headers = {"Content-Type": "application/json"} if crowd.body else {}
    while not over.is_set():
        connection.request(crowd.method, crowd.path, crowd.body, headers)
        answer = connection.getresponse()
        answer.read()
        statuses[answer.status] += 1
        if answer.will_close:
            connection.close()
    connection.close()
    return statuses
