"""All numbers, written as Prometheus reads them."""

from prometheus_client import exposition, openmetrics

from lib.metrics.series import Shown
from lib.metrics.workers import all_numbers

OPENMETRICS = "application/openmetrics-text"


def written_for(accept: str) -> tuple[bytes, str]:
    """Return the text and its media type: OpenMetrics where `accept`, the request's header, names it."""
    if OPENMETRICS in accept:
        text: bytes = openmetrics.exposition.generate_latest(Shown(all_numbers()))  # type: ignore[no-untyped-call]
        return text, openmetrics.exposition.CONTENT_TYPE_LATEST
    return exposition.generate_latest(Shown(all_numbers())), exposition.CONTENT_TYPE_PLAIN_0_0_4
