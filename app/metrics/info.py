"""The metric that says which version of the service runs, and in which environment."""

from app.version import VERSION
from lib.metrics.kinds import Gauge

INFO = Gauge(
    "activity_service_info",
    "Always 1; its labels say which version of the service this is, and its ENV.",
    ["version", "env"],
    multiprocess_mode="livemax",
)


def show_info(env: str) -> None:
    """Set the version and the `ENV` of this process."""
    INFO.labels(VERSION, env).set(1)
