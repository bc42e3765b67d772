"""A real service and worker: alerts are in the queue within seconds, and a worker may be killed anywhere."""

import time
from contextlib import closing
from random import Random

import httpx
import psycopg2
import pytest

from tests.integration.conftest import Sql
from tests.integration.servers import Serve, Server
from tests.integration.telling import await_that
from tests.integration.test_worker_killed import WORK, feed, raise_alert, service, somebody_waits

__all__ = ["service"]  # a fixture

ATTACHED = """
    SELECT count(*), count(DISTINCT (user_id, t, n, code)), (SELECT sum(alert_count) FROM care_case),
        (SELECT count(*) FROM care_case WHERE status <> 'closed')
    FROM case_alert
"""


@pytest.fixture
def worker(serve: Serve) -> Server:
    return serve(WORK)


def all_attached(sql: Sql, alerts: int) -> None:
    await_that(
        lambda: sql("SELECT count(*) FROM case_alert WHERE code = 1100") == [(alerts,)],
        lambda: str(sql("SELECT (SELECT number FROM feed_head), (SELECT number FROM case_head)")),
    )


def test_killed_while_it_attaches(service: httpx.Client, serve: Serve, sql: Sql, database: str) -> None:
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE case_event IN SHARE ROW EXCLUSIVE MODE")
        worker = serve(WORK)
        raise_alert(service, 1)
        await_that(lambda: somebody_waits(sql), lambda: "nobody attaches")
        worker.kill()
        worker.wait()
        other.rollback()
    assert sql("SELECT count(*) FROM case_alert") == [(0,)]
    assert [each["number"] for each in feed(service)] == [1]
    serve(WORK)
    all_attached(sql, 1)
    assert sql(ATTACHED) == [(1, 1, 1, 1)]


def test_each_alert_is_attached_once_however_often_workers_are_killed(
    service: httpx.Client,
    serve: Serve,
    sql: Sql,
) -> None:
    random = Random(7)  # noqa: S311  # a test's
    alerts = 0
    for _ in range(5):
        workers = [serve(WORK), serve(WORK)]
        until = time.monotonic() + 2 + random.random() * 2
        while time.monotonic() < until:
            alerts += 1
            raise_alert(service, alerts, user_id=random.randint(1, 5))
        for each in workers:
            each.kill()
            each.wait()
    serve(WORK)
    all_attached(sql, alerts)
    [(attached, distinct, counted, cases)] = sql(ATTACHED)
    assert attached == distinct == counted == len(feed(service))
    assert cases == 5


def test_an_answered_event_is_in_the_queue_within_two_seconds(
    service: httpx.Client,
    worker: Server,
    sql: Sql,
) -> None:
    raise_alert(service, 1, user_id=1_000)
    all_attached(sql, 1)
    took = []
    for user_id in range(1, 41):
        raise_alert(service, 1, user_id)
        answered = time.monotonic()
        await_that(
            lambda wanted=user_id: sql("SELECT id FROM care_case WHERE user_id = %s", wanted) != [],  # type: ignore[misc]
            lambda: "it is in no case",
        )
        took.append(time.monotonic() - answered)
    assert worker.poll() is None
    assert sorted(took)[38] <= 2, took
