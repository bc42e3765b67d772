"""Several events a second are answered as an oracle answers them, read back as they are named, and verified (A49)."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count
from random import Random
from threading import Barrier
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.backtest.domain import Scope
from app.rules.event import EventType
from app.rules.rule import Rule
from app.rules.window_total import WindowTotal
from app.seals.domain import EventFacts, event_digest
from testkit import oracle
from testkit.oracle import Event
from tests.edition_1 import RULES
from tests.integration.books import publish, shadow
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql
from tests.integration.judging import raised, verified

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")

THREADS = 16
PLAYERS = count(1)  # a new one for each example
IDS = st.none() | st.sampled_from("abcdef")
EVENTS = st.lists(
    st.builds(
        Event,
        type=st.sampled_from(["deposit", "withdraw"]),
        amount=st.sampled_from(["50", "90.00", "101", "1"]),
        user_id=st.just(0),
        t=st.integers(0, 3),
        event_id=IDS,
    ),
    max_size=14,
)


class Platform:
    """What the contract promises to one player's events, kept as a plain list in the order in which they were taken."""

    def __init__(self) -> None:
        self.taken: list[tuple[Event, list[int]]] = []

    def answer(self, event: Event) -> tuple[int, list[int]]:
        """Return the status and the codes of the answer."""
        with_id = [known for known in self.taken if event.event_id and known[0].event_id == event.event_id]
        at_t = [known for known in self.taken if known[0].t == event.t]
        shares = bool(at_t and event.event_id and at_t[0][0].event_id)
        for known, met in with_id or ([] if shares else at_t):
            return (200, met) if known == event else (409, [])
        if self.taken and event.t < self.taken[-1][0].t:
            return 400, []
        events = [known for known, _ in self.taken]
        met = oracle.codes_after([*events, event])
        self.taken.append((event, met))
        return 200, met

    def rows(self) -> list[tuple[int, int, str | None, list[int]]]:
        """Return what must be stored."""
        seconds = [event.t for event, _ in self.taken]
        return [
            (event.t, seconds[:place].count(event.t), event.event_id, met)
            for place, (event, met) in enumerate(self.taken)
        ]


def test_any_events_are_answered_and_stored_as_the_oracle_says(app: APIFlask, sql: Sql) -> None:
    answered_as_promised(app.test_client(), sql)
    findings = verified(app)
    assert (findings.differences, findings.losses) == ([], [])


@settings(max_examples=80, deadline=None)
@given(sent=EVENTS)
def answered_as_promised(client: FlaskClient, sql: Sql, sent: list[Event]) -> None:
    """Send events of a new player, and compare answers and rows."""
    platform, player = Platform(), next(PLAYERS)
    for event in sent:
        answer = client.post("/event", json={**event.body(), "user_id": player})
        expected = platform.answer(event)
        assert (answer.status_code, answer.get_json().get("alert_codes", [])) == expected, event
    stored = sql("SELECT t, n, event_id, alert_codes FROM activity_event WHERE user_id = %s ORDER BY t, n", player)
    assert stored == platform.rows()
    assert sql("SELECT events FROM user_clock WHERE user_id = %s", player) == ([(len(stored),)] if stored else [])


def test_twenty_deposits_of_one_second_at_once_are_all_stored(app_with: AppWith, sql: Sql) -> None:
    app, start = app_with(), Barrier(THREADS)
    sent = [Event(type="deposit", amount="20", user_id=1, t=7, event_id=f"tx-{number}") for number in range(20)]

    def play(own: Sequence[Event]) -> list[TestResponse]:
        client = app.test_client()
        start.wait()
        return [client.post("/event", json=event.body()) for event in own]

    for replays in (False, True):
        with ThreadPoolExecutor(THREADS) as threads:
            shares = [sent[each::THREADS] for each in range(THREADS)]
            answers = [answer for share in threads.map(play, shares) for answer in share]
        assert sorted(codes(answer) for answer in answers) == [[]] * 10 + [[123]] * 10, "from 220.00 on"
        assert {"Idempotent-Replay" in answer.headers for answer in answers} == {replays}
    assert sql("SELECT n, seq FROM activity_event ORDER BY n") == [(n, n + 1) for n in range(20)]
    assert {event_id for (event_id,) in sql("SELECT event_id FROM activity_event")} == {each.event_id for each in sent}
    findings = verified(app)
    assert (findings.differences, findings.losses, findings.agreeing[1]) == ([], [], 20)


