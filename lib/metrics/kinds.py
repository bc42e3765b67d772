"""The kinds of metrics, of prometheus_client. To be imported from here only.

A server makes its workers by fork or by spawn, so metrics may be made long before their process is a worker, or in
one that never will be (a command, a test). Until then their numbers are those of the process; `move_into` moves them to
where the other workers find them.
"""

from collections.abc import Iterator
from typing import TypeAlias

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, disable_created_metrics, values
from prometheus_client.metrics import MetricWrapperBase

__all__ = ["Counter", "Gauge", "Histogram", "move_into", "total"]

Value: TypeAlias = values.MutexValue  # those in files are none of its subclasses, but have the same methods

values.ValueClass = values.MutexValue  # also where the folder is known already: whose files are whose is not
disable_created_metrics()  # type: ignore[no-untyped-call]  # several processes do not share these moments


def total(metric: Counter) -> float:
    """Return what this process has counted, whatever the labels."""
    return sum(sample.value for each in metric.collect() for sample in each.samples)


def move_into(slot: int) -> None:
    """Move all numbers of this process, and those still to be made, into the files of a worker.

    The files are in the folder PROMETHEUS_MULTIPROC_DIR. What a number has by now is added to what is there. Nothing
    may be counted meanwhile.
    """
    values.ValueClass = values.MultiProcessValue(lambda: slot)  # type: ignore[no-untyped-call]
    for metric in _made():
        before = _numbers(metric)
        metric._metric_init()  # type: ignore[no-untyped-call]  # noqa: SLF001  # there is no other way to it
        for number, moved in zip(before, _numbers(metric), strict=True):
            moved.inc(number.get())  # type: ignore[no-untyped-call]


def _made() -> Iterator[MetricWrapperBase]:
    """Yield the metrics that have numbers: each that has no labels, and of the others each series."""
    for metric in tuple(REGISTRY._collector_to_names):  # noqa: SLF001  # as above
        if isinstance(metric, MetricWrapperBase):
            yield from tuple(metric._metrics.values()) if metric._labelnames else (metric,)  # noqa: SLF001  # as above


def _numbers(metric: MetricWrapperBase) -> list[Value]:
    if isinstance(metric, Histogram):
        return [metric._sum, *metric._buckets]  # noqa: SLF001  # as above
    return [metric._value]  # type: ignore[attr-defined]  # noqa: SLF001  # as above
