"""An import stores what the same events, sent one by one, would have stored (A53)."""

from dataclasses import replace
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random

import pytest
from apiflask import APIFlask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.events.domain import EventOrder
from app.rules.event import ActivityEvent, EventType
from app.rules.threshold import Threshold
from app.rules.window_total import WindowTotal
from tests.builders import played_by
from tests.edition_1 import RULES
from tests.integration.books import publish, shadow
from tests.integration.conftest import Sql
from tests.integration.importing import APART, Site, csv_of, imported, refused, run
from tests.integration.judging import verified
from tests.strategies import CROWDED

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")

Steps = list[tuple[EventType, Decimal, int]]
groups = count(1)
IDS = st.none() | st.sampled_from(["a", "b", "c", "d", "e"])
EVENTS = st.builds(
    ActivityEvent,
    user_id=st.integers(1, 2),
    t=st.integers(0, 6),
    type=st.sampled_from(EventType),
    amount=st.sampled_from([Decimal("1.00"), Decimal("150.00")]),
    event_id=IDS,
)
HYPOTHESIS = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def of_group(events: list[ActivityEvent], group: int) -> list[ActivityEvent]:
    return [replace(each, user_id=each.user_id + group * APART) for each in events]


def in_order(events: list[ActivityEvent]) -> list[ActivityEvent]:
    return sorted(events, key=lambda event: (event.user_id, event.t))


def total(code: int, seconds: int) -> WindowTotal:
    """Return a rule that the histories often meet, with more events than a listed window has."""
    kind = EventType.DEPOSIT
    return WindowTotal(code=code, name="much", description="much", type=kind, above=Decimal(100), seconds=seconds)


@pytest.fixture
def site(app: APIFlask, sql: Sql, tmp_path: Path) -> Site:
    return Site(app, sql, tmp_path)


@HYPOTHESIS
@given(st.lists(EVENTS, max_size=5), st.lists(EVENTS, min_size=1, max_size=14))
def test_an_import_equals_the_same_events_sent(
    site: Site, before: list[ActivityEvent], events: list[ActivityEvent]
) -> None:
    one, other = next(groups), next(groups)
    for group in (one, other):
        site.send(of_group(before, group))
    stored_before = len(site.stored(one)["events"])
    output = run(site.app, site.file(of_group(events, one)), "--max-faults", 99, span=4).output
    answers = site.send(of_group(in_order(events), other))
    assert site.stored(one) == site.stored(other)
    assert f": {len(site.stored(one)['events']) - stored_before} imported" in output
    assert set(answers) == {200} or "with faults" in output
    assert "differ" not in output


@HYPOTHESIS
@given(st.lists(CROWDED, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_a_history_in_any_order_is_judged_as_if_it_had_been_sent(
    site: Site, played: list[Steps], random: Random
) -> None:
    publish(site.app, [*RULES, *(total(code, seconds=5000 * code) for code in (1, 20))])
    shadow(site.app, [*RULES[:1], total(2, seconds=400)])
    events = [event for user_id, steps in enumerate(played, 1) for event in played_by(user_id, steps, start=10)]
    seconds = list({event.t for event in events})
    random.shuffle(seconds)
    shuffled = sorted(events, key=lambda event: seconds.index(event.t))  # the order within a second stays
    one, other = next(groups), next(groups)
    assert set(site.send(of_group(events, other))) == {200}
    output = imported(site.app, site.file(of_group(shuffled, one)), span=5)
    assert site.stored(one) == site.stored(other)
    assert f"{len(events)} lines: {len(events)} imported." in output or "1 line: 1 imported." in output


def test_what_is_imported_is_verified_and_sealed(app: APIFlask, sql: Sql, tmp_path: Path) -> None:
    events = [
        ActivityEvent(user_id=user_id, t=t * 10, type=EventType.DEPOSIT, amount=Decimal(150))
        for user_id in range(1, 30)
        for t in range(10)
    ]
    output = imported(app, csv_of(tmp_path / "events.csv", events), span=50)
    assert "All 290 events agree." in output
    sealed = app.test_cli_runner().invoke(args=["rules", "seal"])
    assert "Sealed: 290 events of 29 players" in sealed.output
    sql("UPDATE activity_event SET amount = 1 WHERE user_id = 5 AND t = 50")
    assert verified(app).lost == 1


def test_a_file_that_was_imported_is_a_replay(app: APIFlask, tmp_path: Path, sql: Sql) -> None:
    events = [ActivityEvent(user_id=1, t=t, type=EventType.DEPOSIT, amount=Decimal(1)) for t in range(5)]
    file = csv_of(tmp_path / "events.csv", events)
    imported(app, file)
    assert "5 lines: 0 imported, 5 stored already." in imported(app, file)
    assert sql("SELECT count(*) FROM activity_event") == [(5,)]


def test_an_edition_that_was_once_live_can_judge(app: APIFlask, tmp_path: Path, sql: Sql) -> None:
    rule = Threshold(code=7, name="any", description="any", type=EventType.DEPOSIT, above=Decimal(0))
    publish(app, [rule])
    file = csv_of(tmp_path / "a.csv", [ActivityEvent(user_id=1, t=1, type=EventType.DEPOSIT, amount=Decimal(1))])
    imported(app, file, "--edition", 1)
    assert sql("SELECT edition, alert_codes FROM activity_event") == [(1, [])]
    assert "no edition 9" in refused(app, file, "--edition", 9)


def test_an_edition_that_was_never_live_cannot_judge(app: APIFlask, tmp_path: Path) -> None:
    shadow(app, RULES)
    file = csv_of(tmp_path / "a.csv", [ActivityEvent(user_id=1, t=1, type=EventType.DEPOSIT, amount=Decimal(1))])
    assert "edition 2 was never live" in refused(app, file, "--edition", 2)


def test_a_dry_run_stores_nothing_and_reports_like_a_backtest(app: APIFlask, tmp_path: Path, sql: Sql) -> None:
    events = [
        ActivityEvent(user_id=user_id, t=t, type=EventType.DEPOSIT, amount=Decimal(150))
        for user_id in (1, 2)
        for t in range(12)
    ]
    output = imported(app, csv_of(tmp_path / "events.csv", events), "--dry-run", span=5)
    assert "24 lines: 24 would be imported." in output
    assert "Edition 1 raises 22 alerts" in output
    assert "To import it: flask --app app events import" in output
    assert sql("SELECT count(*) FROM activity_event") == sql("SELECT count(*) FROM import_line") == [(0,)]
    imported(app, tmp_path / "events.csv")
    assert sql("SELECT count(*) FROM alert") == [(22,)]


@pytest.mark.settings(registered_users_only=True, t_ahead=300)
def test_the_policy_of_events_holds(app: APIFlask, tmp_path: Path, sql: Sql) -> None:
    sql("INSERT INTO registered_user (user_id, name, email) VALUES (1, 'Ann', 'ann@example.com')")
    file = tmp_path / "events.csv"
    file.write_text("user_id,t,type,amount\n1,10,deposit,1\n2,10,deposit,1\n1,1795736749000,deposit,1\n")
    output = refused(app, file)
    assert "line 3, user_id: player 2 is not registered" in output
    assert "line 4, t: t 1795736749000 is" in output
    assert "looks like milliseconds" in output
    assert sql("SELECT count(*) FROM activity_event") == [(0,)]


@pytest.mark.settings(event_order=EventOrder.SYSTEM)
def test_the_order_of_the_system_is_refused(app: APIFlask, tmp_path: Path) -> None:
    file = csv_of(tmp_path / "a.csv", [])
    assert "import with EVENT_ORDER=user" in refused(app, file)
