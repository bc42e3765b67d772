"""Alerts: stored with the event that raised them, read back page by page, found by what is asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from app.alerts import controllers
from app.alerts.domain import AlertQuery, Cursor, Evidence, NoSuchAlert, StoredAlert
from app.alerts.queries import AlertQueries
from app.alerts.services import AlertServices
from app.rules.event import EventRef
from lib.database import Database
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql
from tests.integration.wiring import wiring

END, LAST = 2**63 - 1, 2**31 - 1
PROOF = Evidence(value="2", threshold="1", count=1, events=(EventRef(3),), sentence="two")
MOMENTS = st.integers(0, 5) | st.just(END)
USERS = st.integers(1, 3) | st.just(END)
CODES = st.integers(1, 3) | st.just(LAST)
EDITIONS = st.integers(1, 3) | st.just(LAST)
PLACES = st.integers(0, 2) | st.just(LAST)
# Which codes an edition raised at an event of a user: at each event, one edition was live and one in the shadow.
STORED = st.dictionaries(
    st.tuples(MOMENTS, USERS, PLACES, st.booleans()),
    st.tuples(EDITIONS, st.dictionaries(CODES, st.none() | st.booleans(), min_size=1)),
    max_size=16,
)
CURSORS = st.builds(Cursor, MOMENTS, USERS, PLACES, CODES)
ASKED = st.builds(
    AlertQuery,
    limit=st.integers(1, 4),
    before=st.none() | CURSORS,
    since=MOMENTS,
    shadow=st.booleans(),
    code=st.none() | CODES,
    user_id=st.none() | USERS,
    edition=st.none() | EDITIONS,
    fresh=st.booleans(),
)


@pytest.fixture
def handle(app: APIFlask) -> Database:
    found: Database = wiring(app).database
    return found


@pytest.fixture
def services(handle: Database) -> AlertServices:
    """Of a rule book that knows nothing of these editions."""
    return AlertServices(database=handle, meanings=lambda _, __: {})


def alert(t: int, user_id: int = 1, code: int = 30, edition: int = 1, *, shadow: bool = False) -> StoredAlert:
    return StoredAlert(user_id=user_id, t=t, code=code, edition=edition, shadow=shadow, evidence=PROOF)


def keep(database: Database, alerts: Sequence[StoredAlert]) -> None:
    with database.transaction() as current:
        for each in alerts:
            AlertQueries(current).keep(each)
        current.commit()


def expected(alerts: Sequence[StoredAlert], asked: AlertQuery) -> list[StoredAlert]:
    """What a list would give."""

    def is_asked_for(alert: StoredAlert) -> bool:
        filters = (("code", asked.code), ("user_id", asked.user_id), ("edition", asked.edition))
        return (
            all(wanted is None or getattr(alert, name) == wanted for name, wanted in filters)
            and alert.shadow is asked.shadow
            and (alert.fresh or not asked.fresh)
            and alert.t >= asked.since
            and (asked.before is None or alert.cursor < asked.before)
        )

    return sorted(filter(is_asked_for, alerts), key=lambda each: each.cursor, reverse=True)


def walk(services: AlertServices, asked: AlertQuery) -> Iterator[StoredAlert]:
    """Read all pages, as a client would."""
    while True:
        page = controllers.alerts(services, asked)
        yield from page.alerts
        if page.next_before is None:
            return
        assert len(page.alerts) == asked.limit
        asked = replace(asked, before=page.next_before)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stored=STORED, asked=st.lists(ASKED, min_size=4, max_size=8))
def test_the_pages_equal_one_sorted_list(
    services: AlertServices,
    sql: Sql,
    stored: dict[tuple[int, int, int, bool], tuple[int, dict[int, bool | None]]],
    asked: list[AlertQuery],
) -> None:
    """In the order of the events' own t, whenever they were stored (A26)."""
    sql("TRUNCATE alert")
    alerts = [
        replace(alert(t, user_id, code, edition, shadow=shadow), n=n, event_id=f"{t}-{n}" if n else None, fresh=fresh)
        for (t, user_id, n, shadow), (edition, met) in stored.items()
        for code, fresh in met.items()
    ]
    keep(services.database, alerts)
    for fresh in (None, False):
        which = [
            f"({each.user_id}, {each.t}, {each.n}, {each.code}, {each.shadow})"
            for each in alerts
            if each.fresh is fresh
        ]
        if which:
            sql(f"UPDATE alert SET fresh = %s WHERE (user_id, t, n, code, shadow) IN ({', '.join(which)})", fresh)  # noqa: S608  # ours
    for question in (*asked, AlertQuery(limit=3), AlertQuery(limit=1, shadow=True), AlertQuery(limit=2, fresh=True)):
        assert list(walk(services, question)) == expected(alerts, question)
    for each in alerts:
        assert controllers.alert(services, each.cursor, shadow=each.shadow) == each


