"""What `bench.alerts` measures, as plain values: seconds of the clock and of CPU, latencies in milliseconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.paced import Sent, percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Percentiles of some times in milliseconds."""

    p50: float
    p99: float


def times_of(seconds: Sequence[float]) -> Times:
    """Return the percentiles of times in seconds."""
    return Times(p50=1000 * percentile(seconds, 0.5), p99=1000 * percentile(seconds, 0.99))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Events at a rate: answers a second, latency, and CPU of service, PostgreSQL and worker in µs an event."""

    rate: float
    latency: Times
    service: float
    postgres: float
    worker: float = 0.0

    @property
    def cpu(self) -> float:
        """All together."""
        return self.service + self.postgres + self.worker


def rate_of(sent: Sequence[Sent]) -> float:
    """Return how many answers a second came."""
    return len(sent) / (max(each.answered for each in sent) - min(each.due for each in sent))


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeding:
    """A run without a worker and one with it, right after each other.

    `lag` is the greatest age of a note that was seen, `notes` how many waited at most, `drained` how many seconds after
    the last answer none waited any more, None if some still did.
    """

    off: Run
    on: Run
    lag: float
    notes: int
    drained: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """From answer to reception at nine endpoints: with a tenth that is healthy, and with one that never answers."""

    without: Times
    beside: Times

    @property
    def ratio(self) -> float:
        """How many times as long the p99 is beside the bad one."""
        return self.beside.p99 / self.without.p99


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All that was measured, round by round; `asked` is the rate that was tried first, events a second."""

    asked: int
    feeding: Sequence[Feeding]
    soon: Sequence[Times]
    bad: Sequence[Bad]
