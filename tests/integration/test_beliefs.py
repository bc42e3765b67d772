"""What became known since the answers is read back: codes found late or retracted, corrected events (A51, A52)."""

from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from testkit.oracle import Event
from testkit.player_log import PlayerLog
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql
from tests.integration.wiring import wiring

PLAYERS = count(1)
DAY = 24 * 3600
EVENTS = st.lists(
    st.builds(
        Event,
        type=st.sampled_from(["deposit", "withdraw"]),
        amount=st.sampled_from(["50", "90.00", "101"]),
        user_id=st.just(0),
        t=st.integers(0, 40),
        event_id=st.none() | st.sampled_from("abcdef"),
    ),
    max_size=12,
)
REVISION = """
    INSERT INTO revision (user_id, t, n, no, codes_before, codes_after, edition, found, cause, known_at)
    VALUES (1, %s, 0, %s, %s::integer[], %s::integer[], 1, '{}', %s, '2026-01-01'::timestamptz + %s * interval '1 day')
"""
Correct = Callable[..., int]


@pytest.fixture
def app(app_with: AppWith) -> APIFlask:
    return app_with(late_events="keep")


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def correct(sql: Sql) -> Correct:
    """Correct an event of player 1; without type and amount, reverse it."""

    def correct(t: int, *, n: int = 0, kind: str | None = None, amount: str | None = None) -> int:
        call = "SELECT correct_event(1, %s, %s, %s::activity_type, %s::numeric, 'charged back', 'ops', NULL)"
        [(number,)] = sql(call, t, n, kind, amount)
        return int(number)

    return correct


def read(client: FlaskClient, path: str) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def alerts_of(client: FlaskClient, user_id: int = 1) -> dict[tuple[int, int, int], dict[str, Any]]:
    """Return the alerts of a player by `t`, `n` and code, as the list and each by itself have them."""
    alerts = read(client, f"/alerts?user={user_id}&limit=200")["alerts"]
    for each in alerts:
        assert read(client, f"/alerts/{user_id}/{each['t']}/{each['code']}?n={each['n']}") == each
    return {(each["t"], each["n"], each["code"]): each for each in alerts}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_code_found_late_says_since_when_it_is_known(client: FlaskClient, sql: Sql) -> None:
    for t in (10, 30, 20):
        send(client, "withdraw", "10", t)
    [(known_at,)] = sql("SELECT known_at FROM revision")
    [alert] = alerts_of(client).values()
    assert (moment(alert["found_late_at"]), alert["retracted_at"]) == (known_at, None)
    assert alert["evidence"]["moments"] == [30, 20, 10]
    event = read(client, "/users/1/events/30")
    assert (event["alert_codes"], event["believed_codes"], event["late"]) == ([], [30], False)
    late = read(client, "/users/1/events/20")
    assert (late["believed_codes"], late["late"], late["amended"]) == ([], True, False)
    player = read(client, "/users/1")
    assert (player["alert_codes"], player["believed_codes"]) == ([], [30])


def test_a_code_that_no_longer_holds_is_retracted(client: FlaskClient, sql: Sql) -> None:
    for t in (10, 20, 30):
        send(client, "withdraw", "101", t)
    assert alerts_of(client)[30, 0, 30]["retracted_at"] is None
    send(client, "deposit", "1", 25)
    [(known_at,)] = sql("SELECT known_at FROM revision")
    alerts = alerts_of(client)
    assert moment(alerts[30, 0, 30]["retracted_at"]) == known_at
    assert alerts[30, 0, 1100]["retracted_at"] is None, "the other code of the event holds"
    assert {each["found_late_at"] for each in alerts.values()} == {None}
    event = read(client, "/users/1/events/30")
    assert (event["alert_codes"], event["believed_codes"]) == ([30, 1100], [1100])


