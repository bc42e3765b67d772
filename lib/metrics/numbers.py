"""Where the numbers of this process are: its own, until it becomes one of several workers that share them.

A server makes its workers by fork or by spawn, so metrics may be made long before their process is a worker, or in
one that never will be (a command, a test). `move_into` moves them to where the other workers find them.

prometheus_client has shared numbers of its own, and reads ours, which are in the same files. Ours are for the way of a
request: one lock for all that it adds, and little that the processor has to fetch anew in between.
"""

from collections.abc import MutableSequence, Sequence
from mmap import mmap
from pathlib import Path
from threading import Lock
from typing import cast

from prometheus_client.mmap_dict import MmapedDict, mmap_key

DOUBLE = 8  # bytes

Cells = MutableSequence[float]
_lock = Lock()  # of all cells
_making = Lock()
_known: dict[tuple[str, tuple[str, ...]], "Number"] = {}


class Number:
    """One number of a metric: a place in a row of cells. prometheus_client makes it, and calls it by these names."""

    __slots__ = ("at", "cells", "file", "key")

    def __init__(  # noqa: PLR0913, PLR0917  # prometheus_client's own
        self,
        kind: str,
        metric: str,
        name: str,
        label_names: Sequence[str],
        label_values: Sequence[str],
        help_text: str,
        multiprocess_mode: str = "",
        **_: object,
    ) -> None:
        self.file = f"{kind}_{multiprocess_mode}" if multiprocess_mode else kind
        self.key = mmap_key(metric, name, list(label_names), list(label_values), help_text)
        self.cells: Cells = [0.0]
        self.at = 0
        with _making:
            _known[name, tuple(label_values)] = self
            if _shared:
                _shared.take_in(self)

    def inc(self, amount: float) -> None:
        """Add to it."""
        add((self, amount))

    def set(self, value: float, timestamp: float | None = None) -> None:  # noqa: ARG002  # prometheus_client's own
        """Let it be this."""
        with _lock:
            self.cells[self.at] = value

    def get(self) -> float:
        """Return it."""
        return self.cells[self.at]

    def get_exemplar(self) -> None:
        """Return nothing: shared numbers have no exemplars."""


class Files:
    """The files of one worker, one for each kind of metric, mapped into memory."""

    def __init__(self, folder: Path, slot: int) -> None:
        self._folder = folder
        self._slot = slot
        self._files: dict[str, MmapedDict] = {}
        self._rows: dict[mmap, memoryview[float]] = {}

    def take_in(self, number: Number) -> None:
        """Give a number its place in a file; what it has by now is added to what is there."""
        file, so_far = self._file(number.file), number.get()
        file.read_value(number.key)  # type: ignore[no-untyped-call]  # makes the place
        number.cells = cast("Cells", self._row(file._m))  # noqa: SLF001  # there is no other way to it
        number.at = file._positions[number.key] // DOUBLE  # noqa: SLF001  # as above
        number.inc(so_far)

    def _file(self, name: str) -> MmapedDict:
        if name not in self._files:
            path = self._folder / f"{name}_{self._slot}.db"
            self._files[name] = MmapedDict(str(path))  # type: ignore[no-untyped-call]
        return self._files[name]

    def _row(self, mapped: mmap) -> "memoryview[float]":
        """Return the cells of a file, one row for all of its numbers; a file that has grown is mapped anew."""
        if mapped not in self._rows:
            self._rows[mapped] = memoryview(mapped).cast("d")
        return self._rows[mapped]


_shared: Files | None = None


def number(name: str, *label_values: str) -> Number:
    """Return the number of a sample, such as the bucket of a histogram; raises `KeyError` where there is none."""
    return _known[name, label_values]


def add(*amounts: tuple[Number, float]) -> None:
    """Add to some numbers, all at once."""
    with _lock:
        for each, amount in amounts:
            each.cells[each.at] += amount


def move_into(folder: Path, slot: int) -> None:
    """Move all numbers of this process, and those still to be made, into the files of a worker."""
    global _shared  # noqa: PLW0603  # as the numbers are: the process's
    with _making:
        _shared = Files(folder, slot)
        for each in _known.values():
            _shared.take_in(each)
