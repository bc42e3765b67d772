"""Alerts become cases: one open case a player, each alert once, whatever people do meanwhile."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread

import psycopg2
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.cases import controllers, others
from app.cases.attaching import MOST
from app.cases.domain import Case, Outcome, Status
from app.cases.requests import Closing, Opening
from app.rules.meaning import Indicator, Strength
from app.staff.permissions import Actor, Role
from lib.metrics import measured
from tests.integration.casework import ROOT, STRONG_CODE, Casework, casework_of, member, seen
from tests.integration.conftest import Sql
from tests.integration.servers import MAX_WAIT

DONE = Closing(outcome=Outcome.NO_CONCERN, reason="all well")


@pytest.fixture
def work(app: APIFlask, sql: Sql) -> Casework:
    return casework_of(app, sql)


@pytest.fixture
def ann(sql: Sql) -> Actor:
    return member(sql, "Ann", Role.ANALYST)


def attached(sql: Sql) -> list[tuple[int, int, int, int]]:
    return sql("SELECT user_id, t, code, case_id FROM case_alert ORDER BY number")


def closed(work: Casework, ann: Actor, case: Case) -> Case:
    taken = controllers.take(work.services, ann, seen(case))
    return controllers.close(work.services, ann, seen(taken), DONE)


def test_the_first_alert_of_a_player_opens_a_case_and_others_are_told(work: Casework) -> None:
    case = work.opened(7)
    assert (case.status, case.priority, case.codes, case.alert_count) == (Status.NEW, 3, (30,), 1)
    assert case.sentence == "code 30 at 10"
    assert work.steps(case.id) == ["open"]
    assert [(news.case_id, news.user_id, news.by_hand) for news in work.news] == [(case.id, 7, False)]
    assert work.sql("SELECT topic, body ->> 'case_id' FROM notice") == [("case.opened", str(case.id))]
    [alert] = work.page(case.id).alerts
    assert (alert.t, alert.code, alert.muted, alert.sentence) == (10, 30, False, "code 30 at 10")


def test_alerts_of_one_batch_are_one_step_a_case(work: Casework) -> None:
    for user_id, t, code in ((8, 10, 30), (7, 10, 30), (8, 11, 30), (7, 12, 123)):
        work.alert(user_id, t, code)
    work.attach()
    assert [work.case_of(user_id).alert_count for user_id in (7, 8)] == [2, 2]
    assert work.case_of(7).priority == 1  # two codes within a day
    assert work.sql("SELECT count(*) FROM case_event") == [(2,)]
    assert work.sql("SELECT user_id FROM care_case ORDER BY id") == [(7,), (8,)]


def test_further_alerts_go_to_the_open_case(work: Casework, ann: Actor) -> None:
    case = work.opened(7)
    controllers.take(work.services, ann, seen(case))
    for t in range(11, 15):
        work.opened(7, t)
    after = work.case_of(7)
    assert (after.id, after.status, after.alert_count, after.priority) == (case.id, Status.IN_REVIEW, 5, 2)
    assert after.version == case.version + 1
    assert work.steps(case.id) == ["open", "take", *["alerts"] * 4]


def test_an_entry_is_attached_once_however_often_the_feed_is_read(work: Casework, sql: Sql) -> None:
    """A73."""
    work.opened(7)
    sql("UPDATE case_head SET number = 0")
    work.attach()
    assert len(attached(sql)) == 1
    assert work.case_of(7).alert_count == 1


def test_a_strong_alert_makes_its_case_strong_and_due_within_the_hour(work: Casework) -> None:
    case = work.opened(7, code=STRONG_CODE)
    assert (case.strength, case.priority, case.due_at) == (Strength.STRONG, 0, case.opened_at + timedelta(hours=1))


def test_an_alert_after_the_closing_opens_a_new_case_and_leaves_the_old_one(work: Casework, ann: Actor) -> None:
    first = closed(work, ann, work.opened(7))
    second = work.opened(7, 20)
    assert (second.reopened_from, second.status, second.priority) == (first.id, Status.NEW, 1)
    assert work.page(first.id).case == first


def test_a_case_reopened_after_more_than_30_days_is_not_urgent(work: Casework, ann: Actor, sql: Sql) -> None:
    first = closed(work, ann, work.opened(7))
    sql("UPDATE care_case SET closed_at = closed_at - interval '30 days 1 second' WHERE id = %s", first.id)
    assert work.opened(7, 20).priority == 3


def test_an_alert_wakes_a_snoozed_case(work: Casework, ann: Actor) -> None:
    case = work.opened(7)
    until = datetime.now(UTC) + timedelta(days=2)
    controllers.snooze(work.services, ann, seen(case), until=until, reason="on holiday")
    after = work.opened(7, 11)
    assert (after.snoozed_until, after.status, after.version) == (None, Status.NEW, 3)


def test_an_alert_returns_a_monitored_case_one_priority_higher(work: Casework, ann: Actor) -> None:
    taken = controllers.take(work.services, ann, seen(work.opened(7)))
    until = datetime.now(UTC) + timedelta(days=14)
    controllers.wait_for_effect(work.services, ann, seen(taken), evaluate_at=until, note="limit set")
    after = work.opened(7, 11)
    assert (after.status, after.priority, after.assignee) == (Status.IN_REVIEW, 2, ann.staff_id)


def test_what_is_quiet_opens_no_case(work: Casework, sql: Sql) -> None:
    work.alert(7, quiet=True)
    work.attach()
    assert attached(sql) == []
    assert sql("SELECT number FROM case_head") == [(1,)]


def test_a_retracted_alert_stays_and_is_marked_until_it_is_found_again(work: Casework, sql: Sql) -> None:
    case = work.opened(7)
    marked = "SELECT retracted_at IS NOT NULL FROM case_alert"
    work.alert(7, kind="retracted", no=1)
    work.attach()
    assert sql(marked) == [(True,)]
    work.alert(7, kind="found-late", no=2)
    work.attach()
    assert sql(marked) == [(False,)]
    assert work.case_of(7).alert_count == 1
    assert [event.detail for event in work.journal(case.id)][1:] == [{"retracted": [30]}, {"found_again": [30]}]


def test_raised_and_retracted_in_one_batch_is_one_step(work: Casework, sql: Sql) -> None:
    work.alert(7)
    work.alert(7, kind="retracted", no=1)
    case = work.opened(7, 11)
    assert sql("SELECT t, retracted_at IS NOT NULL FROM case_alert ORDER BY t") == [(10, True), (11, False)]
    assert [event.detail for event in work.journal(case.id)] == [{"alerts": 2, "codes": [30], "retracted": [30]}]


def test_the_retraction_of_what_was_raised_before_cases_began_is_passed_over(work: Casework, sql: Sql) -> None:
    work.alert(7, kind="retracted", no=1)
    work.attach()
    assert sql("SELECT count(*) FROM care_case") == [(0,)]


class TestMutes:
    @pytest.fixture
    def muted(self, work: Casework, ann: Actor) -> Case:
        """A case that is closed, of a player whose code 30 is muted."""
        case = work.opened(7)
        until = datetime.now(UTC) + timedelta(days=30)
        others.mute(work.services, ann, seen(case), code=30, until=until, reason="salary day")
        return closed(work, ann, work.case_of(7))

    def test_a_muted_alert_is_counted_by_the_closed_case(self, work: Casework, muted: Case, sql: Sql) -> None:
        """A75."""
        work.alert(7, 11)
        work.attach()
        after = work.page(muted.id).case
        assert (after.status, after.alert_count, after.version) == (Status.CLOSED, 2, muted.version)
        assert sql("SELECT t, case_id, muted FROM case_alert ORDER BY t") == [
            (10, muted.id, False),
            (11, muted.id, True),
        ]
        assert work.steps(muted.id)[-1] == "alerts"

    @pytest.mark.parametrize(
        ("code", "value", "ended"),
        [(30, "6", "twice-the-value"), (123, "3", "other-code"), (STRONG_CODE, "3", "strong")],
    )
    def test_something_stronger_breaks_the_mute_and_opens_a_case(  # noqa: PLR0913, PLR0917  # fixtures
        self, work: Casework, muted: Case, sql: Sql, code: int, value: str, ended: str
    ) -> None:
        work.alert(7, 11, code, value=value)
        work.attach()
        opened = work.case_of(7)
        assert (opened.reopened_from, opened.status, opened.alert_count) == (muted.id, Status.NEW, 1)
        assert sql("SELECT in_force, ended FROM case_mute") == [(False, ended)]

    def test_a_mute_ends_by_itself(self, work: Casework, muted: Case, sql: Sql) -> None:
        sql("UPDATE case_mute SET until = now()")
        assert work.opened(7, 11).id > muted.id

    def test_a_lifted_mute_is_over(self, work: Casework, muted: Case, ann: Actor) -> None:
        others.unmute(work.services, ann, seen(muted), code=30)
        assert work.opened(7, 11).id > muted.id

    def test_a_muted_alert_leaves_a_snoozed_case_alone(self, work: Casework, ann: Actor) -> None:
        case = work.opened(8)
        until = datetime.now(UTC) + timedelta(days=2)
        others.mute(work.services, ann, seen(case), code=30, until=until, reason="known")
        asleep = controllers.snooze(work.services, ann, seen(case), until=until, reason="known")
        after = work.opened(8, 11)
        assert after.snoozed_until == asleep.snoozed_until == until
        assert after.alert_count == 2


class TestWaking:
    def test_a_snooze_that_is_over_wakes_its_case(self, work: Casework, ann: Actor, sql: Sql) -> None:
        case = work.opened(7)
        until = datetime.now(UTC) + timedelta(days=2)
        controllers.snooze(work.services, ann, seen(case), until=until, reason="on holiday")
        work.wake()
        assert work.case_of(7).snoozed_until == until
        sql("UPDATE care_case SET snoozed_until = now()")
        work.wake()
        assert (work.case_of(7).snoozed_until, work.steps(case.id)) == (None, ["open", "snooze", "wake"])
        assert work.journal(case.id)[-1].who == "service"

    def test_a_monitored_case_comes_back_when_its_time_has_come(self, work: Casework, ann: Actor, sql: Sql) -> None:
        taken = controllers.take(work.services, ann, seen(work.opened(7)))
        until = datetime.now(UTC) + timedelta(days=14)
        controllers.wait_for_effect(work.services, ann, seen(taken), evaluate_at=until)
        work.wake()
        assert work.case_of(7).status is Status.MONITORING
        sql("UPDATE care_case SET due_at = now()")
        work.wake()
        after = work.case_of(7)
        assert (after.status, after.priority, work.steps(taken.id)[-1]) == (Status.IN_REVIEW, 2, "return")


@pytest.fixture
def holding(work: Casework, database: str) -> Iterator[psycopg2.extensions.connection]:
    """A connection that holds the lock of player 7's case."""
    work.opened(7)
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM care_case WHERE user_id = 7 FOR UPDATE")
        yield other


