"""What the route of metrics needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lib.metrics.measured import Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsServices:
    """What has to be read from the database before metrics are shown."""

    measured: Sequence[Measured[Any]]
