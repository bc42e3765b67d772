"""The kinds of metrics, of prometheus_client. To be imported from here only, where they get numbers of our kind."""

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics, values

from lib.metrics.numbers import Number

__all__ = ["Counter", "Gauge", "Histogram"]

values.ValueClass = Number
disable_created_metrics()  # type: ignore[no-untyped-call]  # several processes do not share these moments
