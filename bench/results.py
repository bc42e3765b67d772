"""What was measured, as plain values: times of CPU in microseconds an event, latencies in milliseconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Throughput in answers a second, and percentiles of the time to an answer in milliseconds."""

    rate: float
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run: CPU of the application and of PostgreSQL in microseconds an event, and what clients saw."""

    app: float
    postgres: float
    latency: Latency

    @property
    def cpu(self) -> float:
        """Both together."""
        return self.app + self.postgres


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Two runs one right after the other, so that the mood of the machine is the same for both."""

    base: Measured
    subject: Measured

    @property
    def ratio(self) -> float:
        """How many times the base the subject costs."""
        return self.subject.cpu / self.base.cpu


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Rounds of one question, and the bar that the median of their ratios should not exceed, if there is one."""

    title: str
    base: str
    subject: str
    bar: float | None
    rounds: Sequence[Round]

    @property
    def ratios(self) -> list[float]:
        """The ratio of each round."""
        return [each.ratio for each in self.rounds]

    @property
    def ratio(self) -> float:
        """The median of the rounds."""
        return median(self.ratios)

    @property
    def sides(self) -> list[tuple[str, Measured]]:
        """Both sides by name, each the median of its runs, figure by figure."""
        bases, subjects = [each.base for each in self.rounds], [each.subject for each in self.rounds]
        return [(self.base, middle(bases)), (self.subject, middle(subjects))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """Runs at half the saturating rate, and the bar for p99 as a multiple of p50."""

    target: float
    bar: float
    runs: Sequence[Latency]

    @property
    def ratios(self) -> list[float]:
        """The p99 of each run as a multiple of its p50."""
        return [each.p99 / each.p50 for each in self.runs]

    @property
    def ratio(self) -> float:
        """The median of the runs."""
        return median(self.ratios)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One pass over all that is stored; CPU in microseconds an event, of the process and of PostgreSQL beside it.

    `rate`: events a second by the clock, the start of the process included.
    """

    app: float
    postgres: float
    rate: float

    @property
    def cpu(self) -> float:
        """Both together."""
        return self.app + self.postgres

    @property
    def per_core(self) -> float:
        """Events a second and core of the process that works."""
        return 1e6 / self.app


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The stored data and the cost of a pass over it, by name, round by round; the first pass only reads."""

    events: int
    users: int
    alerts: int
    passes: Mapping[str, Sequence[Judged]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All of one run."""

    floors: Sequence[Comparison]
    growth: Sequence[Comparison]
    rules: Comparison
    windows: Sequence[Comparison]
    batches: Comparison
    beside_batches: Latency
    past: Past
    steadiness: Steadiness
    checked: int

    @property
    def comparisons(self) -> list[Comparison]:
        """The two floors, the two growths, the rules, the long windows, and the batches."""
        return [*self.floors, *self.growth, self.rules, *self.windows, self.batches]


def middle(runs: Sequence[Measured]) -> Measured:
    """Return the median of runs, figure by figure."""
    return Measured(
        app=median(run.app for run in runs),
        postgres=median(run.postgres for run in runs),
        latency=middle_latency([run.latency for run in runs]),
    )


def middle_latency(runs: Sequence[Latency]) -> Latency:
    """Return the median of latencies, figure by figure."""
    return Latency(
        rate=median(run.rate for run in runs),
        p50=median(run.p50 for run in runs),
        p95=median(run.p95 for run in runs),
        p99=median(run.p99 for run in runs),
    )


def verdict(ratio: float, bar: float | None) -> str:
    """Say on which side of the bar a ratio is; a slow run does not fail."""
    if bar is None:
        return ""
    return "PASS" if ratio <= bar else "ABOVE"
