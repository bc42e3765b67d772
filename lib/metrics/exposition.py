"""All numbers, written as Prometheus reads them."""

from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path

from prometheus_client import REGISTRY, Metric, exposition, openmetrics
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from lib.metrics import kinds
from lib.metrics.slots import OF_THE_LIVING, lives

OPENMETRICS = "application/openmetrics-text"


def written_for(accept: str) -> tuple[bytes, str]:
    """Return the text and its media type: OpenMetrics where `accept`, the request's header, names it."""
    source = Workers(kinds.shared_in) if kinds.shared_in else REGISTRY
    if OPENMETRICS in accept:
        text: bytes = openmetrics.exposition.generate_latest(source)  # type: ignore[no-untyped-call]
        return text, openmetrics.exposition.CONTENT_TYPE_LATEST
    return exposition.generate_latest(source), exposition.CONTENT_TYPE_PLAIN_0_0_4


class Workers(Collector):
    """The numbers of all workers, added up; gauges only of those that live."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Read the files."""
        files = sorted(str(file) for file in self._folder.glob("*.db") if self._counts(file))
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return sorted(merged, key=attrgetter("name"))

    def _counts(self, file: Path) -> bool:
        name, _, slot = file.stem.rpartition("_")
        made = file.stat().st_size > 0  # and not just being made
        return made and (name not in OF_THE_LIVING or lives(self._folder, slot))