def test_concurrent_inserts_neither_repeat_nor_hide_alerts(services: AlertServices) -> None:
    random = Random(5)  # noqa: S311  # no secret: the same play every time
    places = random.sample([(t, user_id) for t in range(100) for user_id in range(1, 20)], 900)
    there = [alert(*place) for place in places[:300]]
    later = iter([alert(*place) for place in places[300:]])
    keep(services.database, there)
    asked, seen = AlertQuery(limit=7), []
    while True:
        page = controllers.alerts(services, asked)
        seen += [each.cursor for each in page.alerts]
        if page.next_before is None:
            break
        keep(services.database, [next(later) for _ in range(5)])
        asked = replace(asked, before=page.next_before)
    assert seen == sorted(set(seen), reverse=True), "each once, in order"
    assert {each.cursor for each in there} <= set(seen)
    assert len(seen) > len(there), "some came on pages that were still to be read"


def alerts_page(client: FlaskClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/alerts{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


WHY = {
    "user_id": 1,
    "t": 28,
    "n": 0,
    "event_id": None,
    "code": 123,
    "edition": 1,
    "shadow": False,
    "fresh": True,
    "indicator": None,
    "strength": "normal",
    "guidance": None,
    "found_late_at": None,
    "retracted_at": None,
    "evidence": {
        "value": "212.00",
        "threshold": "200.00",
        "limit": "200.00",
        "count": 3,
        "moments": [28, 10, 0],
        "events": [{"t": t, "n": 0, "event_id": None} for t in (28, 10, 0)],
        "sentence": "212.00 deposited within 28 s by 3 deposits (threshold 200.00 within 30 s)",
    },
}


@pytest.fixture
def alerted(app: APIFlask) -> FlaskClient:
    """A client of a service to which three deposits came."""
    client = app.test_client()
    assert [codes(send(client, "deposit", amount, t)) for amount, t in (("100", 0), ("62", 10), ("50", 28))][2] == [123]
    return client


def test_an_alert_explains_itself(alerted: FlaskClient) -> None:
    assert alerts_page(alerted) == {"alerts": [WHY], "next_before": None}
    assert alerted.get("/alerts/1/28/123").get_json() == WHY
    assert alerted.get("/alerts/1/28/123?shadow=false").get_json() == WHY


def test_a_replay_and_a_refusal_store_no_alert(alerted: FlaskClient) -> None:
    send(alerted, "deposit", "50", 28)
    send(alerted, "deposit", "999", 28)
    send(alerted, "deposit", "999", 11)
    assert alerts_page(alerted)["alerts"] == [WHY]


@pytest.mark.parametrize(
    "query",
    [
        "?code=30",
        "?user=2",
        "?edition=2",
        "?shadow=true",
        "?since=29",
        "?before=28:1:123",
        "?since=28&before=28:1:1",
        "?shadow=true&fresh=true",
    ],
)
def test_non_matching_filters_return_nothing(alerted: FlaskClient, query: str) -> None:
    assert alerts_page(alerted, query) == {"alerts": [], "next_before": None}


@pytest.mark.parametrize(
    "query", ["?code=123&user=1&edition=1&since=28&limit=1&shadow=false&fresh=true", "?before=28:1:124"]
)
def test_matching_filters_return_the_alert(alerted: FlaskClient, query: str) -> None:
    assert alerts_page(alerted, query)["alerts"] == [WHY]


def test_a_page_ends_with_the_cursor_of_the_next(alerted: FlaskClient, handle: Database) -> None:
    keep(handle, [alert(28), alert(27, END, LAST)])
    first = alerts_page(alerted, "?limit=2")
    assert ([each["code"] for each in first["alerts"]], first["next_before"]) == ([123, 30], "28:1:30")
    rest = alerts_page(alerted, f"?limit=2&before={first['next_before']}")
    assert [each["t"] for each in rest["alerts"]] == [27]
    assert alerts_page(alerted, f"?before=27:{END}:{LAST}")["alerts"] == []


@pytest.mark.parametrize("path", ["1/28/30", "1/27/123", "2/28/123", "1/28/123?shadow=true", f"{END}/{END}/{LAST}"])
def test_an_alert_that_is_not_stored_is_unknown(alerted: FlaskClient, path: str) -> None:
    answer = alerted.get(f"/alerts/{path}")
    assert problem(answer) == (404, "unknown-alert")
    assert ("shadow=true" in answer.get_json()["detail"]) is ("shadow" not in path)


@pytest.mark.parametrize(
    "path", ["0/28/123", "1/28/0", "01/28/123", "1/28", f"1/28/{LAST + 1}", f"1/{END + 1}/1", "1/-1/1"]
)
def test_a_malformed_alert_path_is_not_found(alerted: FlaskClient, path: str) -> None:
    assert problem(alerted.get(f"/alerts/{path}")) == (404, "not-found")


WRONG = [
    ("limit=0", "limit"),
    ("limit=201", "limit"),
    ("shadow=yes", "shadow"),
    ("fresh=1", "fresh"),
    ("shadow=True", "shadow"),
    ("shadow=", "shadow"),
    ("code=0", "code"),
    ("code=2147483648", "code"),
    ("user=x", "user"),
    ("user=0", "user"),
    ("user_id=1", "user_id"),
    ("edition=0", "edition"),
    ("since=-1", "since"),
    ("since=9223372036854775808", "since"),
    ("before=28", "before"),
    ("before=28:1", "before"),
    ("before=28:1:0", "before"),
    ("before=028:1:1", "before"),
    ("before=28:1:2147483648", "before"),
    ("before=9223372036854775808:1:1", "before"),
    ("before=28:1:1%0A", "before"),
    ("before=\u0662:1:1", "before"),
    ("code=30&code=30", "code"),
]


@pytest.mark.parametrize(("query", "named"), WRONG)
def test_an_invalid_query_is_refused_naming_the_parameter(alerted: FlaskClient, query: str, named: str) -> None:
    answer = alerted.get(f"/alerts?{query}")
    assert problem(answer) == (400, "invalid-request")
    assert list(answer.get_json()["errors"]) == [named]


def test_a_single_alert_takes_only_the_parameter_shadow(alerted: FlaskClient) -> None:
    assert problem(alerted.get("/alerts/1/28/123?edition=1")) == (400, "invalid-request")


@pytest.mark.parametrize("path", ["/alerts", "/alerts/1/28/123"])
def test_alerts_are_for_keys_with_their_scope(app_with: AppWith, path: str) -> None:
    app = app_with(access=Access.KEYS)
    keys = {scope: create_key(wiring(app).database, "x", [scope], None) for scope in Scope}
    for scope, key in keys.items():
        answer = app.test_client().get(path, headers={"Authorization": f"Bearer {key}"})
        assert (answer.status_code == 403) is (scope is not Scope.ALERTS_READ), scope


def test_a_missing_alert_is_reported_with_its_place(services: AlertServices, sql: Sql) -> None:
    assert sql("SELECT FROM alert") == []
    with pytest.raises(NoSuchAlert, match="no alert 3 of player 2 is stored at t 1"):
        controllers.alert(services, Cursor(1, 2, 0, 3), shadow=True)
