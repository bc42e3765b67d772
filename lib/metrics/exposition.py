"""Renders all metrics in Prometheus's formats."""

from prometheus_client import exposition, openmetrics

from lib.metrics.series import CurrentSeries
from lib.metrics.workers import all_numbers

OPENMETRICS = "application/openmetrics-text"


def render_for(accept: str) -> tuple[bytes, str]:
    """Return the text and its media type: OpenMetrics if `accept`, the request's header, names it."""
    source = CurrentSeries(all_numbers())
    if OPENMETRICS in accept:
        text: bytes = openmetrics.exposition.generate_latest(source)  # type: ignore[no-untyped-call]
        return text, openmetrics.exposition.CONTENT_TYPE_LATEST
    return exposition.generate_latest(source), exposition.CONTENT_TYPE_PLAIN_0_0_4
