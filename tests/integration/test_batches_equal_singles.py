"""A batch is answered, stored and proven as the same events one by one, byte for byte (A50)."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from apiflask import APIFlask
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app.events import controllers
from app.events.batch import domain, together
from app.events.domain import EventOrder
from app.rules.event import EventType
from app.rules.rule import Rule
from app.rules.threshold import Threshold
from app.rules.window_total import WindowTotal
from tests.edition_1 import RULES
from tests.integration.batches import anywhere, one_by_one, results, send_array, send_lines, stored
from tests.integration.books import publish, shadow
from tests.integration.conftest import EMPTY, AppWith, Sql
from tests.integration.judging import verified

EMPTY_EVENTS = EMPTY.replace("registered_user, ", "")  # the register stays

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")

PLAYERS = st.integers(1, 5)
EVENT: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["deposit", "withdraw"]),
        "amount": st.sampled_from(["50", "90.00", "101", "1", 0.5]),
        "user_id": PLAYERS,
        "t": st.integers(0, 40),
    },
    optional={"event_id": st.sampled_from("abcdefgh")},
)
WRONG = st.sampled_from(
    ["rubbish", "[1]", "{}", '{"t": 1, "t": 2}', '{"amount": "0", "t": 1, "user_id": 1, "type": "x"}']
)
# Most events come in order, as a platform sends them: those are decided together.
RISING = st.lists(EVENT, max_size=24).map(lambda events: sorted(events, key=lambda event: event["t"]))
SENT = st.tuples(RISING, st.lists(EVENT | WRONG, max_size=8), RISING).map(
    lambda parts: [*parts[0], *parts[1], *parts[2]]
)
CUTS = st.lists(st.integers(1, 30), min_size=1, max_size=4)
LONG = WindowTotal(code=7, name="long", description="long", type=EventType.DEPOSIT, above=Decimal(120), seconds=3600)
LOW = Threshold(code=8, name="low", description="low", type=EventType.WITHDRAW, above=Decimal(5))

Check = Callable[[], None]


def in_batches(app: APIFlask, sent: Sequence[object], cuts: Sequence[int]) -> list[dict[str, Any]]:
    """Send events in batches of these sizes, over and over, and return all results."""
    client, place = app.test_client(), 0
    found: list[dict[str, Any]] = []
    while place < len(sent):
        size = cuts[len(found) % len(cuts)]
        part = sent[place : place + size]
        as_array = size % 2 and not any(isinstance(each, str) for each in part)
        answer = (send_array if as_array else send_lines)(client, part)
        found += [{**each, "index": place + each["index"]} for each in results(answer)]
        place += len(part)
    return anywhere(found)


def prepare(app: APIFlask, before: Sequence[dict[str, Any]]) -> None:
    """Send events, and correct the amounts of some and take back others, whichever are stored."""
    client = app.test_client()
    one_by_one(client, before)
    for place, event in enumerate(before):
        which = f"by-id/{event['event_id']}" if "event_id" in event else event["t"]
        path = f"/users/{event['user_id']}/events/{which}"
        if place % 3 == 0:
            client.post(f"{path}/reversal", json={"reason": "charge-back"})
        elif place % 3 == 1:
            client.post(f"{path}/amendment", json={"reason": "typing error", "amount": "101"})


def check(app: APIFlask, sql: Sql, examples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare both ways for generated events; chunks are small, so that a batch has several."""
    monkeypatch.setattr(domain, "CHUNK", 9)

    @settings(max_examples=examples, deadline=None, phases=[Phase.generate])  # shrinking would take minutes
    @given(before=st.lists(EVENT, max_size=5), sent=SENT, cuts=CUTS)
    def equal(before: list[dict[str, Any]], sent: list[object], cuts: list[int]) -> None:
        sql(EMPTY_EVENTS)
        prepare(app, before)
        expected, rows = one_by_one(app.test_client(), sent), stored(sql)
        sql(EMPTY_EVENTS)
        prepare(app, before)
        assert in_batches(app, sent, cuts) == expected
        assert stored(sql) == rows

    equal()


def test_any_events(app: APIFlask, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    check(app, sql, 40, monkeypatch)
    findings = verified(app)
    assert (findings.differences, findings.losses) == ([], [])


@pytest.mark.parametrize(
    "policy",
    [
        {"event_order": EventOrder.SYSTEM},
        {"event_order": EventOrder.SYSTEM, "registered_users_only": True},
        {"late_events": "keep", "late_horizon": timedelta(seconds=30)},
        {"t_ahead": 0},
        {"registered_users_only": True},
    ],
    ids=["system", "system, registered", "late", "t ahead", "registered"],
)
def test_any_events_under_each_policy(
    app_with: AppWith, sql: Sql, monkeypatch: pytest.MonkeyPatch, policy: dict[str, object]
) -> None:
    for module in (controllers, together):
        monkeypatch.setattr(module, "time", lambda: 20.0)  # the clock stands still
    app = app_with(**policy)
    if "registered_users_only" in policy:
        for user_id in (1, 3, 5):
            app.test_client().post("/users", json={"user_id": user_id, "name": "x", "email": f"{user_id}@example.com"})
    check(app, sql, 12, monkeypatch)


@pytest.mark.parametrize(
    ("live", "order"),
    [(RULES, EventOrder.USER), ([*RULES, LONG], EventOrder.USER), ([*RULES, LONG], EventOrder.SYSTEM)],
    ids=["short windows", "a long window", "a long window, system"],
)
def test_any_events_with_an_edition_in_the_shadow(
    app_with: AppWith, sql: Sql, monkeypatch: pytest.MonkeyPatch, live: Sequence[Rule], order: EventOrder
) -> None:
    app = app_with(event_order=order)
    publish(app, live)
    shadow(app, [LOW, LONG] if len(live) > len(RULES) else [LOW])
    check(app, sql, 12, monkeypatch)
