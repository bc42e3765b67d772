"""Deliveries listed, retried and replayed, over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.alerts.feed.numbering import Numbering
from app.alerts.feed.searching import FeedSearch, TooFarApart
from app.webhooks import replaying
from app.webhooks.fan_out import FanOut
from lib.database import Database
from tests.integration.clients import problem, send
from tests.integration.conftest import Sql
from tests.integration.endpoints import endpoint_at
from tests.integration.wiring import wiring

URL = "https://1.1.1.1/alerts"
OF_DEAD = (
    "INSERT INTO delivery (message_id, endpoint_id, topic, codes) "
    "SELECT 'm' || i, %s, 'alert.raised', ARRAY[i %% 2 + 1] FROM generate_series(1, 4) AS i"
)
DEAD = "UPDATE delivery SET state = 'dead', attempts = 10, done_at = now(), made_at = now() - interval '1 h' * id"


@pytest.fixture
def database_of(client: FlaskClient) -> Database:
    return wiring(client.application).database


def number(database: Database, *, told: bool = False) -> None:
    """Number what waits, as the worker does; make deliveries of it if `told`."""
    numbering = Numbering(database, take_up=[FanOut(lambda *_: {})] if told else [])
    while numbering.run_once():
        pass


def deliveries(client: FlaskClient, **parameters: object) -> list[dict[str, Any]]:
    answer = client.get("/webhooks/deliveries", query_string=parameters)
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["deliveries"])


def replayed(client: FlaskClient, endpoint: dict[str, Any], **query: object) -> int:
    answer = client.post(f"/webhooks/endpoints/{endpoint['id']}/replay", json=query)
    assert answer.status_code == 200, answer.text
    return int(answer.get_json()["due"])


def a_minute_ago() -> str:
    return (datetime.now(UTC) - timedelta(minutes=1)).isoformat()


def test_pages_of_deliveries_have_each_once_with_its_attempts(client: FlaskClient, sql: Sql) -> None:
    first, second = endpoint_at(client, URL), endpoint_at(client, URL)
    for endpoint in (first, second):
        sql(OF_DEAD, endpoint["id"])
    sql("UPDATE delivery SET state = 'dead', done_at = now() WHERE message_id = 'm1'")
    [(dead,)] = sql("SELECT min(id) FROM delivery WHERE state = 'dead'")
    sql("INSERT INTO delivery_attempt (delivery_id, no, status, error, seconds) VALUES (%s, 1, 500, 'no', 0.5)", dead)
    page, seen = client.get("/webhooks/deliveries?limit=3").get_json(), []
    while page["next_before"]:
        seen += [each["id"] for each in page["deliveries"]]
        page = client.get(f"/webhooks/deliveries?limit=3&before={page['next_before']}").get_json()
    seen += [each["id"] for each in page["deliveries"]]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 8
    assert {each["endpoint_id"] for each in deliveries(client, endpoint=second["id"])} == {second["id"]}
    assert len(deliveries(client, state="due", endpoint=first["id"])) == 3
    [tried] = deliveries(client, state="dead", endpoint=first["id"])
    assert [tried["tried"][0][name] for name in ("no", "status", "error", "seconds")] == [1, 500, "no", 0.5]
    assert deliveries(client, endpoint=2**62) == []


@pytest.mark.parametrize("query", ["state=late", "endpoint=0", "limit=201", "before=x", "colour=red"])
def test_a_wrong_parameter_is_refused(client: FlaskClient, query: str) -> None:
    assert problem(client.get(f"/webhooks/deliveries?{query}")) == (400, "invalid-request")


def test_a_retried_delivery_is_due_with_all_its_attempts(client: FlaskClient, sql: Sql) -> None:
    endpoint = endpoint_at(client, URL)
    sql(OF_DEAD, endpoint["id"])
    sql(DEAD)
    [(delivery,)] = sql("SELECT min(id) FROM delivery")
    retried = client.post(f"/webhooks/deliveries/{delivery}/retry").get_json()
    assert [retried[name] for name in ("id", "state", "attempts", "done_at")] == [delivery, "due", 0, None]
    assert sql("SELECT count(*) FROM delivery WHERE state = 'due' AND next_at <= now()") == [(1,)]
    assert sql("SELECT note FROM endpoint_event WHERE step = 'retry'") == [(retried["message_id"],)]


def test_an_attempt_under_way_is_left_to_end(client: FlaskClient, sql: Sql) -> None:
    endpoint = endpoint_at(client, URL)
    sql(OF_DEAD, endpoint["id"])
    sql("UPDATE delivery SET attempts = 3, lease_until = now() + interval '1 min', next_at = now() + interval '1 min'")
    [(delivery,)] = sql("SELECT min(id) FROM delivery")
    assert client.post(f"/webhooks/deliveries/{delivery}/retry").get_json()["attempts"] == 3
    assert sql("SELECT count(*) FROM delivery WHERE lease_until IS NULL") == [(0,)]


def test_what_cannot_be_retried_says_why(client: FlaskClient, sql: Sql) -> None:
    assert problem(client.post("/webhooks/deliveries/1/retry")) == (404, "unknown-delivery")
    endpoint = endpoint_at(client, URL)
    sql(OF_DEAD, endpoint["id"])
    client.delete(f"/webhooks/endpoints/{endpoint['id']}")
    [(delivery,)] = sql("SELECT min(id) FROM delivery")
    assert problem(client.post(f"/webhooks/deliveries/{delivery}/retry")) == (409, "endpoint-gone")


def test_dead_deliveries_are_replayed_by_code_and_time(client: FlaskClient, sql: Sql) -> None:
    endpoint, other = endpoint_at(client, URL), endpoint_at(client, URL)
    for each in (endpoint, other):
        sql(OF_DEAD, each["id"])
    sql(DEAD)
    sql("UPDATE delivery SET made_at = now() - interval '2 h' WHERE message_id = 'm1'")
    sql("UPDATE delivery SET made_at = now() WHERE message_id <> 'm1'")
    assert replayed(client, endpoint, dead=True, codes=[2], until=a_minute_ago()) == 1
    assert replayed(client, endpoint, dead=True, since=a_minute_ago()) == 3
    assert replayed(client, endpoint, dead=True) == 0
    assert sql("SELECT endpoint_id, state, count(*) FROM delivery GROUP BY 1, 2 ORDER BY 1") == [
        (endpoint["id"], "due", 4),
        (other["id"], "dead", 4),
    ]


def test_the_feed_is_replayed_to_an_endpoint_that_came_later(
    client: FlaskClient, database_of: Database, sql: Sql
) -> None:
    send(client, "withdraw", "150.00", 10)
    send(client, "withdraw", "150.00", 20)
    send(client, "withdraw", "150.00", 30)  # 30 as well
    send(client, "withdraw", "150.00", 10, user_id=2)
    number(database_of)
    endpoint = endpoint_at(client, URL)
    assert deliveries(client) == []
    assert replayed(client, endpoint, since=a_minute_ago()) == 4
    assert {each["message_id"]: each["codes"] for each in deliveries(client)} == {
        "alert_1_10_0_raised_0": [1100],
        "alert_1_20_0_raised_0": [1100],
        "alert_1_30_0_raised_0": [30, 1100],
        "alert_2_10_0_raised_0": [1100],
    }
    sql("UPDATE delivery SET state = 'delivered', attempts = 1, done_at = now()")
    assert replayed(client, endpoint, since=a_minute_ago(), codes=[30]) == 1
    [again] = deliveries(client, state="due")
    assert (again["message_id"], again["codes"], again["attempts"]) == ("alert_1_30_0_raised_0", [30], 0)
    assert replayed(client, endpoint, since=a_minute_ago(), until=a_minute_ago()) == 0
    assert sql("SELECT count(*) FROM delivery") == [(4,)]


def test_the_filter_of_now_decides_what_is_replayed(client: FlaskClient, database_of: Database) -> None:
    for t in (10, 20, 30):
        send(client, "withdraw", "150.00", t)
    number(database_of, told=True)
    fresh = endpoint_at(client, URL, filter={"only_fresh": True, "codes": [1100]})
    assert replayed(client, fresh, since=a_minute_ago()) == 1
    none = endpoint_at(client, URL, filter={"topics": ["rulebook.published"]})
    assert replayed(client, none, since=a_minute_ago()) == 0


def test_a_time_is_found_in_the_feed_without_an_index(database_of: Database, sql: Sql) -> None:
    sql(
        "INSERT INTO alert_feed (number, user_id, t, n, kind, no, code, edition, at)"
        " SELECT i, 1, i, 0, 'raised', 0, 1, 1, '2026-01-01Z'::timestamptz + interval '1 min' * i"
        " FROM generate_series(1, 1000) AS i"
    )
    sql("UPDATE feed_head SET number = 1000")
    noon = datetime(2026, 1, 1, tzinfo=UTC)
    with database_of.transaction() as current:
        search = FeedSearch(current)

        def numbers(first: float, last: float) -> list[int]:
            since, until = (noon + timedelta(minutes=minutes) for minutes in (first, last))
            return [each.number for each in search.between(since, until, [], most=2000, through=2000)]

        assert numbers(100, 103) == [100, 101, 102]
        assert numbers(99.5, 100.5) == [100]
        assert numbers(-10, 0.5) == []
        assert numbers(1000, 2000) == [1000]
        assert numbers(-10, 5000) == [*range(1, 1001)]
        everything = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
        assert len(search.between(*everything, [1], most=5, through=1000)) == 5
        with pytest.raises(TooFarApart):
            search.between(*everything, [], most=5, through=999)


def test_too_much_is_refused_and_leaves_no_trace(
    client: FlaskClient, database_of: Database, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    for t in (10, 20, 30):
        send(client, "withdraw", "150.00", t)
    number(database_of)
    endpoint = endpoint_at(client, URL)
    for name, bound in (("MAX_REPLAYED", 3), ("MAX_LOOKED_THROUGH", 3)):
        with monkeypatch.context() as lower:
            lower.setattr(replaying, name, bound)
            answer = client.post(f"/webhooks/endpoints/{endpoint['id']}/replay", json={"since": a_minute_ago()})
            assert problem(answer) == (409, "too-much-to-replay")
    assert sql("SELECT count(*) FROM delivery") == [(0,)]


WRONG: list[tuple[dict[str, object], str]] = [
    ({}, "since"),
    ({"codes": [1]}, "since"),
    ({"dead": False}, "since"),
    ({"dead": 1}, "dead"),
    ({"since": "2026-01-31"}, "since"),
    ({"since": "2026-01-31T09:30:00"}, "since"),
    ({"since": "2026-02-31T09:30:00Z"}, "since"),
    ({"since": 1}, "since"),
    ({"since": "2026-01-31T09:30:00Z", "until": "2026-01-31T10:30:00+01:00"}, "until"),
    ({"dead": True, "codes": [0]}, "codes"),
    ({"dead": True, "all": True}, "all"),
]


@pytest.mark.parametrize(("query", "named"), WRONG, ids=[str(each[0]) for each in WRONG])
def test_a_replay_that_does_not_say_what_is_refused(client: FlaskClient, query: dict[str, object], named: str) -> None:
    answer = client.post(f"/webhooks/endpoints/{endpoint_at(client, URL)['id']}/replay", json=query)
    assert problem(answer) == (400, "invalid-request")
    assert set(answer.get_json()["errors"]) == {named}
