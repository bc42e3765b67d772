"""What became known reaches each endpoint that listens, signed, and again until it is received (A66)."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from standardwebhooks import Webhook, WebhookVerificationError

from app.rules.meaning import Strength
from app.webhooks.schedule import DELAYS, MAX_ATTEMPTS, MAX_HOLD
from tests.edition_1 import RULES
from tests.integration.books import publish
from tests.integration.clients import codes, send
from tests.integration.conftest import AppWith, Sql
from tests.integration.telling import (
    KEYS,
    LOOPBACK,
    Receiver,
    Reply,
    Request,
    add_endpoint,
    deliveries,
    duties,
    make_due,
    number,
    receiving,
    send_due,
    work,
)

ID = "alert_1_5_0_raised_0"


@pytest.fixture
def app(app_with: AppWith) -> APIFlask:
    return app_with(late_events="keep", **LOOPBACK)


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def raise_alert(client: FlaskClient, t: int = 5, user_id: int = 1) -> None:
    assert codes(send(client, "withdraw", "150", t, user_id)) == [1100]


def answering(status: int, **headers: str) -> Any:  # noqa: ANN401  # a function
    return lambda _: Reply(status, {name.replace("_", "-"): value for name, value in headers.items()})


def test_an_alert_is_received_with_all_that_the_feed_has(
    app: APIFlask, client: FlaskClient, receiver: Receiver, sql: Sql
) -> None:
    add_endpoint(sql, receiver.url)
    event = {"type": "withdraw", "amount": "150", "user_id": 7, "t": 5, "event_id": "tx-9"}
    assert codes(client.post("/event", json=event)) == [1100]
    work(app)
    [request] = receiver.requests
    [entry] = client.get("/alerts/feed").get_json()["alerts"]
    shared = ("user_id", "t", "n", "event_id", "kind")
    assert request.json == {
        "type": "alert.raised",
        "timestamp": entry["at"],
        "data": {
            **{name: entry[name] for name in shared},
            "alerts": [{name: value for name, value in entry.items() if name not in shared}],
        },
    }
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("activity-alerts/")
    assert deliveries(sql) == [("delivered", 1, 200)]
    assert sql("SELECT no, status, error FROM delivery_attempt") == [(1, 200, "")]


def test_one_message_has_all_codes_of_an_event(
    app: APIFlask, client: FlaskClient, receiver: Receiver, sql: Sql
) -> None:
    add_endpoint(sql, receiver.url)
    add_endpoint(sql, receiver.url, codes=[30])
    for t, amount in ((1, "150"), (2, "50"), (3, "160")):
        send(client, "withdraw", amount, t)
    work(app)
    told = sorted((each.id, [alert["code"] for alert in each.json["data"]["alerts"]]) for each in receiver.requests)
    assert told == [
        ("alert_1_1_0_raised_0", [1100]),
        ("alert_1_3_0_raised_0", [30]),
        ("alert_1_3_0_raised_0", [30, 1100]),
    ]


def test_what_is_found_late_or_retracted_is_told(
    app: APIFlask, client: FlaskClient, receiver: Receiver, sql: Sql
) -> None:
    add_endpoint(sql, receiver.url, topics=["alert.found-late", "alert.retracted"])
    send(client, "withdraw", "50", 10)
    send(client, "withdraw", "50", 20)
    send(client, "withdraw", "50", 15)
    work(app)
    assert [(each.id, each.json["type"]) for each in receiver.requests] == [
        ("alert_1_20_0_found-late_1", "alert.found-late")
    ]
    assert receiver.requests[0].json["data"]["alerts"][0]["evidence"]["sentence"]
    send(client, "deposit", "50", 17)
    work(app)
    assert receiver.ids[1:] == ["alert_1_20_0_retracted_2"]


def test_signatures_are_right_also_while_a_secret_is_rotated(
    app: APIFlask, client: FlaskClient, receiver: Receiver, sql: Sql
) -> None:
    soon = datetime.now(UTC) + timedelta(hours=24)
    rotated = add_endpoint(sql, receiver.url)
    sql("UPDATE endpoint SET secret_version = 2, previous_key = key, previous_until = %s", soon)
    [(key,)] = sql("SELECT key FROM endpoint")
    raise_alert(client)
    work(app)
    [request] = receiver.requests
    for version in (1, 2):
        Webhook(KEYS.secret(rotated, key, version)).verify(request.body, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(KEYS.secret(rotated, key, 3)).verify(request.body, dict(request.headers))
    sql("UPDATE endpoint SET previous_until = now()")
    raise_alert(client, t=6)
    work(app)
    later = receiver.requests[1]
    Webhook(KEYS.secret(rotated, key, 2)).verify(later.body, dict(later.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(KEYS.secret(rotated, key, 1)).verify(later.body, dict(later.headers))


@pytest.mark.parametrize("state", ["paused", "disabled"])
def test_who_is_not_told_keeps_the_queue(
    app: APIFlask, client: FlaskClient, receiver: Receiver, sql: Sql, state: str
) -> None:
    add_endpoint(sql, receiver.url, state=state)
    add_endpoint(sql, receiver.url, state="deleted")
    raise_alert(client)
    work(app)
    assert receiver.requests == []
    assert deliveries(sql) == [("due", 0, None)]
    sql("UPDATE endpoint SET state = 'enabled' WHERE state = %s", state)
    send_due(app)
    assert receiver.ids == [ID]


def test_players_of_a_group_as_they_are_in_it_now(
    app: APIFlask, client: FlaskClient, receiver: Receiver, sql: Sql
) -> None:
    add_endpoint(sql, receiver.url, groups=["vip", "watched"])
    for user_id, groups in ((1, ["vip"]), (2, []), (3, ["watched", "x"])):
        sql(
            "INSERT INTO registered_user (user_id, name, email, groups) VALUES (%s, 'x', %s, %s)",
            *(user_id, f"{user_id}@example.com", groups),
        )
    for user_id in (1, 2, 3, 4):
        raise_alert(client, user_id=user_id)
    work(app)
    assert sorted(each.json["data"]["user_id"] for each in receiver.requests) == [1, 3]


def test_a_failed_attempt_is_repeated_with_the_same_id_and_a_new_timestamp(
    app: APIFlask, client: FlaskClient, sql: Sql
) -> None:
    replies = iter([Reply(500), Reply(302, {"Location": "http://127.0.0.1:1/"}), Reply(204)])
    with receiving(lambda _: next(replies)) as receiver:
        add_endpoint(sql, receiver.url)
        raise_alert(client)
        work(app)
        assert deliveries(sql) == [("due", 1, 500)]
        [(waits, error)] = sql("SELECT extract(epoch FROM next_at - now())::float, last_error FROM delivery")
        assert 4 < waits <= 5.5
        assert error == "answered 500:"
        assert sql("SELECT failing_since IS NOT NULL FROM endpoint") == [(True,)]
        time.sleep(1)
        make_due(sql)
        send_due(app)
        assert deliveries(sql) == [("due", 2, 302)]
        make_due(sql)
        send_due(app)
        assert deliveries(sql) == [("delivered", 3, 204)]
    assert set(receiver.ids) == {ID}
    assert receiver.requests[0].headers["webhook-timestamp"] < receiver.requests[1].headers["webhook-timestamp"]
    assert len({each.body for each in receiver.requests}) == 1
    assert sql("SELECT no, status FROM delivery_attempt ORDER BY no") == [(1, 500), (2, 302), (3, 204)]
    assert sql("SELECT failing_since FROM endpoint") == [(None,)]


def test_ten_failures_and_a_delivery_is_dead(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    with receiving(answering(500)) as receiver:
        add_endpoint(sql, receiver.url)
        raise_alert(client)
        number(app)
        for delay in DELAYS:
            send_due(app)
            [(waits,)] = sql("SELECT extract(epoch FROM next_at - now())::float FROM delivery")
            assert 0.9 * delay - 1 < waits <= 1.1 * delay
            make_due(sql)
        send_due(app)
        assert deliveries(sql) == [("dead", MAX_ATTEMPTS, 500)]
        make_due(sql)
        send_due(app)
    assert receiver.ids == [ID] * MAX_ATTEMPTS
    assert sql("SELECT count(*), max(no) FROM delivery_attempt") == [(MAX_ATTEMPTS, MAX_ATTEMPTS)]


def test_an_answer_that_it_is_gone_disables_the_endpoint(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    with receiving(answering(HTTPStatus.GONE)) as receiver:
        gone = add_endpoint(sql, receiver.url)
        raise_alert(client)
        work(app)
        assert sql("SELECT state, reason FROM endpoint") == [("disabled", "gone: answered 410:")]
        assert sql("SELECT endpoint_id, step, who, note FROM endpoint_event") == [
            (gone, "disable", "sender", "gone: answered 410:")
        ]
        make_due(sql)
        send_due(app)
    assert receiver.ids == [ID]
    assert deliveries(sql) == [("due", 1, 410)]


def test_nothing_but_failures_for_five_days_disables_it(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    with receiving(answering(500)) as receiver:
        failing = add_endpoint(sql, receiver.url)
        for hours, state in ((119, "enabled"), (121, "disabled")):
            sql("UPDATE endpoint SET failing_since = now() - make_interval(hours => %s)", hours)
            raise_alert(client, t=hours)
            work(app)
            assert sql("SELECT state FROM endpoint") == [(state,)]
    [(reason,)] = sql("SELECT reason FROM endpoint WHERE id = %s", failing)
    assert reason.startswith("nothing but failures since 20")
    assert reason.endswith("UTC: answered 500:")


@pytest.mark.parametrize(
    ("status", "asked", "least", "most"),
    [
        (429, "7", 6, 7),
        (429, "1", 4, 5),
        (503, "3600", 9, 10),
        (502, None, 4, 5.5),
        (504, "soon", 4, 5.5),
    ],
)
def test_a_receiver_that_wants_a_pause_gets_it(  # noqa: PLR0913, PLR0917  # parameters and fixtures
    app: APIFlask, client: FlaskClient, sql: Sql, status: int, asked: str | None, least: float, most: float
) -> None:
    with receiving(answering(status, **({"Retry_After": asked} if asked else {}))) as receiver:
        add_endpoint(sql, receiver.url)
        raise_alert(client)
        work(app)
        [(held, waits)] = sql(
            "SELECT extract(epoch FROM hold_until - now())::float, extract(epoch FROM next_at - now())::float"
            " FROM endpoint, delivery"
        )
        assert least < held <= most
        assert least < waits <= most
        raise_alert(client, t=6)
        work(app)
    assert receiver.ids == [ID]
    assert deliveries(sql) == [("due", 1, status), ("due", 0, None)]


def test_the_pause_of_an_old_delivery_holds_new_ones_a_few_minutes_only(
    app: APIFlask, client: FlaskClient, sql: Sql
) -> None:
    with receiving(answering(503)) as receiver:
        add_endpoint(sql, receiver.url)
        raise_alert(client)
        number(app)
        sql("UPDATE delivery SET attempts = 5")
        send_due(app)
    [(held,)] = sql("SELECT extract(epoch FROM hold_until - now())::float FROM endpoint")
    assert MAX_HOLD - 2 < held <= MAX_HOLD


def close(connection: socket.socket) -> None:
    connection.recv(65536)


def half_close(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200")
    connection.shutdown(socket.SHUT_WR)
    with suppress(OSError):
        connection.recv(1)


def talk(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"220 mail.example.com ESMTP\r\n")


@pytest.mark.parametrize("script", [close, half_close, talk])
def test_what_is_no_answer_is_a_failure(app: APIFlask, client: FlaskClient, sql: Sql, script: Any) -> None:  # noqa: ANN401  # a function
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                script(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        add_endpoint(sql, f"http://127.0.0.1:{listener.getsockname()[1]}/")
        raise_alert(client)
        work(app)
        thread.join()
    [(state, attempts, status)] = deliveries(sql)
    assert (state, attempts, status) == ("due", 1, None)
    [(error,)] = sql("SELECT last_error FROM delivery")
    assert error.startswith("no answer")


def test_an_address_that_may_not_be_told_is_a_failure(app_with: AppWith, receiver: Receiver, sql: Sql) -> None:
    app = app_with(webhook_key=LOOPBACK["webhook_key"])
    add_endpoint(sql, receiver.url)
    raise_alert(app.test_client())
    work(app)
    assert receiver.requests == []
    assert deliveries(sql) == [("due", 1, None)]


def test_a_secret_that_cannot_be_derived_is_a_failure_that_says_so(
    app: APIFlask, client: FlaskClient, receiver: Receiver, sql: Sql
) -> None:
    add_endpoint(sql, receiver.url, key="of-a-lost-key")
    raise_alert(client)
    work(app)
    assert receiver.requests == []
    [(error,)] = sql("SELECT last_error FROM delivery")
    assert "another WEBHOOK_KEY (named of-a-lost-key)" in error


def test_a_lease_that_ran_out_is_taken_again_with_the_same_id(
    app: APIFlask, client: FlaskClient, receiver: Receiver, sql: Sql
) -> None:
    add_endpoint(sql, receiver.url)
    raise_alert(client)
    number(app)
    sql("UPDATE delivery SET lease_until = now() + interval '60 s', next_at = now() + interval '60 s'")
    send_due(app)
    assert receiver.requests == []
    sql("UPDATE delivery SET lease_until = now() - interval '1 s', next_at = now() - interval '1 s'")
    send_due(app)
    assert receiver.ids == [ID]
    assert sql("SELECT state, lease_until FROM delivery") == [("delivered", None)]


def test_a_delivery_dropped_while_under_way_stays_dropped(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    def drop(_: Request) -> Reply:
        sql("UPDATE delivery SET state = 'dropped', done_at = now()")
        return Reply()

    with receiving(drop) as receiver:
        add_endpoint(sql, receiver.url)
        raise_alert(client)
        work(app)
    assert receiver.ids == [ID]
    assert deliveries(sql) == [("dropped", 0, None)]
    assert sql("SELECT count(*) FROM delivery_attempt") == [(0,)]


def test_a_second_run_of_attempts_is_numbered_on(
    app: APIFlask, client: FlaskClient, receiver: Receiver, sql: Sql
) -> None:
    add_endpoint(sql, receiver.url)
    raise_alert(client)
    work(app)
    sql("UPDATE delivery SET state = 'due', attempts = 0, done_at = NULL, next_at = now()")
    send_due(app)
    assert receiver.ids == [ID, ID]
    assert sql("SELECT no, status FROM delivery_attempt ORDER BY no") == [(1, 200), (2, 200)]


def test_what_is_published_is_told(app: APIFlask, client: FlaskClient, receiver: Receiver, sql: Sql) -> None:
    listening = add_endpoint(sql, receiver.url)
    add_endpoint(sql, receiver.url, topics=["alert.raised"])
    drafted = client.post("/rules", json={"edition": 1, "note": "the same again"}).get_json()["edition"]
    answer = client.post(f"/rules/{drafted}/publish", json={"note": "why not"})
    assert answer.status_code == 200, answer.text
    work(app)
    [request] = receiver.requests
    assert request.json["type"] == "rulebook.published"
    assert request.json["data"] == {
        "edition": drafted,
        "author": "anonymous",
        "published_by": "anonymous",
        "note": "why not",
        "based_on": 1,
        "over": None,
        "replaced": 1,
    }
    [(notice,)] = sql("SELECT id FROM notice WHERE taken_up")
    assert request.id == f"notice_{notice}"
    [(key,)] = sql("SELECT key FROM endpoint WHERE id = %s", listening)
    Webhook(KEYS.secret(listening, key, 1)).verify(request.body, dict(request.headers))


def test_a_publication_that_is_refused_is_not_told(client: FlaskClient, sql: Sql) -> None:
    assert client.post("/rules/1/publish", json={"note": "again"}).status_code == 409
    assert sql("SELECT count(*) FROM notice") == [(0,)]


def test_a_strength_is_that_of_the_rule_in_its_edition(
    app: APIFlask, client: FlaskClient, receiver: Receiver, sql: Sql
) -> None:
    add_endpoint(sql, receiver.url, strength="strong")
    raise_alert(client)
    publish(app, [replace(rule, strength=Strength.STRONG, guidance="Call the player.") for rule in RULES])
    raise_alert(client, t=6)
    work(app)
    [request] = receiver.requests
    assert request.id == "alert_1_6_0_raised_0"
    [alert] = request.json["data"]["alerts"]
    assert (alert["strength"], alert["guidance"]) == ("strong", "Call the player.")


def test_an_idle_sender_asks_little(app: APIFlask, sql: Sql) -> None:
    add_endpoint(sql, "https://example.com/")
    sender, notices = duties(app)["sender"], duties(app)["notices"]
    assert 1 / sender.pause + 1 / notices.pause <= 4
    assert sender.errand.run_once() is False
    assert notices.errand.run_once() is False
