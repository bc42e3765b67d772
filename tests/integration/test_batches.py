"""Batches of events: what may be sent, what refuses the whole, and what else goes on meanwhile (A50)."""

import http.client
import json
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from random import Random
from threading import Barrier
from typing import Any
from unittest.mock import Mock

import psutil
import psycopg2
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from werkzeug.test import TestResponse

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from app.events.batch import controllers
from app.events.batch.domain import CHUNK, MAX_BODY, MAX_EVENTS
from app.events.batch.together import decide_together
from app.events.services import EventServices
from app.rules.limits import MAX_LISTED_WINDOW
from lib.services import services_of
from testkit.oracle import Event, Oracle
from tests.integration.batches import NDJSON, STORED, results, send_array, send_lines, stored
from tests.integration.books import publish, window
from tests.integration.clients import problem
from tests.integration.conftest import AppWith, Sql
from tests.integration.judging import verified
from tests.integration.servers import MAX_WAIT, Serve, await_answer
from tests.integration.wiring import wiring

THREADS = 16
NOTHING_STORED: list[list[tuple[Any, ...]]] = [[]] * len(STORED)


def send_until_taken(client: FlaskClient, events: Sequence[object]) -> TestResponse:
    """Send a batch as a client does: again after a 503."""
    while (answer := send_array(client, events)).status_code == 503:
        pass
    return answer


def deposit(user_id: int, t: int = 1, **other: object) -> dict[str, object]:
    return {"type": "deposit", "amount": "1", "user_id": user_id, "t": t, **other}


def post(client: FlaskClient, body: bytes, content_type: str = NDJSON) -> TestResponse:
    return client.post("/events", data=body, content_type=content_type)


@pytest.mark.parametrize("path", ["/events", "/events/"])
@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", NDJSON])
def test_an_answer_has_a_result_for_each_event(client: FlaskClient, path: str, content_type: str) -> None:
    event = json.dumps({"type": "withdraw", "amount": "150", "user_id": 1, "t": 1})
    body = event if content_type == NDJSON else f"[{event}]"
    answers = [client.post(path, data=body, content_type=content_type) for _ in range(2)]
    assert [answer.text for answer in answers] == [
        f'{{"results":[{{"index":0,"status":200,"alert":true,"alert_codes":[1100],"user_id":1{replayed}}}]}}\n'
        for replayed in ("", ',"replayed":true')
    ]
    assert {answer.headers["Events-Refused"] for answer in answers} == {"0"}


def test_blank_lines_are_no_events(client: FlaskClient) -> None:
    lines = ["", json.dumps(deposit(1)), "  \t\r", f"{json.dumps(deposit(2))}\r", ""]
    assert [each["user_id"] for each in results(send_lines(client, lines))] == [1, 2]


def test_refused_events_leave_the_others_alone(client: FlaskClient, sql: Sql) -> None:
    sent = [deposit(1), "no json", deposit(1, amount="0"), "[]", '{"t": 1, "t": 2}', deposit(1, 0), deposit(2)]
    found = results(send_lines(client, sent))
    kinds = [each["problem"]["type"].rpartition(":")[2] if "problem" in each else "" for each in found]
    assert kinds == ["", "malformed-json", "invalid-event", "malformed-json", "invalid-event", "out-of-order", ""]
    assert found[4]["problem"]["errors"] == {"t": ["Was given twice."]}
    assert sql("SELECT user_id, t FROM activity_event ORDER BY user_id") == [(1, 1), (2, 1)]


def test_an_object_with_a_member_twice_does_not_spoil_its_array(client: FlaskClient, sql: Sql) -> None:
    twice = '{"type": "deposit", "amount": "1", "user_id": 1, "t": 1, "x": {"a": 1, "a": 2}}'
    answer = post(client, f"[{json.dumps(deposit(1, 5))}, {twice}, 7]".encode(), "application/json")
    assert [each["status"] for each in results(answer)] == [200, 400, 400]
    assert results(answer)[1]["problem"]["errors"] == {"x, a": ["Was given twice."]}
    assert sql("SELECT t FROM activity_event") == [(5,)]


FULL = json.dumps(deposit(1)).encode() + b"\n"
WHOLE = {
    "broken array": (b'[{"t": 1},', "application/json", (400, "malformed-json")),
    "no array": (json.dumps(deposit(1)).encode(), "application/json", (400, "malformed-json")),
    "NaN": (b"[NaN]", "application/json", (400, "malformed-json")),
    "deep": (b"[" * 70 + b"]" * 70, "application/json", (400, "malformed-json")),
    "empty array": (b"[]", "application/json", (400, "malformed-json")),
    "nothing": (b"", NDJSON, (400, "malformed-json")),
    "blank lines": (b"\n \n", NDJSON, (400, "malformed-json")),
    "too many bytes": (FULL + b" " * MAX_BODY, NDJSON, (413, "too-large")),
    "too many events": (FULL * (MAX_EVENTS + 1), NDJSON, (413, "too-large")),
    "text": (FULL, "text/plain", (415, "unsupported-media-type")),
    "no type": (FULL, "", (415, "unsupported-media-type")),
}


