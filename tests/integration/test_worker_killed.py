"""A real service, worker and receiver: alerts arrive soon, and a worker may be killed anywhere (A66).

What a killed worker had under way is due again after a minute. The tests do not wait for that: they end its leases.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from random import Random
from typing import Any

import httpx
import psycopg2
import pytest

from app.alerts.feed.numbering import FULL_LOOK
from tests.integration.conftest import Sql
from tests.integration.servers import Serve, Server
from tests.integration.telling import (
    KEY,
    Reply,
    Request,
    add_endpoint,
    await_that,
    duplicates,
    receiving,
)

WORK = ("-m", "flask", "--app", "app", "work")
TELLING = {
    "WEBHOOK_HTTP": "true",
    "WEBHOOK_ALLOW": "127.0.0.0/8",
    "WEBHOOK_KEY": KEY,
    "LATE_EVENTS": "keep",
}
Start = Callable[[], Server]


@pytest.fixture
def start(serve: Serve) -> Start:
    """Start a worker."""
    return lambda: serve(WORK, **TELLING)


@pytest.fixture
def service(serve: Serve, port: int) -> Iterator[httpx.Client]:
    """A service that answers."""
    serve(**TELLING)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        await_that(lambda: _answers(client), lambda: "the service does not answer")
        yield client


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health/ready").status_code == 200
    except httpx.HTTPError:
        return False


def raise_alert(service: httpx.Client, t: int, user_id: int = 1) -> str:
    """Raise an alert and return the id of the message about it."""
    answer = service.post("/event", json={"type": "withdraw", "amount": "150", "user_id": user_id, "t": t})
    assert answer.json()["alert"], answer.text
    return f"alert_{user_id}_{t}_0_raised_0"


def kill(worker: Server, sql: Sql) -> None:
    """Kill a worker and let the leases of what it had under way end."""
    worker.kill()
    worker.wait()
    # Another worker may store results at this moment: whoever changes deliveries locks their endpoints first.
    sql(
        "SELECT FROM endpoint ORDER BY id FOR UPDATE;"
        " UPDATE delivery SET lease_until = now(), next_at = now() WHERE lease_until IS NOT NULL"
    )


def somebody_waits(sql: Sql) -> bool:
    """Tell whether a connection waits for a lock."""
    return bool(sql("SELECT pid FROM pg_locks WHERE NOT granted"))


def feed(service: httpx.Client) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    after = 0
    while page := service.get("/alerts/feed", params={"after": after, "limit": 200}).json()["alerts"]:
        entries += page
        after = page[-1]["number"]
    return entries


def all_delivered(sql: Sql, count: int) -> None:
    await_that(
        lambda: sql("SELECT count(*) FROM delivery WHERE state = 'delivered'") == [(count,)],
        lambda: str(sql("SELECT state, attempts, last_error FROM delivery WHERE state <> 'delivered'")),
    )


def test_an_answered_event_is_received_soon(service: httpx.Client, start: Start, sql: Sql) -> None:
    with receiving() as receiver:
        add_endpoint(sql, receiver.url)
        start()
        raise_alert(service, 1, user_id=1_000)
        receiver.wait_for(1)
        answered = {}
        for user_id in range(1, 101):
            answered[raise_alert(service, 1, user_id)] = time.monotonic()
            time.sleep(0.05)
        receiver.wait_for(101)
    took = sorted(each.at - answered[each.id] for each in receiver.requests[1:])
    # How soon is measured by bench/alerts.py. Here it is earlier than a look at the whole outbox would find it.
    assert statistics.median(took) < FULL_LOOK / 2, took


def test_killed_while_the_receiver_thinks(service: httpx.Client, start: Start, sql: Sql) -> None:
    with receiving(lambda _: Reply(delay=1)) as receiver:
        add_endpoint(sql, receiver.url)
        worker = start()
        message = raise_alert(service, 1)
        receiver.wait_for(1)
        kill(worker, sql)
        start()
        await_that(lambda: len(receiver.requests) == 2, lambda: "it is not sent again")
        all_delivered(sql, 1)
    assert receiver.ids == [message, message]
    assert sql("SELECT attempts FROM delivery") == [(1,)]


def test_killed_after_the_answer_before_its_result_is_stored(
    service: httpx.Client, start: Start, sql: Sql, database: str
) -> None:
    with receiving() as receiver, closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        add_endpoint(sql, receiver.url)

        def hold(_: Request) -> Reply:
            cursor.execute("SELECT FROM endpoint FOR UPDATE")  # storing the result waits for this lock
            receiver.answering = lambda _: Reply()
            return Reply()

        receiver.answering = hold
        worker = start()
        message = raise_alert(service, 1)
        await_that(lambda: somebody_waits(sql), lambda: "nobody stores a result")
        worker.kill()
        worker.wait()
        # PostgreSQL goes on with what the worker sent, until its lock_timeout.
        await_that(lambda: not somebody_waits(sql), lambda: "the lock is still waited for")
        other.rollback()
        kill(worker, sql)
        start()
        all_delivered(sql, 1)
    assert receiver.ids == [message, message]


def test_killed_while_it_numbers(service: httpx.Client, start: Start, sql: Sql, database: str) -> None:
    with receiving() as receiver, closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        add_endpoint(sql, receiver.url)
        cursor.execute("LOCK TABLE delivery IN SHARE ROW EXCLUSIVE MODE")
        worker = start()
        message = raise_alert(service, 1)
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%add_deliveries%'"
        )
        await_that(lambda: sql(waiting) == [(1,)], lambda: "nobody makes deliveries")
        worker.kill()
        worker.wait()
        other.rollback()
        assert feed(service) == []
        start()
        all_delivered(sql, 1)
    assert receiver.ids == [message]
    assert [each["number"] for each in feed(service)] == [1]


def test_each_answered_alert_is_in_the_feed_once_and_arrives_however_often_workers_are_killed(
    service: httpx.Client, start: Start, sql: Sql
) -> None:
    random = Random(5)  # noqa: S311  # a test's
    answered: set[str] = set()
    with receiving(lambda _: Reply(500 if random.random() < 0.05 else 200, delay=random.random() / 20)) as receiver:
        add_endpoint(sql, receiver.url)
        t = 0
        for _ in range(6):
            t += 1
            answered.add(raise_alert(service, t))
            workers = [start(), start()]
            await_that(lambda: sql("SELECT id FROM outbox") == [], lambda: "nobody works")
            until = time.monotonic() + random.random() * 2
            while time.monotonic() < until:
                t += 1
                answered.add(raise_alert(service, t, user_id=random.randint(1, 5)))
            for each in workers:
                kill(each, sql)
        start()
        while sql("SELECT message_id FROM delivery WHERE state = 'due' UNION ALL SELECT 'waits' FROM outbox"):
            sql("UPDATE delivery SET next_at = now() WHERE state = 'due' AND lease_until IS NULL AND next_at > now()")
            time.sleep(0.3)
    entries = feed(service)
    assert [each["number"] for each in entries] == [*range(1, len(entries) + 1)]
    named = [f"alert_{each['user_id']}_{each['t']}_0_raised_0" for each in entries if each["code"] == 1100]
    assert duplicates(named) == []
    assert set(named) == answered
    assert set(receiver.ids) == answered
    bodies: dict[str, set[bytes]] = {}
    for request in receiver.requests:
        bodies.setdefault(request.id, set()).add(request.body)
    assert all(len(same) == 1 for same in bodies.values())
    assert json.loads(receiver.requests[0].body)["type"] == "alert.raised"
