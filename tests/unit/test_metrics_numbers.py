"""Numbers in files that other processes read: none is lost, whatever happens at the same time or happened before."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex

import pytest
from prometheus_client.multiprocess import MultiProcessCollector

from lib.metrics.numbers import Files, Number, add
from lib.metrics.slots import CAPACITY, take_slot


def a_number(label: str = "", name: str | None = None) -> Number:
    metric = name or f"test_{token_hex(4)}"
    return Number("counter", metric, f"{metric}_total", ["label"], [label], "Of a test.")


def read(folder: Path) -> dict[str, float]:
    """Read the numbers as another process does, by their labels."""
    files = [str(file) for file in folder.glob("*.db")]
    metrics = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
    return {sample.labels["label"]: sample.value for each in metrics for sample in each.samples}


@pytest.fixture
def new_files(tmp_path: Path) -> Iterator[Callable[[], Files]]:
    """The files of one worker after the other; they are closed at the end, which those of a worker need not be."""
    slot, made = take_slot(tmp_path), list[Files]()

    def new() -> Files:
        made.append(Files(tmp_path, slot))
        return made[-1]

    yield new
    for each in made:
        for file in each._files.values():  # noqa: SLF001  # as above
            file._f.close()  # noqa: SLF001  # its map cannot be closed: the numbers live in it


@pytest.fixture
def files(new_files: Callable[[], Files]) -> Files:
    return new_files()


def test_a_number_that_moves_into_a_file_takes_along_what_it_has(files: Files, tmp_path: Path) -> None:
    number = a_number("moved")
    number.inc(2)
    files.take_in(number)
    number.inc(3)
    assert number.get() == 5
    assert read(tmp_path) == {"moved": 5}


def test_it_goes_on_from_where_the_worker_before_it_ended(new_files: Callable[[], Files], tmp_path: Path) -> None:
    new_files().take_in(before := a_number("same", "test_same"))
    before.inc(10)
    new_files().take_in(after := a_number("same", "test_same"))
    after.inc(1)
    assert read(tmp_path) == {"same": 11}


@pytest.mark.parametrize("shared", [False, True])
def test_threads_lose_nothing_of_each_other(files: Files, shared: bool) -> None:  # noqa: FBT001
    one, other = a_number(), a_number()
    if shared:
        files.take_in(one)
        files.take_in(other)

    def add_often() -> None:
        for _ in range(5000):
            add((one, 1), (other, 0.5))

    with ThreadPoolExecutor(8) as threads:
        done = [threads.submit(add_often) for _ in range(8)]
    assert [each.exception() for each in done] == [None] * 8
    assert (one.get(), other.get()) == (40_000, 20_000)


def test_a_file_that_grows_loses_nothing(files: Files, tmp_path: Path) -> None:
    files.take_in(first := a_number("first", "test_growth"))
    first.inc(1)
    many = [a_number(f"{index}-{'x' * 200}", "test_growth") for index in range(1500)]
    for number in many:
        files.take_in(number)
        number.inc(2)
    first.inc(1)
    shown = read(tmp_path)
    assert (tmp_path / "counter_0.db").stat().st_size > CAPACITY
    assert shown.pop("first") == 2
    assert list(shown.values()) == [2] * len(many)


def test_a_number_can_be_set(files: Files) -> None:
    files.take_in(number := a_number())
    number.set(7)
    assert number.get() == 7
