"""Migration 0014 on filled tables: up, down, up, while the release before keeps reading and writing (A49)."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event
from typing import Any

import flask_migrate
import psycopg2
import pytest
from apiflask import APIFlask

from tests.integration.clients import codes, send
from tests.integration.conftest import Unmigrated, run_sql
from tests.integration.judging import verified

# What the release before does: claim, history, event, alert; then the latest alerts, and the totals.
CLAIM = """
    INSERT INTO user_clock AS clock (user_id, last_t, events) VALUES (%(user)s, %(t)s, 1)
    ON CONFLICT (user_id) DO UPDATE SET last_t = excluded.last_t, events = clock.events + 1
    WHERE clock.last_t < excluded.last_t RETURNING events
"""
HISTORY = """
    (SELECT t, amount FROM activity_event WHERE user_id = %(user)s AND t < %(t)s ORDER BY t DESC LIMIT 2)
    UNION ALL
    (SELECT t, amount FROM activity_event WHERE user_id = %(user)s AND type BETWEEN 'deposit' AND 'deposit'
     AND t < %(t)s ORDER BY type DESC, t DESC LIMIT 2)
"""
STORE = """
    INSERT INTO activity_event (user_id, t, type, amount, alert_codes, edition, seq, key_id)
    VALUES (%(user)s, %(t)s, 'withdraw', 150, '{1100}', 1, %(seq)s, NULL)
"""
KEEP = """
    INSERT INTO alert (user_id, t, code, shadow, edition, evidence) VALUES (%(user)s, %(t)s, 1100, false, 1,
        jsonb_build_object('value', '150.00', 'limit', '100.00', 'count', 1,
            'moments', jsonb_build_array(%(t)s::bigint), 'sentence', '150.00 withdrawn at once; the limit is 100.00'))
"""
STORED = "SELECT type, amount, alert_codes, edition FROM activity_event WHERE user_id = %(user)s AND t = %(t)s"
NEWEST = """
    SELECT user_id, t, code, edition, evidence FROM alert
    WHERE code > 0 AND shadow = false AND t >= 0 AND (t, user_id, code) <= (%(t)s, %(user)s, 1100)
    ORDER BY t DESC, user_id DESC, code DESC LIMIT 5
"""
ADD_UP = """
    INSERT INTO user_total AS kept (user_id, counted_t, deposits, deposited, withdraws, withdrawn)
    SELECT %(user)s, max(t), 0, 0, count(*) FILTER (WHERE type = 'withdraw'), 0 FROM (
        SELECT t, type, amount FROM activity_event WHERE user_id = %(user)s
        AND t > coalesce((SELECT counted_t FROM user_total WHERE user_id = %(user)s), -1) ORDER BY t LIMIT 20000
    ) AS uncounted HAVING count(*) > 0
    ON CONFLICT (user_id) DO UPDATE SET counted_t = excluded.counted_t,
        withdraws = kept.withdraws + excluded.withdraws, withdrawn = kept.withdrawn + excluded.withdrawn
"""
KEYS = """
    SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'p' AND conrelid IN ('activity_event'::regclass, 'alert'::regclass) ORDER BY 1
"""
VALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
FILES = "SELECT relfilenode FROM pg_class WHERE relname IN ('activity_event', 'alert', 'user_clock') ORDER BY relname"


class ReleaseBefore:
    """Takes events as the release before does, one after the other, each in a transaction that may not wait long."""

    def __init__(self, url: str) -> None:
        self._url = url

    def take(self, user: int, moments: Iterator[int] | range, until: Callable[[], bool] = lambda: False) -> list[int]:
        """Return the moments of the events that were stored."""
        taken = []
        with closing(psycopg2.connect(self._url)) as connection, connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
            connection.commit()
            for t in moments:
                self._take(cursor, {"user": user, "t": t})
                connection.commit()
                taken.append(t)
                if until():
                    break
        return taken

    def _take(self, cursor: psycopg2.extensions.cursor, at: dict[str, Any]) -> None:
        cursor.execute(CLAIM, at)
        [(seq,)] = cursor.fetchall()
        cursor.execute(HISTORY, at)
        cursor.execute(STORE, {**at, "seq": seq})
        cursor.execute(KEEP, at)
        cursor.execute(STORED, at)
        assert len(cursor.fetchall()) == 1
        cursor.execute(NEWEST, at)
        assert cursor.fetchall()[0][:3] == (at["user"], at["t"], 1100)
        cursor.execute(ADD_UP, at)


@pytest.fixture
def app(unmigrated: Unmigrated) -> APIFlask:
    """The application on tables that the release before filled with events of one player."""
    unmigrated.migrate("0013")
    ReleaseBefore(unmigrated.url).take(1, range(100, 120))
    return unmigrated.app


@pytest.fixture
def url(unmigrated: Unmigrated) -> str:
    return unmigrated.url


def migrate(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run migrations in a process of their own, as a deployment does."""
    program = [sys.executable, "-m", "flask", "--app", "app", "db", *words]
    environment = {**os.environ, "DATABASE_URL": url}
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def counts(url: str) -> tuple[Any, ...]:
    [row] = run_sql(
        url,
        "SELECT (SELECT count(*) FROM activity_event), (SELECT count(*) FROM alert),"
        " (SELECT withdraws FROM user_total WHERE user_id = 1), (SELECT events FROM user_clock WHERE user_id = 1)",
    )
    return row