@pytest.mark.parametrize(("body", "content_type", "expected"), WHOLE.values(), ids=list(WHOLE))
def test_what_refuses_the_whole_leaves_no_trace(
    client: FlaskClient, sql: Sql, body: bytes, content_type: str, expected: tuple[int, str]
) -> None:
    answer = post(client, body, content_type)
    assert problem(answer) == expected
    if expected[0] == 415:
        assert answer.headers["Accept"] == f"{NDJSON}, application/json"
    assert stored(sql) == NOTHING_STORED


def test_a_compressed_body_is_refused(client: FlaskClient, sql: Sql) -> None:
    answer = client.post("/events", data=FULL, content_type=NDJSON, headers={"Content-Encoding": "gzip"})
    assert problem(answer) == (415, "unsupported-media-type")
    assert stored(sql) == NOTHING_STORED


def test_a_body_may_be_as_large_as_the_bounds_say(client: FlaskClient) -> None:
    sent = b"\n".join(json.dumps(deposit(1 + place % 400, place)).encode() for place in range(MAX_EVENTS))
    answer = post(client, sent + b" " * (MAX_BODY - len(sent)))
    assert {each["status"] for each in results(answer)} == {200}


def test_a_batch_needs_the_scope_of_events_and_its_key_is_stored(app_with: AppWith, sql: Sql) -> None:
    app = app_with(access=Access.KEYS)
    good, bad = (create_key(wiring(app).database, "x", [each], None) for each in (Scope.EVENTS_WRITE, Scope.RULES_READ))
    statuses = {
        key: app.test_client()
        .post("/events", json=[deposit(1)], headers={"Authorization": f"Bearer {key}"})
        .status_code
        for key in (good, bad)
    }
    assert statuses == {good: 200, bad: 403}
    assert sql("SELECT key_id FROM activity_event") == sql("SELECT id FROM api_key WHERE 'events:write' = ANY (scopes)")