@pytest.mark.parametrize("seed", range(2))
def test_sixteen_threads_that_share_seconds_equal_some_serial_order(app_with: AppWith, sql: Sql, seed: int) -> None:
    random = Random(seed)  # noqa: S311  # no secret: the same play every time
    sent = [
        Event(
            type=random.choice(["deposit", "withdraw"]),
            amount=str(random.randint(1, 120)),
            user_id=1,
            t=place // 30,
            event_id=str(place // 2),  # each is sent twice, or conflicts with another
        )
        for place in range(THREADS * 6)
    ]
    app, start = app_with(), Barrier(THREADS)

    def play(own: Sequence[Event]) -> list[tuple[Event, TestResponse]]:
        client = app.test_client()
        start.wait()
        return [(event, client.post("/event", json=event.body())) for event in own]

    with ThreadPoolExecutor(THREADS) as threads:
        shares = [sent[each::THREADS] for each in range(THREADS)]
        answers = [answer for share in threads.map(play, shares) for answer in share]
    refused = {problem(answer) for _, answer in answers if answer.status_code != 200}
    assert refused <= {(400, "out-of-order"), (409, "duplicate-event")}
    in_order = [event_id for (event_id,) in sql("SELECT event_id FROM activity_event ORDER BY t, n")]
    assert sql("SELECT max(seq), count(DISTINCT seq) FROM activity_event") == [(len(in_order), len(set(in_order)))]
    taken = {event.event_id: (event, answer) for event, answer in answers if answer.status_code == 200}
    judge = oracle.Oracle()
    assert [taken[each][1].get_json() for each in in_order] == [judge.answer(taken[each][0]) for each in in_order]
    assert verified(app).differences == []


@pytest.fixture
def shared(app: APIFlask) -> FlaskClient:
    """A client of a service that knows three deposits of a player at t 28, and one before and after them."""
    client = app.test_client()
    assert codes(send(client, "deposit", "100", 0)) == []
    for event_id in ("tx-1", "tx-2", "tx-3"):
        event = Event(type="deposit", amount="50", user_id=1, t=28, event_id=event_id)
        assert codes(client.post("/event", json=event.body())) == ([] if event_id < "tx-3" else [123])
    assert codes(send(client, "deposit", "60", 29)) == [123]
    return client


Named = tuple[int, int, str | None]


def named(body: dict[str, Any]) -> Named:
    return body["t"], body["n"], body["event_id"]


AT_28 = [(28, 2, "tx-3"), (28, 1, "tx-2"), (28, 0, "tx-1")]
ALL = [(29, 0, None), *AT_28, (0, 0, None)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("28", (28, 0, "tx-1")),
        ("28?n=0", (28, 0, "tx-1")),
        ("28?n=2", (28, 2, "tx-3")),
        ("29", (29, 0, None)),
        ("by-id/tx-2", (28, 1, "tx-2")),
    ],
)
def test_an_event_is_read_by_its_second_its_place_and_its_id(shared: FlaskClient, path: str, expected: Named) -> None:
    answer = shared.get(f"/users/1/events/{path}")
    assert answer.status_code == 200
    [listed] = [each for each in shared.get("/users/1/events").get_json()["events"] if named(each) == expected]
    assert (named(answer.get_json()), answer.get_json()) == (expected, listed)


@pytest.mark.parametrize("path", ["28?n=3", "27", "29?n=1", "by-id/tx-9", "by-id/tx%20", "by-id/29", "by-id/%00"])
def test_an_event_that_is_not_stored_is_unknown(shared: FlaskClient, path: str) -> None:
    assert problem(shared.get(f"/users/1/events/{path}")) == (404, "unknown-event")


@pytest.mark.parametrize("query", ["n=-1", "n=2147483648", "n=x", "m=1", "n=1&n=1"])
def test_an_invalid_place_is_refused(shared: FlaskClient, query: str) -> None:
    for path in ("/users/1/events/28", "/alerts/1/28/123"):
        assert problem(shared.get(f"{path}?{query}")) == (400, "invalid-request")


@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.parametrize("code", ["", "&code=123"])
def test_pages_of_events_end_inside_a_second(shared: FlaskClient, limit: int, code: str) -> None:
    seen: list[Named] = []
    before = ""
    while True:
        page = shared.get(f"/users/1/events?limit={limit}{code}{before}").get_json()
        seen += map(named, page["events"])
        if page["next_before"] is None:
            break
        t, n, _ = seen[-1]
        assert page["next_before"] == (f"{t}.{n}" if n else t)
        before = f"&before={page['next_before']}"
    assert seen == (ALL[:2] if code else ALL)


