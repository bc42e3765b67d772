"""What the numbers belong to: the version of the service, and whether it is in production."""

from app.version import VERSION
from lib.metrics.kinds import Gauge

INFO = Gauge(
    "activity_service_info",
    "Always 1; its labels say which version of the service this is, and its ENV.",
    ["version", "env"],
    multiprocess_mode="livemax",
)


def show_info(env: str) -> None:
    """Show the version of this process beside its `ENV`."""
    INFO.labels(VERSION, env).set(1)
