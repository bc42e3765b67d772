"""prometheus_client's metric classes; import them from here only.

A metric may be created long before its process becomes a worker, or in one that never does (a command, a test). Until
then its values are in the memory of the process; `move_into` moves them to files that the other workers can read.
"""

from collections.abc import Iterator
from typing import TypeAlias

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, disable_created_metrics, values
from prometheus_client.metrics import MetricWrapperBase

__all__ = ["Counter", "Gauge", "Histogram", "move_into", "total"]

Value: TypeAlias = values.MutexValue  # values in files belong to no subclass of it, but have the same methods

values.ValueClass = values.MutexValue  # even if the folder is known: this process has no slot in it yet
disable_created_metrics()  # type: ignore[no-untyped-call]  # they cannot be shared between processes


def total(metric: Counter) -> float:
    """Return the count of this process, summed over all labels."""
    return sum(sample.value for each in metric.collect() for sample in each.samples)


def move_into(slot: int) -> None:
    """Move all values of this process, and those of later metrics, into the files of a worker.

    The files are in the folder PROMETHEUS_MULTIPROC_DIR. Each value is added to the one in the file. Nothing may be
    counted meanwhile.
    """
    values.ValueClass = values.MultiProcessValue(lambda: slot)  # type: ignore[no-untyped-call]
    for metric in _existing():
        before = _values(metric)
        metric._metric_init()  # type: ignore[no-untyped-call]  # noqa: SLF001  # there is no public way
        for value, moved in zip(before, _values(metric), strict=True):
            moved.inc(value.get())  # type: ignore[no-untyped-call]


def _existing() -> Iterator[MetricWrapperBase]:
    """Yield the metrics that have values: each without labels, and each series of the others."""
    for metric in tuple(REGISTRY._collector_to_names):  # noqa: SLF001  # as above
        if isinstance(metric, MetricWrapperBase):
            yield from tuple(metric._metrics.values()) if metric._labelnames else (metric,)  # noqa: SLF001  # as above


def _values(metric: MetricWrapperBase) -> list[Value]:
    if isinstance(metric, Histogram):
        return [metric._sum, *metric._buckets]  # noqa: SLF001  # as above
    return [metric._value]  # type: ignore[attr-defined]  # noqa: SLF001  # as above