@pytest.mark.parametrize(
    ("before", "expected"), [("28", ALL[4:]), ("28.0", ALL[4:]), ("28.1", ALL[3:]), ("28.9", ALL[1:]), ("29", ALL[1:])]
)
def test_a_cursor_of_before_means_the_first_place(shared: FlaskClient, before: str, expected: list[Named]) -> None:
    page = shared.get(f"/users/1/events?before={before}").get_json()
    assert list(map(named, page["events"])) == expected


@pytest.mark.parametrize("before", ["28.", ".1", "28.x", "28.2147483648", "28.-1", "28.1.1"])
def test_an_invalid_cursor_is_refused(shared: FlaskClient, before: str) -> None:
    assert problem(shared.get(f"/users/1/events?before={before}")) == (400, "invalid-request")


def test_an_alert_names_its_event_and_the_events_that_prove_it(shared: FlaskClient) -> None:
    [latest, first] = shared.get("/alerts").get_json()["alerts"]
    assert (named(latest), named(first)) == ((29, 0, None), (28, 2, "tx-3"))
    assert [named(each) for each in latest["evidence"]["events"]] == ALL
    assert latest["evidence"]["moments"] == [29, 28, 28, 28, 0]
    assert [named(each) for each in first["evidence"]["events"]] == ALL[1:]
    assert shared.get("/alerts/1/28/123?n=2").get_json() == first
    assert shared.get("/alerts/1/29/123").get_json() == latest
    assert problem(shared.get("/alerts/1/28/123")) == (404, "unknown-alert")
    for n in (1, 3, 2**31 - 1):  # below it and above it
        assert f"n {n}" in shared.get(f"/alerts/1/28/123?n={n}").get_json()["detail"]
    assert shared.get("/alerts?limit=1").get_json()["next_before"] == "29:1:123"


def test_pages_of_alerts_end_inside_a_second(client: FlaskClient) -> None:
    for number in range(3):
        event = Event(type="withdraw", amount="101", user_id=1, t=5, event_id=str(number))
        client.post("/event", json=event.body())
    found, before = [], ""
    for cursor in ("5.2:1:1100", "5.2:1:30", "5.1:1:1100", None):
        page = client.get(f"/alerts?limit=1{before}").get_json()
        assert page["next_before"] == cursor
        found += [(each["n"], each["code"]) for each in page["alerts"]]
        before = f"&before={cursor}"
    assert found == [(2, 1100), (2, 30), (1, 1100), (0, 1100)]
    assert [each["n"] for each in client.get("/alerts?before=5:1:1101").get_json()["alerts"]] == [0]
    assert [each["n"] for each in client.get("/alerts?code=1100&user=1").get_json()["alerts"]] == [2, 1, 0]


def test_evidence_without_ids_is_stored_as_before(client: FlaskClient, sql: Sql) -> None:
    send(client, "withdraw", "101", 1)
    assert sql("SELECT evidence - 'sentence' FROM alert") == [
        ({"value": "101.00", "limit": "100.00", "count": 1, "moments": [1], "wording": "0.2"},)
    ]


def long_window(code: int, above: int, seconds: int = 3600) -> Rule:
    limit = Decimal(above)
    return WindowTotal(code=code, name="much", description="much", type=EventType.DEPOSIT, above=limit, seconds=seconds)


