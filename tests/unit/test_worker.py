"""The worker's turns: a failure neither ends a duty nor floods the log, and a stuck one is noticed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from app.work import worker
from app.work.services import Duty
from app.work.worker import Worker
from lib.database_errors import Unavailable

MAX_WAIT = 20  # seconds


@dataclass
class Errand:
    """Does each of these in its turns, and then nothing."""

    todo: list[Callable[[], bool]] = field(default_factory=list)
    done: int = 0
    idle: Event = field(default_factory=Event)

    def run_once(self) -> bool:
        if self.done == len(self.todo):
            self.idle.set()
            return False
        self.done += 1
        return self.todo[self.done - 1]()


def fail(error: Exception) -> Callable[[], NoReturn]:
    def turn() -> NoReturn:
        raise error

    return turn


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "AFTER_A_FAILURE", 0.0)
    monkeypatch.setattr(worker, "GRACE", 0.2)


def run(*errands: Errand, patience: float = 60) -> Worker:
    duties = [Duty(name=f"errand {no}", errand=each, pause=0.01, patience=patience) for no, each in enumerate(errands)]
    made = Worker(duties)
    made.start()
    return made


def test_turns_follow_at_once_while_there_is_more() -> None:
    errand = Errand([lambda: True] * 500)
    began, made = time.monotonic(), run(errand)
    assert errand.idle.wait(MAX_WAIT)
    made.stop()
    assert time.monotonic() - began < 500 * 0.01


def test_a_failure_is_told_once_and_so_is_its_end() -> None:
    lost = fail(Unavailable("the database does not answer"))
    errand, other = Errand([lost, lost, lost, lambda: False]), Errand([lambda: False])
    with capture_logs() as lines:
        made = run(errand, other)
        assert errand.idle.wait(MAX_WAIT)
        assert other.idle.wait(MAX_WAIT)
        made.stop()
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("worker waits for the database", "warning"),
        ("worker goes on", "info"),
    ]


def test_a_defect_is_told_with_its_traceback_and_ends_nothing() -> None:
    errand = Errand([fail(ValueError("a defect")), lambda: False])
    with capture_logs() as lines:
        made = run(errand)
        assert errand.idle.wait(MAX_WAIT)
        made.stop()
    [told, *_] = lines
    assert (told["event"], told["log_level"], type(told["exc_info"])) == ("worker disturbed", "error", ValueError)


def test_a_duty_that_fails_is_in_trouble_since_its_first_failure() -> None:
    may_end, lost = Event(), Unavailable("the database does not answer")

    def fail_late() -> bool:
        may_end.wait(MAX_WAIT)
        raise lost

    failing, well = Errand([fail(ValueError("somebody's data")), fail_late, lambda: False]), Errand()
    with capture_logs():
        made = run(failing, well)
        until = time.monotonic() + MAX_WAIT
        while failing.done < 2 and time.monotonic() < until:
            time.sleep(0.01)
        [first] = made.troubles()
        assert (first.duty, first.cause) == ("errand 0", "ValueError, which the worker's log shows")
        time.sleep(0.1)
        assert made.troubles()[0].seconds >= first.seconds + 0.1
        may_end.set()
        assert failing.idle.wait(MAX_WAIT)
        assert made.troubles() == []
        made.stop()


def test_a_duty_with_a_long_pause_is_tried_again_soon_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MOST_AFTER_A_FAILURE", 0.01)
    failing = Errand([fail(ValueError("a defect")), lambda: False])
    made = Worker([Duty(name="cleaning", errand=failing, pause=MAX_WAIT)])
    with capture_logs():
        made.start()
        until = time.monotonic() + MAX_WAIT / 2
        while failing.done < 2:
            assert time.monotonic() < until
            time.sleep(0.01)
        made.stop()


def test_a_turn_that_takes_too_long_counts_as_stuck() -> None:
    goes_on = Event()
    made = run(Errand([goes_on.wait]), Errand(), patience=0.05)
    until = time.monotonic() + MAX_WAIT
    while made.works() and time.monotonic() < until:
        time.sleep(0.01)
    assert not made.works()
    assert [(each.duty, each.cause) for each in made.troubles()] == [("errand 0", "its turn does not end")]
    goes_on.set()
    while not made.works() and time.monotonic() < until:
        time.sleep(0.01)
    assert made.works()
    made.stop()


def test_a_stop_waits_for_turns_under_way_but_not_for_ever() -> None:
    goes_on, busy = Event(), Errand([lambda: Event().wait(0.1)])
    stuck = Errand([lambda: goes_on.wait(MAX_WAIT)])
    made = run(busy, stuck)
    began = time.monotonic()
    made.stop()
    assert time.monotonic() - began < MAX_WAIT / 2
    goes_on.set()


def test_a_stop_tells_a_turn_under_way_to_end_early_whatever_that_raises() -> None:
    goes_on = Event()

    def break_off() -> None:
        raise ValueError("a defect")

    stuck = Duty(name="long", errand=Errand([lambda: goes_on.wait(MAX_WAIT)]), pause=0.01, at_stop=goes_on.set)
    broken = Duty(name="broken", errand=Errand(), pause=0.01, at_stop=break_off)
    made = Worker([broken, stuck])
    began = time.monotonic()
    with capture_logs() as logs:
        made.start()
        made.stop()
    assert time.monotonic() - began < MAX_WAIT / 2
    assert [each["duty"] for each in logs if each["log_level"] == "error"] == ["broken"]
