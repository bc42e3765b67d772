"""The metrics of several processes, added up: counters of all, gauges of the living."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lib.metrics.folder import VARIABLE
from lib.metrics.slots import CONTINUED, OF_LIVE_WORKERS
from lib.metrics.workers import Workers

# Metrics are made before the process knows that it is a worker, and after.
WORK = """
from lib.metrics.kinds import Counter, Gauge, Histogram
from lib.metrics.workers import share_numbers
done = Counter("done", "Things done.", ["kind"])
done.labels("early").inc(2)
under_way = Gauge("under_way", "Things under way.", multiprocess_mode="livesum")
under_way.set(5)
share_numbers()
under_way.inc(-1)
done.labels("late").inc(3)
Histogram("lasted_seconds", "Time.", buckets=(1, 2)).observe(1.5)
print("ready", flush=True)
input()
"""
Worker = subprocess.Popen[str]
Launch = Callable[[], Worker]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Start workers, each of which has counted before this returns."""
    started: list[Worker] = []

    def start() -> Worker:
        environment = {**os.environ, VARIABLE: str(tmp_path)}
        argv = [sys.executable, "-c", WORK]
        process = Worker(argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def end(worker: Worker) -> None:
    worker.kill()
    worker.wait()


def shown(folder: Path) -> dict[str, float]:
    samples = (sample for each in Workers(folder).collect() for sample in each.samples)
    return {" ".join((sample.name, *sorted(sample.labels.values()))): sample.value for sample in samples}


OF_ONE = {
    "done_total early": 2,
    "done_total late": 3,
    "lasted_seconds_bucket +Inf": 1,
    "lasted_seconds_bucket 1.0": 0,
    "lasted_seconds_bucket 2.0": 1,
    "lasted_seconds_count": 1,
    "lasted_seconds_sum": 1.5,
    "under_way": 4,
}


def test_one_worker_reports_its_counts(launch: Launch, tmp_path: Path) -> None:
    launch()
    assert shown(tmp_path) == OF_ONE


def test_two_workers_add_up(launch: Launch, tmp_path: Path) -> None:
    launch()
    launch()
    assert shown(tmp_path) == {name: 2 * value for name, value in OF_ONE.items()}


def test_gauges_of_dead_workers_vanish_and_counters_stay(launch: Launch, tmp_path: Path) -> None:
    first, _ = launch(), launch()
    end(first)
    assert shown(tmp_path) == {name: value * (1 if name == "under_way" else 2) for name, value in OF_ONE.items()}


def test_the_next_worker_continues_the_counts(launch: Launch, tmp_path: Path) -> None:
    for _ in range(3):
        end(launch())
    launch()
    assert shown(tmp_path) == {name: value * (1 if name == "under_way" else 4) for name, value in OF_ONE.items()}
    files = {f"{kind}_0.db" for kind in (*CONTINUED, *OF_LIVE_WORKERS)}
    assert {path.name for path in tmp_path.glob("*.db")} == files, "it takes over those of the one before"


def test_a_file_being_created_is_skipped(launch: Launch, tmp_path: Path) -> None:
    launch()
    (tmp_path / "counter_7.db").touch()
    assert shown(tmp_path) == OF_ONE
