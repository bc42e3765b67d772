"""Each worker has its own slot; the next one takes the slot of a dead one and continues its counters."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lib.metrics.slots import CAPACITY, is_alive, take_slot

TAKE_ONE = (
    "import sys; from pathlib import Path; from lib.metrics.slots import take_slot\n"
    "print(take_slot(Path(sys.argv[1])), flush=True); input()"
)
Worker = subprocess.Popen[str]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Callable[[], tuple[Worker, str]]]:
    """Start processes that take a number and live on; with each comes its number."""
    started: list[Worker] = []

    def start() -> tuple[Worker, str]:
        argv = [sys.executable, "-c", TAKE_ONE, str(tmp_path)]
        process = Worker(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_slot_is_reused_after_its_worker_died(tmp_path: Path, worker: Callable[[], tuple[Worker, str]]) -> None:
    (first, number), (_, other) = worker(), worker()
    assert (number, other) == ("0", "1")
    assert is_alive(tmp_path, "0")
    first.kill()
    first.wait()
    assert not is_alive(tmp_path, "0")
    assert is_alive(tmp_path, "1")
    assert worker()[1] == "0"


def test_counters_continue_and_gauges_restart(tmp_path: Path, worker: Callable[[], tuple[Worker, str]]) -> None:
    first, _ = worker()
    for file in tmp_path.glob("*.db"):
        with file.open("r+b") as opened:
            opened.write(b"numbers!")
    first.kill()
    first.wait()
    worker()
    begins = {file.name: file.read_bytes()[:8] for file in tmp_path.glob("*.db")}
    kept, anew = b"numbers!", bytes(8)
    assert begins == {
        "counter_0.db": kept,
        "histogram_0.db": kept,
        "gauge_livesum_0.db": anew,
        "gauge_livemax_0.db": anew,
        "gauge_livemostrecent_0.db": anew,
    }


def test_files_are_preallocated(tmp_path: Path) -> None:
    """On a full disk the kernel kills who writes to a part of a mapped file that has no room yet."""
    take_slot(tmp_path)
    files = [file.stat() for file in tmp_path.glob("*.db")]
    assert len(files) == 5
    assert all(each.st_size == CAPACITY <= each.st_blocks * 512 for each in files)


def test_an_unfinished_file_is_completed(tmp_path: Path) -> None:
    (tmp_path / "counter_0.db").write_bytes(bytes(100))
    take_slot(tmp_path)
    assert (tmp_path / "counter_0.db").read_bytes() == bytes(CAPACITY)