def test_each_event_is_counted_and_logged_like_one_by_itself(
    client: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    def counted() -> list[float]:
        names = [
            ("activity_events_stored_total", {"type": "deposit"}),
            ("activity_event_replays_total", {}),
            ("http_refusals_total", {"problem": "invalid-event"}),
            ("http_requests_total", {"method": "POST", "route": "/events", "status": "200"}),
        ]
        return [REGISTRY.get_sample_value(name, labels) or 0 for name, labels in names]

    before = counted()
    results(send_array(client, [deposit(1), deposit(1), {}, deposit(2)]))
    assert [after - was for after, was in zip(counted(), before, strict=True)] == [2, 1, 1, 1]
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert Counter(line["event"] for line in lines if line.get("user_id") or line.get("problem")) == {
        "event": 3,
        "request refused": 1,
    }


def test_a_batch_answers_503_if_a_player_stays_locked_and_is_replayed_afterwards(
    app_with: AppWith, sql: Sql, database: str
) -> None:
    client = app_with(db_lock_timeout=0.5).test_client()
    results(send_array(client, [deposit(9)]))
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM user_clock WHERE user_id = 9 FOR UPDATE")
        assert problem(send_array(client, [deposit(9, 2)])) == (503, "unavailable")
        sent = [deposit(1), deposit(9, 2), deposit(2)]
        assert problem(send_array(client, sent)) == (503, "unavailable")
    assert sql("SELECT user_id, last_t FROM user_clock ORDER BY user_id") == [(1, 1), (9, 1)], "one by one, in order"
    assert [each.get("replayed") for each in results(send_array(client, sent))] == [True, None, None]


def test_a_player_who_is_busy_in_this_process_is_waited_for_one_by_one(app_with: AppWith, sql: Sql) -> None:
    app = app_with(db_lock_timeout=0.1)
    locks = services_of(app, EventServices).player_locks
    assert locks.acquire_all([9])
    assert problem(send_array(app.test_client(), [deposit(1), deposit(9), deposit(2)])) == (503, "unavailable")
    assert sql("SELECT user_id FROM user_clock") == [(1,)]
    locks.release(9)
    assert {each["status"] for each in results(send_array(app.test_client(), [deposit(9), deposit(2)]))} == {200}


def test_a_batch_that_takes_too_long_is_a_503(client: FlaskClient, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controllers, "MAX_TIME", -1)
    assert problem(send_array(client, [deposit(1)])) == (503, "unavailable")
    assert stored(sql) == NOTHING_STORED


def test_a_batch_that_is_sent_again_is_replayed_at_once_even_if_its_events_are_decided_one_by_one(
    app: APIFlask, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules that add up take one event of a player at a time; else a resend could end where the first request did."""
    publish(app, [window(1, MAX_LISTED_WINDOW + 1)])
    sent = [deposit(1, t) for t in range(30)]
    results(send_array(app.test_client(), sent))
    decide = Mock(wraps=decide_together)
    monkeypatch.setattr("app.events.batch.controllers.decide_together", decide)
    found = results(send_array(app.test_client(), [*sent, deposit(1, 30), deposit(1, 30)]))
    assert [each.get("replayed") for each in found] == [*[True] * 30, None, True]
    assert decide.call_count == 1 + 2, "the first event, and the two that were not stored"
    assert sql("SELECT count(*) FROM activity_event") == [(31,)]


def test_an_error_of_the_database_concerns_one_event(client: FlaskClient, sql: Sql) -> None:
    """A row that no clock knows of, as only a hand in the database can leave it."""
    sql("INSERT INTO activity_event (user_id, t, type, amount, alert_codes) VALUES (1, 5, 'withdraw', 1, '{}')")
    found = results(send_array(client, [deposit(1, 4), deposit(1, 5), deposit(2, 5)]))
    assert [each["status"] for each in found] == [200, 409, 200]
    assert sql("SELECT user_id, last_t, events FROM user_clock ORDER BY user_id") == [(1, 4, 1), (2, 5, 1)]


def test_events_of_a_player_with_corrections_are_decided_as_one_by_one(client: FlaskClient) -> None:
    """A52: a corrected event keeps its identity, and its first answer."""
    results(send_array(client, [deposit(1, 5), deposit(1, 6, event_id="a"), deposit(2, 5)]))
    for path in ("/users/1/events/by-id/a", "/users/2/events/5"):
        assert client.post(f"{path}/reversal", json={"reason": "it never happened"}).status_code in {200, 201}
    again = [deposit(1, 6, event_id="a"), deposit(2, 5), deposit(2, 5, amount="2"), deposit(1, 7), deposit(3)]
    found = results(send_array(client, again))
    assert [(each["status"], each.get("replayed")) for each in found] == [
        *[(200, True)] * 2,
        (409, None),
        *[(200, None)] * 2,
    ]
    assert "reversed" in found[2]["problem"]["detail"]


def test_without_a_database_the_whole_is_a_503(app_with: AppWith) -> None:
    app = app_with(database_url="postgresql://127.0.0.1:1/nothing")
    assert problem(send_array(app.test_client(), [deposit(1)])) == (503, "unavailable")


def test_batches_of_the_same_players_in_opposite_order_do_not_deadlock(app_with: AppWith, sql: Sql) -> None:
    """Two applications, as two processes have: only the database's locks are common to them."""
    players, rounds, start = range(1, 201), 6, Barrier(2)
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = sql(deadlocks)

    def play(client: FlaskClient, order: Sequence[int]) -> set[int]:
        statuses: set[int] = set()
        start.wait(MAX_WAIT)
        for number in range(rounds):
            # With an id: both orders may have the player's second at the same time.
            sent = [deposit(user_id, number, event_id=f"{order[0]}-{number}") for user_id in order]
            statuses |= {each["status"] for each in results(send_array(client, sent))}
        return statuses

    clients = [app_with().test_client() for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        answered = set().union(*threads.map(play, clients, (players, players[::-1])))
    assert answered <= {200, 400}, "one application may be a second behind the other"
    assert sql(deadlocks) == before
    assert sql(
        "SELECT count(*) FROM user_clock AS clock"
        " WHERE events <> (SELECT count(*) FROM activity_event WHERE user_id = clock.user_id)"
    ) == [(0,)]


@pytest.mark.parametrize("seed", range(2))
def test_batches_and_single_events_from_sixteen_threads_equal_some_serial_order(
    app: APIFlask, sql: Sql, seed: int
) -> None:
    start = Barrier(THREADS)

    def play(thread: int) -> list[tuple[Event, dict[str, Any]]]:
        random, client, answered = Random(seed * THREADS + thread), app.test_client(), []  # noqa: S311  # no secret
        start.wait(MAX_WAIT)
        for number in range(8):
            events = [
                Event(
                    type=random.choice(["deposit", "withdraw"]),
                    amount=str(random.randint(1, 120)),
                    user_id=random.randint(1, 6),
                    t=number // 3,
                    event_id=f"{thread}-{number}-{place // 2}",  # each is sent twice, or conflicts with another
                )
                for place in range(random.choice([1, 4, 12]))
            ]
            if len(events) == 1:
                answer = client.post("/event", json=events[0].body())
                answered += [(events[0], answer.get_json())] if answer.status_code == 200 else []
            else:
                found = results(send_until_taken(client, [event.body() for event in events]))
                answered += [(event, each) for event, each in zip(events, found, strict=True) if each["status"] == 200]
        return answered

    with ThreadPoolExecutor(THREADS) as threads:
        answered = [each for part in threads.map(play, range(THREADS)) for each in part]
    given = {(event.user_id, event.event_id): (event, answer) for event, answer in answered}
    judge = Oracle()
    rows = sql("SELECT user_id, event_id, seq FROM activity_event ORDER BY user_id, t, n")
    seqs: Counter[int] = Counter()
    for user_id, event_id, seq in rows:
        event, answer = given[user_id, event_id]
        seqs[user_id] += 1
        assert seq == seqs[user_id]
        assert {name: answer[name] for name in ("alert", "alert_codes", "user_id")} == judge.answer(event)
    assert len(rows) == len(given) > THREADS
    findings = verified(app)
    assert (findings.differences, findings.losses) == ([], [])


def test_events_of_one_second_fill_it_and_no_more(client: FlaskClient, sql: Sql) -> None:
    sent = [deposit(1, event_id=str(place)) for place in range(MAX_EVENTS)]
    assert {each["status"] for each in results(send_array(client, sent))} == {200}
    more = results(send_array(client, [deposit(1, event_id="more"), deposit(2, event_id="more")]))
    assert [each["status"] for each in more] == [409, 200]
    assert sql("SELECT last_t, events FROM user_clock WHERE user_id = 1") == [(1, MAX_EVENTS)]
    assert sql("SELECT max(n), max(seq) FROM activity_event") == [(MAX_EVENTS - 1, MAX_EVENTS)]


def test_players_of_a_batch_do_not_wait_for_one_who_is_locked(app: APIFlask, database: str) -> None:
    """One by one, a batch holds no other player while it waits."""
    client = app.test_client()
    results(send_array(client, [deposit(user_id) for user_id in range(1, CHUNK)]))
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor, ThreadPoolExecutor(1) as threads:
        cursor.execute("SELECT FROM user_clock WHERE user_id = 1 FOR UPDATE")
        waiting = threads.submit(send_array, app.test_client(), [deposit(user_id, 2) for user_id in range(1, CHUNK)])
        answers = {client.post("/event", json=deposit(user_id, 3 - user_id % 2)).status_code for user_id in (50, 51)}
        assert (answers, waiting.done()) == ({200}, False)
        other.rollback()
        assert {each["status"] for each in results(waiting.result())} == {200, 400}


def test_a_batch_whose_service_was_killed_is_completed_when_it_is_sent_again(
    serve: Serve, port: int, sql: Sql, database: str
) -> None:
    """Its first transaction was committed; the second waits for a lock, so it goes on one by one, up to that player."""
    sent = [deposit(1001 + place) for place in range(2 * CHUNK)]
    held = 1001 + CHUNK + 5
    sql("INSERT INTO user_clock (user_id, last_t) VALUES (%s, 0)", held)
    service = serve(DB_LOCK_TIMEOUT="30", DB_STATEMENT_TIMEOUT="30", DB_DEADLINE="30")
    await_answer(port, 1)
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor, ThreadPoolExecutor(1) as threads:
        cursor.execute("SELECT FROM user_clock WHERE user_id = %s FOR UPDATE", [held])
        lost = threads.submit(sent_to, port, sent)
        while sql("SELECT count(*) FROM activity_event WHERE user_id > 1000") < [(CHUNK + 5,)]:
            time.sleep(0.01)
        for process in (*psutil.Process(service.pid).children(recursive=True), psutil.Process(service.pid)):
            process.kill()
        assert lost.result() is None
    service.wait()
    serve()
    await_answer(port, 2)
    again = sent_to(port, sent)
    assert again is not None
    assert ["replayed" in each for each in again["results"]] == [True] * (CHUNK + 5) + [False] * (CHUNK - 5)
    assert sql("SELECT count(*), min(seq), max(seq) FROM activity_event WHERE user_id > 1000") == [(2 * CHUNK, 1, 1)]
    assert sql("SELECT DISTINCT last_t, events FROM user_clock WHERE user_id > 1000") == [(1, 1)]


def sent_to(port: int, events: Sequence[object]) -> dict[str, Any] | None:
    """Send a batch over HTTP; return the body of its answer, None if there is none."""
    body, headers = json.dumps(events), {"Content-Type": "application/json"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=MAX_WAIT)) as connection:
        try:
            connection.request("POST", "/events", body, headers)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException):
            return None
        found: dict[str, Any] = json.loads(answer.read())
        return found if answer.status == 200 else None