def test_long_windows_name_the_last_events_of_shared_seconds(app: APIFlask, client: FlaskClient) -> None:
    publish(app, [long_window(7, 1000), *RULES])
    shadow(app, [long_window(8, 1000, 9000)])
    for place in range(130):
        event = Event(type="deposit", amount="10", user_id=1, t=place // 40, event_id=f"tx-{place}")
        met = codes(client.post("/event", json=event.body()))
        assert (7 in met) is (place > 99)
    for shadowed, code in ((False, 7), (True, 8)):
        [latest, *_] = client.get(f"/alerts?code={code}&shadow={str(shadowed).lower()}").get_json()["alerts"]
        assert latest["evidence"]["value"] == "1300.00"
        listed = [named(each) for each in latest["evidence"]["events"]]
        assert listed == [(place // 40, place % 40, f"tx-{place}") for place in range(129, 29, -1)]
    findings = verified(app)
    assert (findings.differences, findings.agreeing[2]) == ([], 130)


def test_evidence_of_a_short_window_names_as_many_events_as_it_has_seconds(client: FlaskClient, app: APIFlask) -> None:
    """A48: an edition's cost was computed with one event a second; the sum and the count are of all."""
    for place in range(60):
        event = Event(type="deposit", amount="10", user_id=1, t=5, event_id=f"tx-{place}")
        client.post("/event", json=event.body())
    evidence = client.get("/alerts/1/5/123?n=59").get_json()["evidence"]
    assert (evidence["value"], evidence["count"], len(evidence["events"])) == ("600.00", 60, 31)
    assert verified(app).differences == []


TAMPERED = [
    ("UPDATE activity_event SET amount = 500 WHERE n = 1", "player 1, t 28, n 1, event_id tx-2: "),
    ("UPDATE activity_event SET event_id = 'x' WHERE n = 2", "player 1, t 28, n 2, event_id x: "),
    ("UPDATE alert SET n = 1 WHERE n = 2", "player 1, t 28, n 1, event_id tx-2: "),
    ("UPDATE alert SET n = 7 WHERE n = 2", "player 1, t 28, n 7: alerts are stored without their event"),
    ("UPDATE alert SET evidence = evidence - 'events' WHERE t = 29", "player 1, t 29: the events of code 123 are None"),
    ("UPDATE alert SET evidence = evidence - 'event_id' WHERE n = 2", "code 123 names the event None"),
    ("""UPDATE alert SET evidence = evidence || '{"event_id": "x"}' WHERE t = 29""", "names the event x"),
]


@pytest.mark.usefixtures("backtests_in_this_process")
@pytest.mark.parametrize(("change", "said"), TAMPERED)
def test_verify_finds_and_names_what_was_changed_in_a_shared_second(
    shared: FlaskClient, app: APIFlask, sql: Sql, change: str, said: str
) -> None:
    assert verified(app).differences == []
    sql(change)
    done = app.test_cli_runner().invoke(args=["rules", "verify", "--jobs", "1"])
    assert done.exit_code == 1
    assert said in done.output
    assert shared is not None


@pytest.mark.usefixtures("backtests_in_this_process")
def test_seals_cover_what_comes_into_a_sealed_second(shared: FlaskClient, app: APIFlask, sql: Sql) -> None:
    run = app.test_cli_runner().invoke
    first = Event(type="deposit", amount="1", user_id=1, t=40, event_id="first")
    shared.post("/event", json=first.body())
    assert "Sealed: 6 events of 1 players" in run(args=["rules", "seal"]).output
    assert "Nothing new to seal" in run(args=["rules", "seal"]).output
    for event_id in ("second", "third"):
        shared.post("/event", json={**first.body(), "event_id": event_id})
    assert "Sealed: 2 events of 1 players" in run(args=["rules", "seal"]).output
    findings = verified(app)
    assert (findings.losses, findings.not_sealed) == ([], 0)
    sql("UPDATE activity_event SET event_id = 'fourth' WHERE event_id = 'second'")
    assert [loss.what for loss in verified(app).losses] == [
        "seal 2 covers the events number 7 to 8: they or their alerts were changed"
    ]


def test_the_digest_of_an_event_without_an_id_is_that_of_the_release_before() -> None:
    facts = EventFacts(1, 2, 3, "deposit", Decimal("4.00"), [5], 6, 7)
    assert event_digest(facts, ["a"]).hex() == "760a2ad30c0dfac521a0020bc5ca7d79246dc4362fb5fa776190103cd67c5fdc"
    assert event_digest(facts._replace(event_id="x"), ["a"]) != event_digest(facts, ["a"])
    assert event_digest(facts._replace(event_id="x", n=1), ["a"]) != event_digest(facts._replace(event_id="x"), ["a"])


def test_totals_count_each_event_of_a_shared_second_once(shared: FlaskClient, app: APIFlask, sql: Sql) -> None:
    """A38: what was added up ends inside a second that grows."""
    sql(
        "INSERT INTO activity_event (user_id, t, n, event_id, type, amount, alert_codes)"
        " SELECT 1, 30, n, 'more-' || n, 'deposit', 1, '{}' FROM generate_series(0, 998) AS n"
    )
    sql("UPDATE user_clock SET last_t = 30")
    expected = {"count": 1004, "total": "1309.00"}
    assert shared.get("/users/1").get_json()["deposits"] == expected
    assert sql("SELECT counted_t, counted_n FROM user_total") == [(30, 998)]
    last = Event(type="deposit", amount="90", user_id=1, t=30, event_id="last")
    shared.post("/event", json=last.body())
    body = shared.get("/users/1").get_json()
    assert (body["deposits"], body["latest_t"]) == ({"count": 1005, "total": "1399.00"}, 30)
    assert body["alert_codes"] == [123]
    assert app is not None


def test_a_backtest_judges_shared_seconds_in_order(shared: FlaskClient, database: str) -> None:
    assert raised(database, Scope(), RULES) == [(1, 28, 123), (1, 29, 123)]
    assert raised(database, Scope(since=28), RULES) == [(1, 28, 123), (1, 29, 123)]
    assert raised(database, Scope(since=29), RULES) == [(1, 29, 123)]
    assert shared is not None
