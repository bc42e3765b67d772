"""Which workers count as silent, by checks, and who learns that all is well."""

import os
import time
from dataclasses import dataclass, field
from threading import Event

import pytest

from lib import heartbeat
from lib.watchdog import GIVEN_UP, MISSED, STARTING, Watchdog


@dataclass
class Worker:
    pid: int | None
    kills: int = 0

    def kill(self) -> None:
        self.kills += 1


@dataclass
class House:
    """A watchdog with its workers, and how often it reported that all is well."""

    reader: int
    writer: int
    workers: list[Worker] = field(default_factory=lambda: [Worker(os.getpid()), Worker(1)])
    well: int = 0

    def __post_init__(self) -> None:
        self.watchdog = Watchdog(self.reader, lambda: self.workers, [self.tell])

    def tell(self) -> None:
        self.well += 1

    def look(self, times: int) -> None:
        """Look so often, the first worker beating all the time."""
        for _ in range(times):
            heartbeat.beat(self.writer)
            self.watchdog.check()

    def say(self, pid: int) -> None:
        os.write(self.writer, pid.to_bytes(heartbeat.SIZE, "big"))


LINES: list[heartbeat.PipeEnd] = []  # never closed: the threads that use them are there as long as the tests


@pytest.fixture
def house() -> House:
    LINES.extend(ends := heartbeat.make_pipe())
    reader, writer = ends
    return House(reader.fileno(), writer.fileno())


def test_only_a_worker_that_misses_its_checks_is_killed(house: House) -> None:
    house.say(1)
    house.look(MISSED)
    assert [worker.kills for worker in house.workers] == [0, 0]
    house.look(1)
    assert [worker.kills for worker in house.workers] == [0, 1]


def test_a_heartbeat_resets_the_count(house: House) -> None:
    for _ in range(3):
        house.say(1)
        house.look(MISSED)
    assert house.workers[1].kills == 0


def test_a_starting_worker_has_longer_for_its_first_heartbeat(house: House) -> None:
    house.look(STARTING - 1)
    assert house.workers[1].kills == 0
    house.look(1)
    assert house.workers[1].kills == 1


def test_a_replacement_worker_starts_with_a_fresh_count(house: House) -> None:
    house.say(1)
    house.look(MISSED + 1)
    house.workers[1] = Worker(2)
    house.look(MISSED + 1)
    assert house.workers[1].kills == 0


def test_a_worker_not_yet_started_is_not_checked(house: House) -> None:
    house.workers.append(Worker(None))
    house.look(STARTING * 2)
    assert house.workers[2].kills == 0


def test_the_service_is_healthy_unless_a_killed_worker_is_not_replaced(house: House) -> None:
    house.say(1)
    house.look(GIVEN_UP * 2)
    assert house.well == GIVEN_UP
    assert house.workers[1].kills > 1


def test_a_failed_check_does_not_end_the_watchdog(monkeypatch: pytest.MonkeyPatch, house: House) -> None:
    monkeypatch.setattr(heartbeat, "PERIOD", 0.01)
    failures, well = iter([OSError("no such process")]), Event()

    def workers() -> list[Worker]:
        for error in failures:
            raise error
        return house.workers

    Watchdog(house.reader, workers, [well.set]).start()
    assert well.wait(10)
    house.workers.clear()  # the thread lives on, and would say of each that it is silent


def test_a_heartbeat_stops_with_the_work(monkeypatch: pytest.MonkeyPatch, house: House) -> None:
    monkeypatch.setattr(heartbeat, "PERIOD", 0.01)
    pulse = heartbeat.Pulse(house.writer)
    await_pulse(house, beats=True)
    pulse.works = lambda: False
    await_pulse(house, beats=False)


def await_pulse(house: House, *, beats: bool) -> None:
    """Return at the next heartbeat, or after a while without one."""
    deadline = time.monotonic() + 10
    while bool(heartbeat.read_beats(house.reader)) is not beats:
        assert time.monotonic() < deadline
        time.sleep(0.1)
