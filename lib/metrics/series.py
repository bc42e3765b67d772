"""Series that have ended: what is counted stays in the files of the workers, and is not shown any more.

A value of a label may stop to mean anything. What was counted of it goes on from there should it come back.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.registry import Collector

_shown: dict[str, tuple[str, frozenset[str]]] = {}  # by metric: a label, and the values of it that mean something


def show_only(metric: str, label: str, values: Iterable[str]) -> None:
    """Show of a metric, named without its suffix, the series of these values alone, from now on in this process."""
    _shown[metric] = label, frozenset(values)


@dataclass(frozen=True, slots=True)
class Shown(Collector):
    """Numbers without those of series that have ended."""

    source: Collector

    def collect(self) -> Iterable[Metric]:
        """Read them."""
        for metric in self.source.collect():
            if metric.name in _shown:
                label, values = _shown[metric.name]
                metric.samples = [sample for sample in metric.samples if sample.labels[label] in values]
            yield metric
