"""The last use of a key, over real processes: accurate within ten seconds and at stop, and never in the way."""

import http.client
import json
import signal
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from apiflask import APIFlask

from app.access.controllers import create_key, revoke_key
from app.access.domain import Access, Scope, prefix_of
from app.access.key_cache import FAILURE_PAUSE, KeyCache
from app.access.last_used import LastUsed
from lib.database_errors import Unavailable
from tests.integration.conftest import AppWith, Sql
from tests.integration.locks import locked
from tests.integration.servers import MAX_WAIT, Serve
from tests.integration.wiring import wiring

pytestmark = pytest.mark.settings(db_lock_timeout=1)

PROMISED = 10  # seconds
SLACK = 5  # of a machine that does much else at the same time
moments = count(1)


def use(port: int, key: str) -> int:
    """Send an event with a key; return the status of the answer, 0 when there is none."""
    body = json.dumps({"type": "deposit", "amount": "1", "user_id": 1, "t": next(moments)})
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=MAX_WAIT)) as connection:
            connection.request("POST", "/event", body, headers)
            return connection.getresponse().status
    except OSError:
        return 0


def await_service(port: int, key: str) -> None:
    deadline = time.monotonic() + MAX_WAIT
    while use(port, key) != 200:
        assert time.monotonic() < deadline, "the service does not answer"
        time.sleep(0.1)


def last_used(sql: Sql, key: str) -> datetime | None:
    [(at,)] = sql("SELECT last_used_at FROM api_key WHERE prefix = %s", prefix_of(key))
    found: datetime | None = at
    return found


def await_use(sql: Sql, key: str, since: datetime, until: datetime) -> None:
    """Return when the use is written as of this span; it must be in time."""
    deadline = time.monotonic() + PROMISED + SLACK
    while not ((at := last_used(sql, key)) and since <= at <= until):
        assert time.monotonic() < deadline, f"written as {at}, and was between {since} and {until}"
        time.sleep(0.2)


def a_key(app: APIFlask) -> str:
    return create_key(wiring(app).database, "payments", [Scope.EVENTS_WRITE], None)


def test_the_last_use_is_accurate_within_ten_seconds(app: APIFlask, serve: Serve, port: int, sql: Sql) -> None:
    """A30."""
    early, late = a_key(app), a_key(app)
    serve(ACCESS=Access.KEYS.value, WEB_WORKERS="2", LOG_LEVEL="ERROR")
    await_service(port, late)
    begun = datetime.now(UTC)
    assert [use(port, early) for _ in range(20)] == [200] * 20
    ended = datetime.now(UTC)
    await_use(sql, early, begun, ended)  # without any request meanwhile
    for _ in range(4):
        use(port, late)
        time.sleep(2)
    since = last_used(sql, early)
    assert since is not None
    assert begun <= since <= ended


def test_a_stop_writes_the_pending_last_uses(app: APIFlask, serve: Serve, port: int, sql: Sql) -> None:
    key = a_key(app)
    server = serve(ACCESS=Access.KEYS.value, WEB_WORKERS="2", LOG_LEVEL="ERROR")
    await_service(port, key)
    begun = datetime.now(UTC)
    assert use(port, key) == 200
    ended = datetime.now(UTC)
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=MAX_WAIT)
    at = last_used(sql, key)
    assert at is not None
    assert begun <= at <= ended


def test_a_locked_row_delays_no_request_and_no_other_key(
    app: APIFlask, serve: Serve, port: int, database: str, sql: Sql
) -> None:
    held, other = a_key(app), a_key(app)
    serve(ACCESS=Access.KEYS.value, WEB_WORKERS="1", LOG_LEVEL="ERROR")
    await_service(port, other)
    with locked(database, f"SELECT FROM api_key WHERE prefix = '{prefix_of(held)}' FOR UPDATE"):
        begun = datetime.now(UTC)
        longest = 0.0
        until = time.monotonic() + 8  # the keys are read again three times, and last uses written once
        while time.monotonic() < until:
            began = time.monotonic()
            assert use(port, held) == use(port, other) == 200
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.05)
        ended = datetime.now(UTC)
        await_use(sql, other, begun, ended)
        assert last_used(sql, held) is None
        assert longest < 1.5, f"two requests took {longest:.2f} s; lock_timeout is 2 s"
    await_use(sql, held, begun, ended)


def test_a_failed_write_is_retried_and_never_overwrites_a_later_use(
    app: APIFlask, database: str, sql: Sql, capfd: pytest.CaptureFixture[str]
) -> None:
    key = prefix_of(whole := a_key(app))
    uses = LastUsed(wiring(app).database)
    at = datetime.now(UTC)
    with locked(database, "LOCK TABLE api_key"):
        uses.touch(key, at)
        began = time.monotonic()
        uses.write()
        uses.write()
        assert time.monotonic() - began < 6
    assert capfd.readouterr().err.count("last uses of keys not written yet") == 1
    uses.write()
    assert last_used(sql, whole) == at
    uses.touch(key, at - timedelta(seconds=30))  # of a process that was slower
    uses.write()
    assert last_used(sql, whole) == at


def test_a_refused_key_does_not_count_as_used(app_with: AppWith, sql: Sql) -> None:
    app = app_with(access=Access.KEYS)
    key = a_key(app)
    revoke_key(wiring(app).database, prefix_of(key))
    client = app.test_client()
    assert client.get("/users/1", headers={"Authorization": f"Bearer {key}"}).status_code == 401
    wiring(app).entrance.last_used.write()
    assert last_used(sql, key) is None


def test_waiters_for_unreadable_keys_do_not_retry_one_by_one(app: APIFlask, database: str) -> None:
    key = a_key(app)
    keys = KeyCache(wiring(app).database)
    answers: list[str] = []

    def ask() -> None:
        try:
            keys.authenticate(key)
        except Unavailable as error:
            answers.append(str(error))

    with locked(database, "LOCK TABLE api_key"):
        began = time.monotonic()
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
    assert len(answers) == 8
    assert took < 4, f"eight that wait for a second each take {took:.1f} s"
    time.sleep(FAILURE_PAUSE)
    assert keys.authenticate(key) is not None
