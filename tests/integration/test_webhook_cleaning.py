"""What is done is removed after its time, and what there is can be counted."""

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.webhooks import cleaning, counts
from app.webhooks.counts import DeliveryCounts, delivery_counts
from tests.integration.clients import send
from tests.integration.conftest import AppWith, Sql
from tests.integration.telling import LOOPBACK, add_endpoint, duties, number
from tests.integration.wiring import wiring


@pytest.fixture
def app(app_with: AppWith) -> APIFlask:
    return app_with(**LOOPBACK)


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


def clean(app: APIFlask) -> None:
    while duties(app)["cleaning"].errand.run_once():
        pass


def add_delivery(sql: Sql, message: str, state: str, days: float, notice: int | None = None) -> int:
    [(added,)] = sql(
        "INSERT INTO delivery (message_id, endpoint_id, topic, state, done_at, notice_id)"
        " VALUES (%s, 1, 'alert.raised', %s, now() - make_interval(secs => %s * 86400), %s) RETURNING id",
        *(message, state, days, notice),
    )
    sql("INSERT INTO delivery_attempt (delivery_id, no, seconds) VALUES (%s, 1, 0)", added)
    return int(added)


@pytest.mark.parametrize(
    ("state", "days", "stays"),
    [
        ("delivered", 6.9, True),
        ("delivered", 7.1, False),
        ("dead", 29.9, True),
        ("dead", 30.1, False),
        ("dropped", 29.9, True),
        ("dropped", 30.1, False),
        ("due", 1_000, True),
    ],
)
def test_deliveries_stay_for_their_time(app: APIFlask, sql: Sql, state: str, days: float, *, stays: bool) -> None:
    add_delivery(sql, "m", state, days)
    clean(app)
    assert sql("SELECT count(*) FROM delivery") == [(int(stays),)]
    assert sql("SELECT count(*) FROM delivery_attempt") == [(int(stays),)]


@pytest.mark.parametrize(("state", "expected"), [("deleted", "dropped"), ("paused", "due"), ("disabled", "due")])
def test_what_is_due_to_a_deleted_endpoint_is_dropped(app: APIFlask, sql: Sql, state: str, expected: str) -> None:
    """A deletion that breaks off leaves it; before, it stayed due for ever, and nobody sent it."""
    [(endpoint,)] = sql(
        "INSERT INTO endpoint (name, url, format, per_second, key, made_by, state)"
        " VALUES ('crm', 'https://example.com', 'standard', 10, '', 'ann', %s) RETURNING id",
        state,
    )
    sql("INSERT INTO delivery (message_id, endpoint_id, topic) VALUES ('m', %s, 'alert.raised')", endpoint)
    clean(app)
    assert sql("SELECT state, done_at IS NOT NULL FROM delivery") == [(expected, expected == "dropped")]


def test_many_are_removed_in_small_steps(app: APIFlask, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "STEP", 2)
    for each in range(5):
        add_delivery(sql, f"m{each}", "delivered", 8)
    assert duties(app)["cleaning"].errand.run_once() is True
    assert sql("SELECT count(*) FROM delivery") == [(3,)]
    clean(app)
    assert sql("SELECT count(*) FROM delivery") == [(0,)]


def test_notices_stay_as_long_as_a_delivery_names_them(app: APIFlask, sql: Sql) -> None:
    old, told, new, untold = (
        sql(
            "INSERT INTO notice (topic, body, taken_up, made_at)"
            " VALUES ('rulebook.published', '{}', %s, now() - make_interval(days => %s)) RETURNING id",
            *values,
        )[0][0]
        for values in ((True, 31), (True, 31), (True, 29), (False, 31))
    )
    add_delivery(sql, f"notice_{told}", "due", 0, notice=told)
    clean(app)
    assert old not in {each for (each,) in sql("SELECT id FROM notice")}
    assert {each for (each,) in sql("SELECT id FROM notice")} == {told, new, untold}


def test_deliveries_are_counted_by_endpoint(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    listening = add_endpoint(sql, "https://a.example", name="a", state="paused")
    other = add_endpoint(sql, "https://b.example", name="b", topics=["rulebook.published"])
    add_endpoint(sql, "https://c.example", name="c", state="deleted")
    for t in (1, 2, 3):
        send(client, "withdraw", "150", t)
    number(app)
    for each, (state, minutes) in enumerate([("delivered", 1), ("delivered", 6), ("dead", 10_000)]):
        sql(
            "INSERT INTO delivery (message_id, endpoint_id, topic, state, done_at)"
            " VALUES (%s, %s, 'alert.raised', %s, now() - make_interval(mins => %s))",
            *(f"m{each}", listening, state, minutes),
        )
    sql("UPDATE delivery SET made_at = now() - interval '90 s' WHERE state = 'due'")
    found = counted(app)
    assert 89 < found[0].oldest_due < 100
    assert [(each.endpoint, each.state, each.due, each.delivered, each.dead) for each in found] == [
        (f"a ({listening})", "paused", 3, 1, 1),
        (f"b ({other})", "enabled", 0, 0, 0),
    ]
    assert found[1].oldest_due == 0


def test_no_count_is_dear(app: APIFlask, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "MOST", 2)
    endpoint = add_endpoint(sql, "https://a.example")
    sql(
        "INSERT INTO delivery (message_id, endpoint_id, topic) SELECT 'm' || each, %s, 'alert.raised'"
        " FROM generate_series(1, 5) AS each",
        endpoint,
    )
    assert counted(app)[0].due == 2


def counted(app: APIFlask) -> list[DeliveryCounts]:
    with wiring(app).database.transaction() as current:
        found = delivery_counts(current)
        current.rollback()
    return found