def test_a_locked_case_delays_no_alert_before_it_and_loses_none(
    work: Casework, holding: psycopg2.extensions.connection, sql: Sql
) -> None:
    for user_id in (1, 2, 3, 7, 4):
        work.alert(user_id, 20)
    errand = work.attaching()
    for _ in range(20):
        errand.run_once()
    assert [user_id for user_id, t, *_ in attached(sql) if t == 20] == [1, 2, 3]
    holding.rollback()
    while errand.run_once() or sql("SELECT count(*) FROM case_alert") != [(6,)]:
        pass
    assert sorted(user_id for user_id, t, *_ in attached(sql) if t == 20) == [1, 2, 3, 4, 7]


def test_a_case_that_a_person_opens_at_this_moment_takes_the_alert(work: Casework, database: str, sql: Sql) -> None:
    work.alert(7)
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute(
            "INSERT INTO care_case (user_id, status, strength, priority, opened_at, last_alert_at, due_at, events)"
            " VALUES (7, 'new', 'normal', 3, now(), now(), now(), 1) RETURNING id"
        )
        [(case_id,)] = cursor.fetchall()
        worker = Thread(target=work.attach)
        worker.start()
        while not sql("SELECT pid FROM pg_locks WHERE NOT granted"):
            pass
        other.commit()
        worker.join()
    work.attach()
    assert attached(sql) == [(7, 10, 30, case_id)]


