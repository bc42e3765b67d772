"""Keeper: what has ended is started again, soon at first, then after longer and longer pauses."""

import pytest

from lib.local.keeper import Keeper

DEAD = 0.0  # seconds that it runs


def started(lives: list[float]) -> list[float]:
    """Return the times at which something is started that runs for these durations, checked ten times a second."""
    starts, ends, now = list[float](), [0.0], 0.0

    def start() -> None:
        starts.append(now)
        ends.append(now + lives.pop(0))

    keeper = Keeper("it", lambda: now < ends[-1], start)
    while lives:
        keeper.check(now := now + 0.1)
    return starts


def test_pauses_between_failing_starts_double_up_to_two_seconds() -> None:
    starts = started([DEAD] * 7)
    pauses = [after - before for before, after in zip([0, *starts], starts, strict=False)]
    assert pauses == pytest.approx([0.3, 0.5, 0.9, 1.7, 2.1, 2.1, 2.1], abs=0.15)


@pytest.mark.parametrize(("lived", "pause"), [(9, 0.4), (11, 0.2)])
def test_the_pause_is_short_again_after_ten_seconds_of_running(lived: float, pause: float) -> None:
    first, second = started([lived, DEAD])
    assert second - first - lived == pytest.approx(pause + 0.1, abs=0.11)  # it is seen a look later


def test_what_works_is_left_alone() -> None:
    Keeper("it", lambda: True, pytest.fail).check(1)


def test_a_failed_start_and_a_failed_check_are_reported_and_survived(capsys: pytest.CaptureFixture[str]) -> None:
    def start() -> None:
        raise ValueError("no luck")

    def look() -> bool:
        raise OSError("unreadable")

    keeper = Keeper("it", lambda: False, start)
    keeper.check(1)
    keeper.check(2)
    Keeper("it", look, start).check(1)
    said = capsys.readouterr().out
    assert "it has ended; starting it again in 0.2 s" in said
    assert "it cannot be started or checked: no luck" in said
    assert "it cannot be started or checked: unreadable" in said