def test_a_code_that_is_retracted_and_found_again_has_the_evidence_of_the_latest_finding(client: FlaskClient) -> None:
    for t in (10, 30, 20):
        send(client, "withdraw", "10", t)
    found = alerts_of(client)[30, 0, 30]
    send(client, "deposit", "1", 25)
    retracted = alerts_of(client)[30, 0, 30]
    assert retracted["retracted_at"] > retracted["found_late_at"]
    for t in (26, 27):
        send(client, "withdraw", "10", t)
    again = alerts_of(client)[30, 0, 30]
    assert (again["found_late_at"], again["retracted_at"]) == (found["found_late_at"], None)
    assert again["evidence"]["moments"] == [30, 27, 26]


def test_an_answered_code_that_is_found_again_was_not_found_late(client: FlaskClient) -> None:
    for t in (10, 20, 30):
        send(client, "withdraw", "10", t)
    for kind, t in (("deposit", 25), ("withdraw", 26), ("withdraw", 27)):
        send(client, kind, "10", t)
    alert = alerts_of(client)[30, 0, 30]
    assert (alert["found_late_at"], alert["retracted_at"]) == (None, None)
    assert alert["evidence"]["moments"] == [30, 27, 26]


def test_later_revisions_do_not_move_a_retraction(client: FlaskClient, sql: Sql) -> None:
    """The order is that of the revisions, whichever transaction began first."""
    for t in (10, 20, 30):
        send(client, "withdraw", "101", t)
    revisions = [([30, 1100], [1100], 9), ([1100], [], 5), ([], [1100], 6)]
    for no, (before, after, day) in enumerate(revisions, 1):
        sql(REVISION, 30, no, before, after, 3 + no, day)
    alerts = alerts_of(client)
    assert alerts[30, 0, 30]["retracted_at"] == "2026-01-10T00:00:00.000000Z"
    assert alerts[30, 0, 1100]["retracted_at"] is None


def test_an_alert_of_the_shadow_is_neither_found_late_nor_retracted(client: FlaskClient, sql: Sql) -> None:
    for t in (10, 20, 30):
        send(client, "withdraw", "10", t)
    sql("INSERT INTO alert SELECT user_id, t, code, 2, true, evidence, n FROM alert WHERE t = 30")
    send(client, "deposit", "1", 25)
    assert alerts_of(client)[30, 0, 30]["retracted_at"]
    [shadow] = read(client, "/alerts?shadow=true")["alerts"]
    assert (shadow["found_late_at"], shadow["retracted_at"]) == (None, None)
    assert read(client, "/alerts/1/30/30?shadow=true") == shadow