def test_two_workers_attach_each_entry_once(work: Casework, sql: Sql) -> None:
    for number in range(3 * MOST):
        work.alert(1 + number % 40, 100 + number)
    workers = [Thread(target=work.attach) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    work.attach()
    assert sql("SELECT count(*), count(DISTINCT case_id) FROM case_alert") == [(3 * MOST, 40)]
    assert sql("SELECT sum(alert_count) FROM care_case") == [(3 * MOST,)]


def test_a_case_by_hand_takes_the_next_alert(work: Casework, ann: Actor) -> None:
    opening = Opening(user_id=7, indicator=Indicator.CUSTOMER_LED_CONTACT, reason="wrote that it is too much")
    by_hand = controllers.open_by_hand(work.services, ann, opening)
    after = work.opened(7)
    assert (after.id, after.alert_count, after.first_t) == (by_hand.id, 1, 10)
    assert replace(by_hand, first_seen_at=None).sentence == "wrote that it is too much"
    assert ROOT.staff_id is None


def test_metrics_say_how_far_cases_lag(
    work: Casework, client: FlaskClient, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "PAUSE", 0)  # each request looks at the database
    monkeypatch.setattr(measured, "PATIENCE", MAX_WAIT)

    def shown() -> tuple[float, float]:
        text = client.get("/metrics").text
        lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if "activity_cases_" in line)
        waiting, oldest = "activity_cases_unattached_alerts", "activity_cases_oldest_unattached_seconds"
        return float(lines[waiting]), float(lines[oldest])

    assert shown() == (0, 0)
    work.alert(7)
    work.alert(8)
    sql("UPDATE alert_feed SET at = now() - interval '90 seconds' WHERE user_id = 7")
    waiting, oldest = shown()
    assert waiting == 2
    assert oldest >= 90
    work.attach()
    assert shown() == (0, 0)
