"""Metrics that are read from elsewhere: now and then, and nobody waits for long."""

import time
from collections.abc import Iterator
from threading import Event

import pytest
from structlog.testing import capture_logs

from lib.database_errors import Unavailable
from lib.metrics.measured import PATIENCE, PAUSE, Measured


class Source:
    """What is read: numbers in a row, after a hindrance or not at all."""

    def __init__(self) -> None:
        self.number, self.free = 0, Event()
        self.error: Exception | None = None
        self.shown: list[int | None] = []
        self.free.set()

    def read(self) -> int:
        self.free.wait(60)
        self.number += 1
        if self.error:
            raise self.error
        return self.number


@pytest.fixture
def source() -> Iterator[Source]:
    made = Source()
    yield made
    made.free.set()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be moved by a test."""
    at = [1000.0]
    monkeypatch.setattr("lib.metrics.measured.time.monotonic", lambda: at[0])
    return at


def test_a_reading_serves_for_a_while(source: Source, now: list[float]) -> None:
    numbers = Measured(source.read, source.shown.append)
    numbers.refresh()
    now[0] += PAUSE - 0.1
    numbers.refresh()
    assert source.shown == [1]
    now[0] += 0.1
    numbers.refresh()
    assert source.shown == [1, 2]


@pytest.mark.parametrize("error", [Unavailable("away"), ValueError("no such table")])
def test_a_failure_is_shown_as_unknown_until_a_reading_succeeds(
    source: Source, now: list[float], error: Exception
) -> None:
    numbers = Measured(source.read, source.shown.append)
    with capture_logs() as lines:
        for failure in (None, error, error, None):
            source.error = failure
            numbers.refresh()
            now[0] += PAUSE
    assert source.shown == [1, None, None, 4]
    logged = [line["event"] for line in lines]
    assert logged.count("metrics not measured") == len(logged) == isinstance(error, ValueError), (
        "once, and an outage is logged elsewhere"
    )


def test_a_reading_that_hangs_delays_nobody_and_is_not_started_twice(source: Source, now: list[float]) -> None:
    numbers = Measured(source.read, source.shown.append)
    source.free.clear()
    for _ in range(2):
        began = time.perf_counter()
        numbers.refresh()
        assert time.perf_counter() - began < PATIENCE + 5
        now[0] += PAUSE
    assert source.shown == [None, None]
    source.free.set()
    numbers.refresh()
    assert source.shown[-1] == 1