@given(events=EVENTS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_order_of_arrival(client: FlaskClient, events: list[Event]) -> None:
    user, log, answered = next(PLAYERS), PlayerLog(horizon=7 * DAY), {}
    latest = -1
    for event in events:
        answer = client.post("/event", json={**event.body(), "user_id": user})
        expected = log.take(event)
        if expected.status == 200 and not expected.replayed:
            answered[event.t, event.event_id] = (codes(answer), event.t < latest)
            latest = max(latest, event.t)
    found = read(client, f"/users/{user}/events?limit=200")["events"][::-1]
    assert [(each["t"], each["event_id"], each["believed_codes"]) for each in found] == [
        (event.t, event.event_id, believed) for event, believed in log.believed()
    ]
    alerts = alerts_of(client, user)
    for event in found:
        assert (event["alert_codes"], event["late"]) == answered[event["t"], event["event_id"]]
        at = {code: alert for (t, n, code), alert in alerts.items() if (t, n) == (event["t"], event["n"])}
        assert {*event["alert_codes"], *event["believed_codes"]} <= at.keys()
        for code, alert in at.items():
            assert (alert["found_late_at"] is None) is (code in event["alert_codes"])
            assert (alert["retracted_at"] is None) is (code in event["believed_codes"])
    assert read(client, f"/users/{user}")["believed_codes"] == (found[-1]["believed_codes"] if found else [])


def test_an_amended_event_is_read_as_it_is_believed(client: FlaskClient, correct: Correct) -> None:
    for t in (10, 20):
        send(client, "deposit", "42", t)
    correct(10, kind="withdraw", amount="7")
    event = read(client, "/users/1/events/10")
    assert (event["type"], event["amount"], event["amended"]) == ("withdraw", "7.00", True)
    assert [each["amended"] for each in read(client, "/users/1/events")["events"]] == [False, True]


def with_id(client: FlaskClient, t: int, event_id: str) -> None:
    event = {"type": "deposit", "amount": "42.00", "user_id": 1, "t": t, "event_id": event_id}
    assert codes(client.post("/event", json=event)) == []


def test_a_reversed_event_is_gone_and_says_what_reversed_it(client: FlaskClient, correct: Correct) -> None:
    with_id(client, 10, "a")
    with_id(client, 10, "b")
    number = correct(10, n=1)
    assert [each["event_id"] for each in read(client, "/users/1/events")["events"]] == ["a"]
    for path in ("10?n=1", "by-id/b"):
        answer = client.get(f"/users/1/events/{path}")
        assert problem(answer) == (404, "unknown-event")
        assert f"was reversed by correction {number}; GET /users/1/corrections" in answer.get_json()["detail"]
    for path in ("10?n=2", "11", "by-id/c"):
        answer = client.get(f"/users/1/events/{path}")
        assert problem(answer) == (404, "unknown-event")
        assert "reversed" not in answer.get_json()["detail"]


def test_the_summary_names_the_latest_event_that_stands(client: FlaskClient, correct: Correct) -> None:
    with_id(client, 10, "a")
    with_id(client, 10, "b")
    latest = ("latest_t", "latest_n", "latest_event_id", "believed_codes")
    assert [read(client, "/users/1")[name] for name in latest] == [10, 1, "b", []]
    correct(10, n=1)
    assert [read(client, "/users/1")[name] for name in latest] == [10, 0, "a", []]
    correct(10)
    assert [read(client, "/users/1")[name] for name in latest] == [None, None, None, []]


def test_a_page_of_a_code_has_what_is_believed(client: FlaskClient, sql: Sql) -> None:
    """Whether few answers or very many contain the code."""
    for t in (10, 20, 30):
        send(client, "withdraw", "101", t)
    send(client, "deposit", "1", 25)
    few = read(client, "/users/1/events?code=1100")
    assert [each["believed_codes"] for each in few["events"]] == [[1100]] * 3
    sql(
        "INSERT INTO activity_event (user_id, t, type, amount, alert_codes)"
        " SELECT 1, 100 + n, 'deposit', 1, ARRAY[10000 + n] FROM generate_series(1, 40) AS n"
    )
    assert read(client, "/users/1/events?code=1100") == few


EVENT = {"t": 20, "n": 0, "event_id": None}


def test_corrections_say_who_corrected_what_and_whose_codes_changed(
    client: FlaskClient, sql: Sql, correct: Correct
) -> None:
    send(client, "withdraw", "150", 20)
    amendment, reversal = correct(20, amount="7.5"), correct(20)
    sql(REVISION, 20, 1, [1100], [], amendment, 1)
    page = read(client, "/users/1/corrections")
    for each in page["corrections"]:
        assert each.pop("at").endswith("Z")
    same = {"user_id": 1, **EVENT, "reason": "charged back", "by": "ops", "at_shell": None}
    assert page == {
        "corrections": [
            {
                **same,
                "correction": reversal,
                "kind": "reversal",
                "before": {"type": "withdraw", "amount": "7.50"},
                "after": None,
                "revised": [],
            },
            {
                **same,
                "correction": amendment,
                "kind": "amendment",
                "before": {"type": "withdraw", "amount": "150.00"},
                "after": {"type": "withdraw", "amount": "7.50"},
                "revised": [{**EVENT, "codes_before": [1100], "codes_after": []}],
            },
        ],
        "next_before": None,
    }


def test_revised_events_have_their_ids_even_if_reversed(client: FlaskClient, sql: Sql, correct: Correct) -> None:
    with_id(client, 20, "a")
    with_id(client, 30, "b")
    number = correct(20)
    for t in (30, 20):
        sql(REVISION, t, 1, [30], [], number, 1)
    [correction] = read(client, "/users/1/corrections")["corrections"]
    assert correction["event_id"] == "a"
    assert [(each["t"], each["event_id"]) for each in correction["revised"]] == [(20, "a"), (30, "b")]


def test_a_correction_is_read_as_it_was_answered_and_retracts_the_alerts_of_its_event(client: FlaskClient) -> None:
    for t in (10, 20, 30):
        send(client, "withdraw", "101", t)
    answers = []
    for what in ("20/amendment", "20/reversal"):
        wish = {"reason": "charged back", **({"amount": "7.50"} if "amendment" in what else {})}
        answers.append(client.post(f"/users/1/events/{what}", json=wish).get_json())
    assert read(client, "/users/1/corrections")["corrections"] == answers[::-1]
    retracted = {place: each["retracted_at"] is not None for place, each in alerts_of(client).items()}
    assert retracted == {
        (10, 0, 1100): False,
        (20, 0, 1100): True,
        (30, 0, 30): True,
        (30, 0, 1100): False,
    }


def test_corrections_come_page_by_page(client: FlaskClient, correct: Correct) -> None:
    for t in range(5):
        send(client, "deposit", "1", t)
    numbers = [correct(t) for t in range(5)][::-1]
    seen, before = [], ""
    while True:
        page = read(client, f"/users/1/corrections?limit=2{before}")
        seen.append([each["correction"] for each in page["corrections"]])
        if page["next_before"] is None:
            break
        before = f"&before={page['next_before']}"
    assert seen == [numbers[:2], numbers[2:4], numbers[4:]]
    assert read(client, "/users/2/corrections") == {"corrections": [], "next_before": None}
    assert problem(client.get("/users/1/corrections?limit=201")) == (400, "invalid-request")


@pytest.mark.parametrize(("many", "on_page"), [((400, 600), 2), ((400, 601), 1), ((1001, 1), 1), ((1000, 1), 1)])
def test_a_page_of_corrections_has_a_thousand_revised_events_at_most(
    client: FlaskClient, sql: Sql, correct: Correct, many: tuple[int, int], on_page: int
) -> None:
    for t in (1, 2):
        send(client, "deposit", "1", t)
    older, newer = correct(1), correct(2)
    for number, revised in ((newer, many[0]), (older, many[1])):
        sql(
            "INSERT INTO revision (user_id, t, n, no, codes_before, codes_after, edition, found, cause)"
            " SELECT 1, n, 0, %s, '{}', '{30}', 1, '{}', %s FROM generate_series(1, %s) AS n",
            number,
            number,
            revised,
        )
    page = read(client, "/users/1/corrections")
    assert [len(each["revised"]) for each in page["corrections"]] == [min(each, 1000) for each in many[:on_page]]
    assert page["next_before"] == (newer if on_page == 1 else None)
    assert page["corrections"][0]["revised"][-1]["t"] == min(many[0], 1000)
    if on_page == 1:
        [rest] = read(client, f"/users/1/corrections?before={newer}")["corrections"]
        assert (rest["correction"], len(rest["revised"])) == (older, many[1])


def test_corrections_require_the_scope_of_events(app_with: AppWith) -> None:
    app = app_with(access=Access.KEYS)
    for scope, status in ((Scope.EVENTS_READ, 200), (Scope.ALERTS_READ, 403)):
        key = create_key(wiring(app).database, scope.value, [scope], None)
        answer = app.test_client().get("/users/1/corrections", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == status
