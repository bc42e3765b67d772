"""Events are reversed and amended, and later events judged again (A52)."""

from itertools import count
from random import Random

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from testkit.oracle import Event
from testkit.player_log import PlayerLog
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql

PLAYERS = count(1)
DAY = 24 * 3600


@pytest.fixture
def app(app_with: AppWith) -> APIFlask:
    return app_with(late_horizon=7 * DAY)


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


def correct(client: FlaskClient, what: str, user: int, event: Event, **members: str) -> TestResponse:
    which = f"by-id/{event.event_id}" if event.event_id else event.t
    return client.post(f"/users/{user}/events/{which}/{what}", json={"reason": "it was wrong", **members})


def test_a_reversal_retracts_later_codes(client: FlaskClient, sql: Sql) -> None:
    for t in (10, 20, 30):
        send(client, "withdraw", "10", t)
    answer = client.post("/users/1/events/20/reversal", json={"reason": "charge-back"})
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert body["revised"] == [{"t": 30, "n": 0, "event_id": None, "codes_before": [30], "codes_after": []}]
    assert sql("SELECT last_t, events, corrections FROM user_clock") == [(30, 4, 1)]


def test_the_clock_goes_back(client: FlaskClient, sql: Sql) -> None:
    send(client, "deposit", "10", 10)
    send(client, "deposit", "10", 1_795_736_749_000)
    assert client.post("/users/1/events/1795736749000/reversal", json={"reason": "wrong clock"}).status_code == 200
    assert codes(send(client, "deposit", "10", 20)) == []
    assert client.post("/users/1/events/20/reversal", json={"reason": "x"}).status_code == 200
    assert client.post("/users/1/events/10/reversal", json={"reason": "x"}).status_code == 200
    assert sql("SELECT last_t FROM user_clock") == [(-1,)]
    assert codes(send(client, "deposit", "10", 0)) == []


@pytest.mark.parametrize("seed", range(25))
def test_any_mixture(client: FlaskClient, sql: Sql, seed: int) -> None:
    random, user, log = Random(seed), next(PLAYERS), PlayerLog(horizon=7 * DAY)
    sent: list[Event] = []
    for _ in range(40):
        if sent and random.random() < 0.3:
            event = random.choice(sent)
            if random.random() < 0.5:
                answer = correct(client, "reversal", user, event)
                assert answer.status_code == 200, answer.text
                log.reverse(event)
            else:
                amount = random.choice(["50.00", "90.00", "101.00", "150.00"])
                answer = correct(client, "amendment", user, event, amount=amount)
                assert answer.status_code == log.amend(event, amount=amount), answer.text
            continue
        kind, amount = random.choice(["deposit", "withdraw"]), random.choice(["50", "90.00", "101", "150"])
        name = random.choice([None, *"abcdefghijklmnop"])
        event = Event(type=kind, amount=amount, user_id=0, t=random.randrange(50), event_id=name)
        expected = log.take(event)
        answer = client.post("/event", json={**event.body(), "user_id": user})
        assert answer.status_code == expected.status, answer.text
        if expected.status == 200:
            assert codes(answer) == expected.codes
            if not expected.replayed:
                sent.append(event)
    found = sql("SELECT DISTINCT ON (t, n) t, n, codes_after FROM revision WHERE user_id = %s ORDER BY t, n, no DESC", user)
    rows = {(t, n): believed for t, n, believed in found}
    stored = sql("SELECT t, n, event_id, alert_codes FROM activity_event WHERE user_id = %s ORDER BY t, n", user)
    believed = [(t, event_id, rows.get((t, n), first)) for t, n, event_id, first in stored]
    assert believed == [(each.t, each.event_id, met) for each, met in log.believed()]
    # Totals are those of what stands.
    body = client.get(f"/users/{user}").get_json()
    assert body["deposits"]["count"] == sum(each.type == "deposit" for each, _ in log.believed())
