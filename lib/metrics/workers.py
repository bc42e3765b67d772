"""The metrics of all workers: each shares its own, and the one that is asked adds them up."""

import os
from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path

from prometheus_client import REGISTRY, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from lib.metrics.folder import VARIABLE
from lib.metrics.kinds import move_into
from lib.metrics.slots import OF_LIVE_WORKERS, is_alive, take_slot

_all: Collector = REGISTRY


def share_numbers() -> None:
    """Make this process one of the workers that share the folder, if there is one.

    Raises `OSError` if its files cannot be made; then it reports the metrics of the others, and its own are lost.
    """
    global _all  # noqa: PLW0603  # one source per process
    if named := os.environ.get(VARIABLE):
        folder = Path(named)
        _all = Workers(folder)
        move_into(take_slot(folder))


def all_numbers() -> Collector:
    """Return the collector of all metrics: of the workers together, or of this process if it is not a worker."""
    return _all


class Workers(Collector):
    """The metrics of all workers, added up; gauges of live workers only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Read the files."""
        files = sorted(str(file) for file in self._folder.glob("*.db") if self._counts(file))
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return sorted(merged, key=attrgetter("name"))

    def _counts(self, file: Path) -> bool:
        name, _, slot = file.stem.rpartition("_")
        is_complete = file.stat().st_size > 0
        return is_complete and (name not in OF_LIVE_WORKERS or is_alive(self._folder, slot))
