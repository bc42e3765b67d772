"""Bad receivers delay no others, workers share the work, and a long transaction elsewhere costs little."""

import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta

import psycopg2
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.webhooks.pacing import AT_ONCE, BURST
from tests.integration.batches import send_lines
from tests.integration.conftest import Apps, AppWith, Sql
from tests.integration.telling import (
    LOOPBACK,
    Receiver,
    Reply,
    Request,
    add_endpoint,
    await_that,
    duplicates,
    duties,
    number,
    receiving,
)

DELIVERIES = 1_000  # beside a long transaction


@pytest.fixture
def app(app_with: AppWith) -> APIFlask:
    return app_with(**LOOPBACK)


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


@contextmanager
def worker(app: APIFlask) -> Iterator[None]:
    """Let a worker number and send as long as the block lasts."""
    stopped = threading.Event()
    works = duties(app)

    def turn(name: str) -> None:
        while not stopped.is_set():
            if not works[name].errand.run_once():
                stopped.wait(works[name].pause)
        works[name].at_end()

    threads = [threading.Thread(target=turn, args=[name]) for name in ("feed", "sender")]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        stopped.set()
        for each in threads:
            each.join()


def raise_alerts(client: FlaskClient, count: int, first: int = 1) -> None:
    """Raise an alert for each of so many players."""
    for begin in range(first, first + count, 500):
        events = [
            {"type": "withdraw", "amount": "150", "user_id": user, "t": 1}
            for user in range(begin, min(begin + 500, first + count))
        ]
        assert send_lines(client, events).status_code == 200


def test_two_workers_share_the_work(app: APIFlask, app_with: AppWith, client: FlaskClient, sql: Sql) -> None:
    with receiving(lambda _: Reply(delay=0.02)) as receiver:
        add_endpoint(sql, receiver.url)
        raise_alerts(client, 300)
        with worker(app), worker(app_with(**LOOPBACK)):
            receiver.wait_for(300)
    assert duplicates(receiver.ids) == []
    assert receiver.most_under_way <= AT_ONCE


def test_they_keep_the_rate_together(app: APIFlask, app_with: AppWith, client: FlaskClient, sql: Sql) -> None:
    with receiving() as receiver:
        add_endpoint(sql, receiver.url, per_second=20)
        raise_alerts(client, 60)
        with worker(app), worker(app_with(**LOOPBACK)):
            receiver.wait_for(60)
    took = receiver.requests[-1].at - receiver.requests[0].at
    assert 60 / 20 - 1 < took < 60 / 20 + 2
    for begin in receiver.requests:
        within = [each for each in receiver.requests if 0 <= each.at - begin.at < 1]
        assert len(within) <= 20 * (1 + BURST / timedelta(seconds=1)) + AT_ONCE


def slow(_: Request) -> Reply:
    return Reply(delay=3)


@pytest.mark.parametrize("bad", ["slow", "dead", "failing"])
def test_one_bad_receiver_of_ten_delays_no_other(app: APIFlask, client: FlaskClient, sql: Sql, bad: str) -> None:
    with ExitStack() as stack:
        receivers = [stack.enter_context(receiving()) for _ in range(9)]
        for each in receivers:
            add_endpoint(sql, each.url)
        alone = _latencies(app, client, receivers, first=1)
        if bad == "dead":
            listener = stack.enter_context(closing(_silent_listener()))
            add_endpoint(sql, f"http://127.0.0.1:{listener.getsockname()[1]}/")
        else:
            answering = slow if bad == "slow" else (lambda _: Reply(500))
            add_endpoint(sql, stack.enter_context(receiving(answering)).url)
        beside = _latencies(app, client, receivers, first=1_000)
    assert statistics.median(beside) < statistics.median(alone) + 0.2
    assert max(beside) < max(alone) + 1


def _silent_listener() -> socket.socket:
    """Return a listener that takes connections and never answers."""
    return socket.create_server(("127.0.0.1", 0), backlog=128)


def _latencies(app: APIFlask, client: FlaskClient, receivers: list[Receiver], first: int) -> list[float]:
    """Raise alerts one by one, and return after how many seconds each receiver had each."""
    before = [len(each.requests) for each in receivers]
    answered: dict[str, float] = {}
    with worker(app):
        for user_id in range(first, first + 20):
            raise_alerts(client, 1, first=user_id)
            answered[f"alert_{user_id}_1_0_raised_0"] = time.monotonic()
            time.sleep(0.1)
        for each, had in zip(receivers, before, strict=True):
            each.wait_for(had + 20)
    return [
        request.at - answered[request.id]
        for each, had in zip(receivers, before, strict=True)
        for request in each.requests[had:]
    ]


def test_a_long_transaction_elsewhere_does_not_stop_the_queue(
    app: APIFlask, apps: Apps, client: FlaskClient, sql: Sql, database: str
) -> None:
    """What it keeps in the index is not read again and again: that would be half of them for each delivery."""
    with receiving() as receiver, closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        add_endpoint(sql, receiver.url)
        raise_alerts(client, DELIVERIES)
        number(app)
        sql("UPDATE delivery SET next_at = next_at - user_id * interval '1 s'")
        sql("VACUUM delivery")
        other.set_session(isolation_level="REPEATABLE READ")
        cursor.execute("SELECT count(*) FROM delivery")
        read_before = entries_read(sql)
        with worker(app):
            receiver.wait_for(DELIVERIES)
        assert duplicates(receiver.ids) == []
        apps.close()
        await_that(lambda: sessions(sql) == 1, lambda: "somebody has not reported yet what they read")
    assert entries_read(sql) - read_before < 10 * DELIVERIES


def sessions(sql: Sql) -> int:
    """Return how many sessions of this database there are, except that which asks."""
    [(number,)] = sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    return int(number)


def entries_read(sql: Sql) -> int:
    """Return how many entries of the queue's index were ever read by sessions that have ended."""
    [(number,)] = sql(
        "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'ix_delivery_endpoint_id_next_at_due'"
    )
    return int(number)


def test_what_a_thread_could_not_be_started_for_is_due_again(
    app: APIFlask, client: FlaskClient, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with receiving() as receiver:
        add_endpoint(sql, receiver.url)
        raise_alerts(client, 3)
        number(app)
        sender = duties(app)["sender"]
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            with pytest.raises(RuntimeError):
                sender.errand.run_once()
        sql("UPDATE delivery SET next_at = now() - interval '1 s', lease_until = now() - interval '1 s'")
        with worker(app):
            receiver.wait_for(3)


def test_a_worker_that_stops_stores_what_it_has_under_way(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    with receiving(lambda _: Reply(delay=1)) as receiver:
        add_endpoint(sql, receiver.url)
        raise_alerts(client, 2)
        with worker(app):
            await_that(lambda: len(receiver.requests) == 2, lambda: "nothing came")
    assert sql("SELECT state, count(*) FROM delivery GROUP BY state") == [("delivered", 2)]