def test_stored_events_get_their_place_without_a_rewrite(app: APIFlask, url: str) -> None:
    files, kept = run_sql(url, FILES), run_sql(url, "SELECT * FROM activity_event ORDER BY t")
    with app.app_context():
        flask_migrate.upgrade("migrations", "0014")
        assert run_sql(url, FILES) == files
        assert run_sql(url, "SELECT * FROM activity_event ORDER BY t") == [(*row, 0, None) for row in kept]
        assert run_sql(url, KEYS) == [
            ("activity_event", "PRIMARY KEY (user_id, t, n)"),
            ("alert", "PRIMARY KEY (user_id, shadow, edition, code, t, n)"),
        ]
        flask_migrate.downgrade("migrations", "0013")
        assert run_sql(url, "SELECT * FROM activity_event ORDER BY t") == kept
        assert run_sql(url, KEYS) == [
            ("activity_event", "PRIMARY KEY (user_id, t)"),
            ("alert", "PRIMARY KEY (user_id, shadow, edition, code, t)"),
        ]
        flask_migrate.upgrade("migrations")
    client = app.test_client()
    again = send(client, "withdraw", "150", 110)
    assert (again.headers["Idempotent-Replay"], codes(again)) == ("true", [1100])
    assert [each["t"] for each in client.get("/alerts?limit=2").get_json()["alerts"]] == [119, 118]
    assert client.get("/users/1").get_json()["withdrawals"]["count"] == 20


def test_the_release_before_goes_on_in_the_migrated_tables(app: APIFlask, url: str) -> None:
    with app.app_context():
        flask_migrate.upgrade("migrations")
    client = app.test_client()
    ReleaseBefore(url).take(1, range(200, 210))
    event = {"type": "deposit", "amount": "1", "user_id": 1, "t": 300}
    assert [client.post("/event", json={**event, "event_id": each}).status_code for each in "ab"] == [200, 200]
    ReleaseBefore(url).take(1, range(301, 303))
    assert codes(send(client, "deposit", "2", 303)) == []
    assert client.get("/users/1").get_json()["withdrawals"]["count"] == 32
    assert run_sql(url, "SELECT count(*), count(event_id), max(n), max(seq) FROM activity_event") == [(35, 2, 1, 35)]
    differing = [each.what for each in verified(app).differences]
    assert all("edition 1 raises 30, 1100, stored is 1100" in each for each in differing), "it judged by one rule"


def test_the_release_before_takes_events_while_it_runs(app: APIFlask, url: str) -> None:  # noqa: ARG001  # it migrates
    done = Event()
    with ThreadPoolExecutor(2) as threads:
        playing = threads.submit(ReleaseBefore(url).take, 2, range(10**6), done.is_set)
        for words in (("upgrade",), ("downgrade", "0013"), ("upgrade",)):
            ran = migrate(url, *words)
            assert ran.returncode == 0, ran.stderr
        done.set()
        taken = playing.result(timeout=60)
    assert run_sql(url, "SELECT count(*), max(seq) FROM activity_event WHERE user_id = 2") == [(len(taken),) * 2]
    assert run_sql(url, "SELECT count(*) FROM alert WHERE user_id = 2") == [(len(taken),)]
    assert run_sql(url, VALID) == [(0,)]


def test_nobody_waits_behind_it_while_a_long_read_holds_the_tables(app: APIFlask, url: str) -> None:  # noqa: ARG001
    with closing(psycopg2.connect(url)) as reader, reader.cursor() as cursor, ThreadPoolExecutor(1) as thread:
        cursor.execute("SELECT count(*) FROM activity_event, alert, user_total")
        upgrading = thread.submit(migrate, url, "upgrade")
        wait_until(url, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'")
        began = time.monotonic()
        ReleaseBefore(url).take(2, range(20))
        assert time.monotonic() - began < 30, "each would wait for 2 s and fail"
        assert not upgrading.done()
        reader.commit()
        assert upgrading.result(timeout=60).returncode == 0
    assert run_sql(url, VALID) == [(0,)]


def wait_until(url: str, statement: str) -> None:
    for _ in range(400):
        if run_sql(url, f"SELECT pg_sleep(0.02); {statement}") == [(True,)]:
            return
    pytest.fail(f"never true: {statement}")


def test_what_a_failed_attempt_left_is_replaced(app: APIFlask, url: str) -> None:
    run_sql(url, "ALTER TABLE activity_event ADD COLUMN n integer NOT NULL DEFAULT 0")
    run_sql(url, "INSERT INTO activity_event (user_id, t, type, amount, alert_codes) VALUES (1, 1, 'deposit', 1, '{}')")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        run_sql(url, "CREATE UNIQUE INDEX CONCURRENTLY pk_activity_event_new ON activity_event (user_id)")
    assert run_sql(url, VALID) == [(1,)]
    with app.app_context():
        flask_migrate.upgrade("migrations")
        flask_migrate.check("migrations")
    assert run_sql(url, VALID) == [(0,)]


def test_a_downgrade_counts_what_shares_a_second_and_loses_no_more(app: APIFlask, url: str) -> None:
    with app.app_context():
        flask_migrate.upgrade("migrations")
    client = app.test_client()
    event = {"type": "withdraw", "amount": "150", "user_id": 1, "t": 300}
    for event_id in "abc":
        codes(client.post("/event", json={**event, "event_id": event_id}))
    before = counts(url)
    run = app.test_cli_runner().invoke
    refused = run(args=["db", "downgrade", "0013"])
    assert refused.exit_code == 1
    assert (
        "loses 6 marks of fresh alerts, 3 event ids, 2 events in a shared second, 4 alerts of these" in refused.output
    )
    assert counts(url) == before
    lost = "marks_of_fresh_alerts=6,event_ids=3,events_in_a_shared_second=2,alerts_of_these=4"
    assert run(args=["db", "downgrade", "0013", "--i-know", lost]).exit_code == 0
    assert run_sql(url, "SELECT (SELECT count(*) FROM activity_event), (SELECT count(*) FROM alert)") == [(21, 22)]
