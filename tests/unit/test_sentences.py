"""Sentences on why a rule fired and what it requires, as an analyst reads them."""

from decimal import Decimal
from typing import Any

import pytest

from app.rules.engine import evaluate, needs_of
from app.rules.event import ActivityEvent, EventType
from app.rules.rising_streak import RisingStreak
from app.rules.rule import Rule
from app.rules.streak import Streak
from app.rules.threshold import Threshold
from app.rules.window_total import WindowTotal
from app.rules.wording import PRESENT, lasting
from tests.builders import deposit, history_of, withdraw

DEPOSIT, WITHDRAW = EventType.DEPOSIT, EventType.WITHDRAW
TOLD: dict[str, Any] = {"code": 1, "name": "a rule", "description": "what it is for"}


def threshold(kind: EventType, above: str) -> Rule:
    return Threshold(**TOLD, type=kind, above=Decimal(above))


def window(kind: EventType, above: str, seconds: int) -> Rule:
    return WindowTotal(**TOLD, type=kind, above=Decimal(above), seconds=seconds)


STREAK = Streak(**TOLD, type=WITHDRAW, count=3)
# A rule, events, and the sentence on the last of them in the present wording and in that of 0.1.
CASES: list[tuple[Rule, list[ActivityEvent], str, str]] = [
    (
        threshold(WITHDRAW, "100"),
        [withdraw("150")],
        "150.00 withdrawn at once (threshold 100.00)",
        "150.00 withdrawn at once; the limit is 100.00",
    ),
    (
        STREAK,
        [withdraw("1", 1), withdraw("1", 2), withdraw("1", 9)],
        "3 withdrawals in a row within 8 s (threshold 3)",
        "3 withdraws in a row, in 8 s; the limit is 3 in a row",
    ),
    (
        Streak(**TOLD, type=DEPOSIT, count=2),
        [deposit("1", 1), deposit("1", 90_062)],
        "2 deposits in a row within 1 d 1 h 1 min 1 s (threshold 2)",
        "2 deposits in a row, in 1 d 1 h 1 min 1 s; the limit is 2 in a row",
    ),
    (
        RisingStreak(**TOLD, type=DEPOSIT, count=3),
        [deposit("10", 1), deposit("20.5", 2), withdraw("1", 3), deposit("30", 4)],
        "the last 3 deposits rose from 10.00 to 20.50 to 30.00 (threshold 3)",
        "the last 3 deposits rose from 10.00 to 20.50 to 30.00; the limit is 3 that rise",
    ),
    (
        RisingStreak(**TOLD, type=DEPOSIT, count=11),
        [deposit(str(number), number) for number in range(1, 12)],
        "the last 11 deposits rose from 1.00 to 11.00 (threshold 11)",
        "the last 11 deposits rose from 1.00 to 11.00; the limit is 11 that rise",
    ),
    (
        window(DEPOSIT, "200", 30),
        [deposit("100", 1), deposit("12", 28), deposit("100", 29)],
        "212.00 deposited within 28 s by 3 deposits (threshold 200.00 within 30 s)",
        "212.00 deposited in 28 s by 3 deposits; the limit is 200.00 in 30 s",
    ),
    (
        window(DEPOSIT, "200", 30),
        [deposit("201")],
        "201.00 deposited at once by 1 deposit (threshold 200.00 within 30 s)",
        "201.00 deposited at once by 1 deposit; the limit is 200.00 in 30 s",
    ),
    (
        window(WITHDRAW, "500", 604_800),
        [withdraw("674.44", 10), deposit("1", 15)],
        "674.44 withdrawn 5 s ago by 1 withdrawal (threshold 500.00 within 7 d)",
        "674.44 withdrawn 5 s ago by 1 withdraw; the limit is 500.00 in 7 d",
    ),
    (
        window(WITHDRAW, "500", 604_800),
        [withdraw("400", 0), withdraw("200", 524_865)],
        "600.00 withdrawn within 6 d 1 h 47 min 45 s by 2 withdrawals (threshold 500.00 within 7 d)",
        "600.00 withdrawn in 6 d 1 h 47 min 45 s by 2 withdraws; the limit is 500.00 in 7 d",
    ),
]


@pytest.mark.parametrize(("rule", "events", "present", "former"), CASES)
def test_the_sentence_says_what_was_compared(
    rule: Rule, events: list[ActivityEvent], present: str, former: str
) -> None:
    *earlier, last = events
    [alert] = evaluate([rule], last, history_of(earlier, needs_of([rule], last.type), last.t))
    assert alert.sentence == alert.sentence_as(PRESENT) == present
    assert alert.sentence_as(None) == former, "A45"


def test_durations_between_a_minute_and_an_hour_are_in_minutes_unlike_in_0_1() -> None:
    latest = [withdraw("1", 1), withdraw("1", 2), withdraw("1", 630)]
    [alert] = evaluate([STREAK], latest[-1], history_of(latest[:-1], needs_of([STREAK], WITHDRAW), 630))
    assert alert.sentence == "3 withdrawals in a row within 10 min 29 s (threshold 3)"
    assert alert.sentence_as(None) == "3 withdraws in a row, in 629 s; the limit is 3 in a row"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (30, "30 s"),
        (60, "1 min"),
        (3599, "59 min 59 s"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (86_400, "1 d"),
        (86_401, "1 d 1 s"),
        (2_678_400, "31 d"),
    ],
)
def test_a_duration_is_written_exactly(seconds: int, expected: str) -> None:
    assert lasting(seconds) == expected


def test_long_windows_are_written_readably() -> None:
    assert window(DEPOSIT, "1000", 604_800).terms == "deposits within 7 d add up to more than 1000.00"
