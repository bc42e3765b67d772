"""Hides series whose label values are no longer in use; their counts stay in the files of the workers.

If such a value is used again, its series continues from its last count.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.registry import Collector

_shown: dict[str, tuple[str, frozenset[str]]] = {}  # by metric: a label, and its values in use


def show_only(metric: str, label: str, values: Iterable[str]) -> None:
    """From now on, show in this process only these label values of a metric, which is named without its suffix."""
    _shown[metric] = label, frozenset(values)


@dataclass(frozen=True, slots=True)
class CurrentSeries(Collector):
    """The metrics of another collector without hidden series."""

    source: Collector

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics."""
        for metric in self.source.collect():
            if metric.name in _shown:
                label, values = _shown[metric.name]
                metric.samples = [sample for sample in metric.samples if sample.labels[label] in values]
            yield metric
