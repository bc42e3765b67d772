"""Requests that read, change rules or hold up one player do not slow the events of others (A37).

Over sockets, against the server as it is run. What is slow is made so by a lock, so that it is slow on every machine:
each kind of request waits, from many more clients than there are threads, while other players' events go on.
"""

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Event

import psycopg2
import pytest

from app.bulkheads import BATCHES, EVENTS
from app.datastores import AdvisoryLock
from testkit.ports import free_port
from tests.integration.conftest import AppWith
from tests.integration.servers import MAX_WAIT, Serve, await_answer

CLIENTS = 12  # of the slow requests; a worker has four threads for events
OTHERS, EVENTS_EACH = 3, 25
SLOW_PLAYER = 7

BIG = "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE"
RULE_BOOK = f"SELECT pg_advisory_xact_lock({AdvisoryLock.RULE_BOOK})"
DRAFT = json.dumps({"edition": 1, "note": "x"})
PLAYER = f"SELECT FROM user_clock WHERE user_id = {SLOW_PLAYER} FOR UPDATE"
EVENT = {"type": "deposit", "amount": "1", "user_id": SLOW_PLAYER}
SLOW = {
    "one player": (PLAYER, "POST", "/event", json.dumps({**EVENT, "t": 2})),
    "batches": (PLAYER, "POST", "/events", json.dumps([{**EVENT, "t": 2}, {**EVENT, "t": 3}])),
    "totals": (BIG.format("user_total"), "GET", f"/users/{SLOW_PLAYER}", None),
    "alerts": (BIG.format("alert"), "GET", "/alerts", None),
    "alerts of a code": (BIG.format("alert"), "GET", "/alerts?code=30", None),
    "one alert": (BIG.format("alert"), "GET", "/alerts/1/1/30", None),
    "the register": (BIG.format("registered_user"), "GET", "/users", None),
    "drafts": (RULE_BOOK, "POST", "/rules", DRAFT),
    "steps of the rule book": (RULE_BOOK, "POST", "/rules/1/retire", "{}"),
    "the audit": (BIG.format("rule_book_audit"), "GET", "/rules/audit", None),
}


def ask(port: int, method: str, path: str, body: str | None) -> int:
    """Ask on a new connection; return the status of the answer."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=MAX_WAIT)) as connection:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        answer.read()
        return answer.status


@contextmanager
def hammered(port: int, method: str, path: str, body: str | None) -> Iterator[Counter[int]]:
    """Let many clients repeat one request; count the answers by status."""
    answers: Counter[int] = Counter()
    over = Event()

    def go_on(_: int) -> None:
        while not over.is_set():
            answers[ask(port, method, path, body)] += 1
            over.wait(0.05)  # as Retry-After would have it, in short

    with ThreadPoolExecutor(CLIENTS) as threads:
        asking = [threads.submit(go_on, each) for each in range(CLIENTS)]
        try:
            yield answers
        finally:
            over.set()
    for each in asking:
        each.result()


def play(port: int, user_id: int) -> list[int]:
    """Send the events of one of the other players, one after the other; return the statuses."""
    events = [{"type": "deposit", "amount": "1", "user_id": user_id, "t": t * 100} for t in range(EVENTS_EACH)]
    return [ask(port, "POST", "/event", json.dumps(event)) for event in events]


@pytest.fixture(scope="module")
def served(serve_all: Serve) -> int:
    """The port of the service that all kinds of requests are sent to."""
    port = free_port()
    serve_all(WEB_THREADS="4", LOG_LEVEL="ERROR", PORT=str(port))  # its log is not read, and each refusal is a line
    return port


@pytest.mark.parametrize("slow", SLOW.values(), ids=list(SLOW))
def test_events_of_other_players_go_on(database: str, served: int, slow: tuple[str, str, str, str | None]) -> None:
    """Without the bulkheads nearly all of them are a 503."""
    lock, method, path, body = slow
    await_answer(served, 1)
    assert ask(served, "POST", "/event", json.dumps({**EVENT, "t": 1})) == 200
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute(lock)
        with hammered(served, method, path, body) as answers, ThreadPoolExecutor(OTHERS) as threads:
            while not answers:  # until the first of them waited for too long: by then all threads were taken
                assert ask(served, "GET", "/health/live", None) == 200
            played = threads.map(play, [served] * OTHERS, range(1001, 1001 + OTHERS))
            assert Counter(status for statuses in played for status in statuses) == {200: OTHERS * EVENTS_EACH}
            assert ask(served, "GET", "/metrics", None) == 200
        other.rollback()
    assert set(answers) == {503}, "they waited all the while"
    assert ask(served, method, path, body) in {200, 201, 404, 409}, "and are answered afterwards"


def test_every_path_for_events_uses_the_limit_of_events(app_with: AppWith) -> None:
    rules = app_with().url_map.iter_rules()
    assert {rule.rule for rule in rules if rule.endpoint.startswith("events.")} == EVENTS


def test_every_path_for_batches_uses_their_own_limit(app_with: AppWith) -> None:
    rules = app_with().url_map.iter_rules()
    assert {rule.rule for rule in rules if rule.endpoint.startswith("batches.")} == BATCHES


def test_waiting_events_of_a_locked_player_are_processed_in_order(serve: Serve, port: int, database: str) -> None:
    serve(WEB_THREADS="4", DB_LOCK_TIMEOUT="30", DB_STATEMENT_TIMEOUT="30", DB_DEADLINE="30")
    await_answer(port, 1)
    assert ask(port, "POST", "/event", json.dumps({**EVENT, "t": 1})) == 200
    event = json.dumps({**EVENT, "t": 2})
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute(PLAYER)
        with ThreadPoolExecutor(CLIENTS) as threads:
            waiting = [threads.submit(ask, port, "POST", "/event", event) for _ in range(CLIENTS)]
            assert set(play(port, 1001)) == {200}
            other.rollback()
            assert [each.result() for each in waiting] == [200] * CLIENTS
