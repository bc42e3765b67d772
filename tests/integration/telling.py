"""Endpoints, receivers on loopback that note what they get, and the errands of a worker that a test runs by hand."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any, NamedTuple, cast

from apiflask import APIFlask

from app.webhooks.secrets import WebhookKeys
from app.work.services import Duty, WorkServices
from lib.derived_secrets import name_of
from lib.services import services_of
from tests.integration.conftest import Sql
from tests.integration.servers import MAX_WAIT

KEY = "a key for the tests of the sender"
KEYS = WebhookKeys(values=[KEY])
LOOPBACK = {"webhook_key": (KEY,), "webhook_http": True, "webhook_allow": (ip_network("127.0.0.0/8"),)}


class Reply(NamedTuple):
    """What a receiver answers, after how many seconds."""

    status: int = 200
    headers: Mapping[str, str] = {}
    delay: float = 0.0


class Request(NamedTuple):
    """A request as it came, and when (`time.monotonic`)."""

    at: float
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:  # noqa: ANN401  # of whatever form
        return json.loads(self.body)


Answering = Callable[[Request], Reply]


@dataclass(slots=True)
class Receiver:
    """A receiver: the requests that came, in their order, and how many were under way at most."""

    answering: Answering
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        with self.lock:
            return [each.id for each in self.requests]

    def take(self, request: Request) -> Reply:
        with self.lock:
            self.requests.append(request)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        reply = self.answering(request)
        time.sleep(reply.delay)
        with self.lock:
            self.under_way -= 1
        return reply

    def wait_for(self, count: int) -> None:
        """Wait until as many different messages have come."""
        await_that(lambda: len(set(self.ids)) >= count, lambda: f"{len(set(self.ids))} of {count} messages came")


def accept(_: Request) -> Reply:
    return Reply()


@contextmanager
def receiving(answering: Answering = accept) -> Iterator[Receiver]:
    """Have a receiver as long as the block lasts."""
    receiver = Receiver(answering)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = receiver.take(Request(time.monotonic(), headers, body))
            self.send_response(reply.status)
            for name, value in {"Content-Length": "0", **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:  # the sender went away
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join(MAX_WAIT)


def add_endpoint(sql: Sql, url: str, form: str = "standard", **settings: object) -> int:
    """Add an endpoint and return its id; `settings` are columns."""
    values = {
        "name": f"endpoint at {url}",
        "url": url,
        "format": form,
        "per_second": 1_000,
        "key": name_of(KEY),
        "made_by": "test",
        **settings,
    }
    columns, marks = ", ".join(values), ", ".join(["%s"] * len(values))
    [(added,)] = sql(f"INSERT INTO endpoint ({columns}) VALUES ({marks}) RETURNING id", *values.values())  # noqa: S608  # ours
    return cast("int", added)


def duties(app: APIFlask) -> dict[str, Duty]:
    return {duty.name: duty for duty in services_of(app, WorkServices).duties}


def number(app: APIFlask) -> None:
    """Number all notes, and make their deliveries and those of notices."""
    for name in ("feed", "notices"):
        while duties(app)[name].errand.run_once():
            pass


def send_due(app: APIFlask) -> None:
    """Send what is due at this moment, and store how that ended; what is due later stays."""
    sender = duties(app)["sender"]
    while sender.errand.run_once():
        pass
    sender.at_end()


def work(app: APIFlask) -> None:
    number(app)
    send_due(app)


def make_due(sql: Sql) -> None:
    """Let the time pass until all that waits is due."""
    sql("UPDATE delivery SET next_at = now() - interval '1 s' WHERE state = 'due'")
    sql("UPDATE endpoint SET hold_until = NULL, ready_at = NULL")


def deliveries(sql: Sql) -> list[tuple[str, int, int | None]]:
    """Return state, attempts and last status of each delivery, by id."""
    return [
        cast("tuple[str, int, int | None]", row)
        for row in sql("SELECT state, attempts, last_status FROM delivery ORDER BY id")
    ]


def await_that(holds: Callable[[], bool], failure: Callable[[], str], patience: float = MAX_WAIT) -> None:
    until = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < until, failure()
        time.sleep(0.02)


def duplicates(ids: list[str]) -> list[str]:
    return [each for each, count in Counter(ids).items() if count > 1]
