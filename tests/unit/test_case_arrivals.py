"""What alerts do to a case: they open, wake and return it; how urgent it becomes; and what breaks a mute."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.cases.arrivals import Arrival, Mute, MuteEnd, Sifted, Tallies, attach, open_case, parse_value, sift
from app.cases.domain import Case, Status, Step, priority_of
from app.rules.meaning import Strength

NOW = datetime(2026, 11, 28, 7, tzinfo=UTC)
HOUR, DAY, MOMENT = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
NORMAL, STRONG = Strength.NORMAL, Strength.STRONG


def arrival(
    number: int = 1, code: int = 30, strength: Strength = NORMAL, value: str | None = "3", t: int = 10
) -> Arrival:
    return Arrival(
        number=number,
        user_id=7,
        t=t,
        n=0,
        code=code,
        edition=1,
        at=NOW,
        strength=strength,
        value=Decimal(value) if value else None,
        sentence=f"code {code} at {t}",
    )


def mute(code: int = 30, value: str | None = "3") -> Mute:
    return Mute(
        id=code,
        case_id=5,
        user_id=7,
        code=code,
        until=NOW + DAY,
        reason="known",
        value=Decimal(value) if value else None,
        made_by="staff:1 Ann",
        made_at=NOW - DAY,
    )


CASE = Case(
    id=5,
    user_id=7,
    status=Status.NEW,
    strength=NORMAL,
    priority=3,
    codes=(30,),
    alert_count=1,
    first_t=5,
    last_t=5,
    opened_at=NOW - HOUR,
    last_alert_at=NOW - HOUR,
    due_at=NOW + 23 * HOUR,
    assignee=1,
    version=4,
    events=6,
)
FEW = Tallies(latest=[NOW], most_repeated=1, closed_before=None)


def loud(*arrivals: Arrival) -> Sifted:
    return Sifted(loud=arrivals, muted=(), broken={})


def quiet(*arrivals: Arrival) -> Sifted:
    return Sifted(loud=(), muted=arrivals, broken={})


@pytest.mark.parametrize(
    ("strength", "latest", "most_repeated", "closed_before", "priority"),
    [
        (NORMAL, [NOW], 1, None, 3),
        (NORMAL, [NOW], 4, None, 3),
        (NORMAL, [NOW], 5, None, 2),
        (NORMAL, [NOW, NOW - DAY], 1, None, 1),
        (NORMAL, [NOW, NOW - DAY - MOMENT], 1, None, 3),
        (NORMAL, [NOW - 9 * DAY, NOW, NOW - 2 * HOUR], 1, None, 1),
        (NORMAL, [NOW], 1, timedelta(days=30), 1),
        (NORMAL, [NOW], 5, timedelta(days=30) + MOMENT, 2),
        (NORMAL, [], 0, None, 3),
        (STRONG, [NOW], 1, None, 0),
    ],
)
def test_how_urgent_a_case_is(
    strength: Strength, latest: Sequence[datetime], most_repeated: int, closed_before: timedelta | None, priority: int
) -> None:
    assert priority == priority_of(
        strength=strength, latest=latest, most_repeated=most_repeated, closed_before=closed_before
    )


def test_an_alert_opens_a_case() -> None:
    change = open_case(loud(arrival(t=10), arrival(2, code=123, t=8)), FEW, reopened_from=4)
    opened = change.case
    assert (opened.status, opened.user_id, opened.codes, opened.alert_count) == (Status.NEW, 7, (30, 123), 2)
    assert (opened.first_t, opened.last_t, opened.due_at) == (8, 10, NOW + DAY)
    assert (opened.reopened_from, opened.sentence, opened.version) == (4, "code 123 at 8", 1)
    assert (change.step, change.detail) == (Step.OPENED, {"alerts": 2, "codes": [30, 123]})


def test_a_strong_alert_is_due_within_an_hour() -> None:
    opened = open_case(loud(arrival(strength=STRONG), arrival(2)), FEW, reopened_from=None).case
    assert (opened.strength, opened.priority, opened.due_at) == (STRONG, 0, NOW + HOUR)
    after = attach(CASE, loud(arrival(strength=STRONG)), FEW).case
    assert (after.strength, after.priority, after.due_at) == (STRONG, 0, NOW + HOUR)


def test_a_strong_alert_does_not_postpone_what_is_due_earlier_or_strong_already() -> None:
    late = replace(CASE, due_at=NOW - HOUR)
    assert attach(late, loud(arrival(strength=STRONG)), FEW).case.due_at == NOW - HOUR
    strong = replace(CASE, strength=STRONG)
    assert attach(strong, loud(arrival(strength=STRONG)), FEW).case.due_at == strong.due_at


@pytest.mark.parametrize("status", [Status.NEW, Status.IN_REVIEW])
def test_a_further_alert_is_counted_and_makes_nobodys_step_stale(status: Status) -> None:
    after = attach(replace(CASE, status=status), loud(arrival(t=3)), FEW).case
    assert (after.status, after.alert_count, after.first_t, after.last_t) == (status, 2, 3, 5)
    assert (after.version, after.events, after.last_alert_at, after.due_at) == (4, 7, NOW, CASE.due_at)


def test_a_case_never_becomes_less_urgent() -> None:
    assert attach(replace(CASE, priority=1), loud(arrival()), FEW).case.priority == 1


def test_an_alert_wakes_a_snoozed_case() -> None:
    after = attach(replace(CASE, snoozed_until=NOW + DAY), loud(arrival()), FEW).case
    assert (after.status, after.snoozed_until, after.due_at, after.version) == (Status.NEW, None, NOW + DAY, 5)


@pytest.mark.parametrize(("before", "after"), [(3, 2), (0, 0)])
def test_an_alert_returns_a_monitored_case_more_urgent(before: int, after: int) -> None:
    waiting = replace(CASE, status=Status.MONITORING, priority=before, due_at=NOW + 30 * DAY)
    back = attach(waiting, loud(arrival()), FEW).case
    assert (back.status, back.priority, back.due_at, back.version) == (Status.IN_REVIEW, after, NOW + DAY, 5)


@pytest.mark.parametrize("status", Status)
def test_a_muted_alert_is_only_counted(status: Status) -> None:
    before = replace(CASE, status=status, snoozed_until=None if status is Status.CLOSED else NOW + DAY)
    change = attach(before, quiet(arrival(t=10)), FEW)
    assert change.detail == {"alerts": 1, "codes": [30], "muted": 1}
    after = replace(before, alert_count=2, last_t=10, last_alert_at=NOW, sentence="code 30 at 10", events=7)
    assert change.case == after


@pytest.mark.parametrize(
    ("muted", "arriving", "is_loud", "broken"),
    [
        ([mute()], arrival(), False, {}),
        ([mute()], arrival(value="5.99"), False, {}),
        ([mute()], arrival(value="6"), True, {30: MuteEnd.TWICE_THE_VALUE}),
        ([mute(value=None)], arrival(value="600"), False, {}),
        ([mute()], arrival(value=None), False, {}),
        ([mute()], arrival(strength=STRONG), True, {30: MuteEnd.STRONG}),
        ([mute()], arrival(code=123), True, {30: MuteEnd.OTHER_CODE}),
        ([mute(), mute(123)], arrival(code=123), False, {}),
        ([mute(), mute(123)], arrival(value="6"), True, {30: MuteEnd.TWICE_THE_VALUE}),
        ([mute(), mute(123)], arrival(code=300), True, {30: MuteEnd.OTHER_CODE, 123: MuteEnd.OTHER_CODE}),
        ([], arrival(), True, {}),
    ],
)
def test_what_breaks_a_mute(
    muted: Sequence[Mute],
    arriving: Arrival,
    is_loud: bool,  # noqa: FBT001
    broken: dict[int, MuteEnd],
) -> None:
    sifted = sift([arriving], muted)
    assert (sifted.loud == [arriving], sifted.broken) == (is_loud, broken)


def test_what_follows_the_alert_that_broke_a_mute_is_news() -> None:
    before, breaks, follows = arrival(1), arrival(2, value="6"), arrival(3)
    sifted = sift([follows, before, breaks], [mute()])
    assert (sifted.muted, sifted.loud) == ([before], [breaks, follows])
    detail = attach(CASE, sifted, FEW).detail
    assert detail == {"alerts": 3, "codes": [30], "muted": 1, "mutes_broken": {"30": "twice-the-value"}}


@pytest.mark.parametrize(("text", "value"), [("150.00", Decimal(150)), ("3", Decimal(3)), ("", None)])
def test_the_value_of_an_evidence(text: str, value: Decimal | None) -> None:
    assert parse_value(text) == value
