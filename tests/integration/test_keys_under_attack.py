"""Keys over HTTP on a real server: locked tables, floods of unknown keys, very many keys."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Self

import pytest
from apiflask import APIFlask

from app.access.controllers import create_key, revoke_key
from app.access.domain import Access, Scope, prefix_of
from app.access.key_cache import OLDEST
from tests.integration.conftest import Sql
from tests.integration.locks import locked
from tests.integration.raw_http import Answer, ask, event
from tests.integration.servers import MAX_WAIT, Serve
from tests.integration.wiring import wiring

HANG = 5  # seconds that no answer may take; before, it was ten and more
moments = count(1)
Send = Callable[[str], Answer]


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "service.log"


def lines(log_file: Path, event_name: str) -> list[dict[str, object]]:
    written = [json.loads(line) for line in log_file.read_text().splitlines()]
    return [line for line in written if line["event"] == event_name]


@pytest.fixture
def send(serve: Serve, port: int, log_file: Path) -> Send:
    """Send an event with a key to a service that requires keys."""
    serve(ACCESS=Access.KEYS.value, WEB_WORKERS="1", LOG_FILE=str(log_file), LOG_LEVEL="WARNING")
    deadline = time.monotonic() + MAX_WAIT
    while True:
        with suppress(OSError):
            if ask(port, "GET", "/health/ready").status == 200:
                break
        assert time.monotonic() < deadline, "the service does not answer"
        time.sleep(0.1)

    def one(key: str) -> Answer:
        moment = next(moments)
        return ask(port, "POST", "/event", body=event(moment, user_id=moment), Authorization=f"Bearer {key}")

    return one


def a_key(app: APIFlask, *scopes: Scope) -> str:
    return create_key(wiring(app).database, "payments", scopes or [Scope.EVENTS_WRITE], None)


class Crowd:
    """Threads that all do the same until they are stopped, with short pauses, each answer counted by its status."""

    def __init__(self, members: int, act: Callable[[], Answer]) -> None:
        self.statuses: Counter[int] = Counter()
        self.longest = 0.0
        self._act = act
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._go_on) for _ in range(members)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _go_on(self) -> None:
        while not self._done.wait(0.02):
            began = time.monotonic()
            try:
                status = self._act().status
            except OSError:
                status = 0
            self.statuses[status] += 1
            self.longest = max(self.longest, time.monotonic() - began)


@pytest.mark.parametrize("held", ["the row", "the table"])
def test_a_lock_on_the_key_table_delays_neither_events_nor_health(
    app: APIFlask, database: str, port: int, send: Send, held: str
) -> None:
    """A21: beyond the maximum age of the copy of keys, since a lock on the table also prevents revocations."""
    key = a_key(app)
    assert send(key).status == 200
    statement = {
        "the row": f"SELECT FROM api_key WHERE prefix = '{prefix_of(key)}' FOR UPDATE",
        "the table": "LOCK TABLE api_key",
    }[held]
    with (
        locked(database, statement),
        Crowd(8, lambda: send(key)) as senders,
        Crowd(1, lambda: ask(port, "GET", "/health/ready")) as watcher,
    ):
        time.sleep(OLDEST + 4)
    assert set(senders.statuses) == {200}
    assert set(watcher.statuses) == {200}
    assert max(senders.longest, watcher.longest) < HANG


def test_a_key_revoked_just_before_the_table_is_locked_is_refused(app: APIFlask, database: str, send: Send) -> None:
    """A21."""
    kept, lost = a_key(app), a_key(app)
    assert (send(kept).status, send(lost).status) == (200, 200)
    revoke_key(wiring(app).database, prefix_of(lost))
    with locked(database, "LOCK TABLE api_key"):
        deadline = time.monotonic() + 2 * OLDEST
        while send(lost).status != 401:
            assert time.monotonic() < deadline, "a revoked key is still honoured"
            time.sleep(0.1)
        assert send(kept).status == 200


def test_a_flood_of_unknown_keys_causes_no_reads_and_blocks_nobody(
    app: APIFlask, sql: Sql, send: Send, log_file: Path
) -> None:
    """A40: answered in full twenty times, then in short; good keys of the same address are let in, new ones soon."""
    known = a_key(app)
    assert send(known).status == 200
    numbers = count()
    before, began = reads(sql), time.monotonic()
    with Crowd(6, lambda: send(f"aa_{next(numbers):012}_" + "x" * 43)) as strangers:
        time.sleep(1)
        assert send(known).status == 200
        new = a_key(app)
        deadline = time.monotonic() + HANG
        while send(new).status != 200:
            assert time.monotonic() < deadline, "a new key does not work"
        time.sleep(2)
    took = time.monotonic() - began
    assert set(strangers.statuses) == {401, 429}
    assert strangers.statuses[429] > strangers.statuses[401]
    time.sleep(2)  # PostgreSQL tells its numbers a second late
    assert reads(sql) - before < 20 + 12 * (took + 2), f"{strangers.statuses.total()} strangers"
    refused = lines(log_file, "access refused")
    assert len([line for line in refused if "path" in line]) <= 2 + took / 10
    assert len(refused) <= 4 + took / 5


def reads(sql: Sql) -> int:
    """Return how often any session read the table of keys."""
    [(number,)] = sql("SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = 'api_key'")
    return int(number)


def test_refusals_have_retry_after_and_a_burst_is_one_log_line_with_a_count(
    port: int, send: Send, log_file: Path
) -> None:
    """A40."""
    answers = [ask(port, "GET", f"/users/{number}") for number in range(300)]
    assert [answer.status for answer in answers[:20]] == [401] * 20
    assert {answer.status for answer in answers[20:]} <= {401, 429}  # a window of ten seconds may end meanwhile
    last = next(answer for answer in reversed(answers) if answer.status == 429)
    assert 1 <= int(last.headers["Retry-After"]) <= 10
    assert json.loads(last.body)["type"] == "urn:problem-type:too-many-requests"
    assert send("").status in {401, 429}
    deadline = time.monotonic() + MAX_WAIT
    while not (shown := [line for line in lines(log_file, "access refused") if "count" in line]):
        assert time.monotonic() < deadline, "no number is told"
        time.sleep(0.5)
    assert sum(int(str(line["count"])) for line in shown) >= 250
    assert len(log_file.read_text().splitlines()) < 15


def test_revoked_and_expired_keys_are_not_cached(app: APIFlask, sql: Sql, send: Send) -> None:
    sql(
        """
        INSERT INTO api_key (prefix, name, digest, scopes, revoked_at, expires_at)
        SELECT lpad(number::text, 12, '0'), 'old', sha256(number::text::bytea), '{events:write}',
            CASE WHEN number % 2 = 0 THEN now() END, CASE WHEN number % 2 = 1 THEN now() - interval '2 days' END
        FROM generate_series(1, 50000) AS number
        """
    )
    key = a_key(app)
    with Crowd(4, lambda: send(key)) as senders:
        time.sleep(4)
    assert set(senders.statuses) == {200}
    wiring(app).entrance.keys.refresh()
    assert len(wiring(app).entrance.keys._copy.keys) == 101  # noqa: SLF001  # it and a hundred of those just revoked
