"""The figures of the picture and the verdicts, as docs/performance.json keeps them: both can be redrawn from it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.backtest.measure import FOUR
from bench.results import Comparison, Measured, Results, middle_latency
from bench.tables import SPEED_BAR

PLACES = 4  # of decimals that are kept: far more than a machine repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU of an event in microseconds, the median of the rounds."""

    app: float
    postgres: float

    @property
    def cpu(self) -> float:
        """Both together."""
        return self.app + self.postgres


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A base and a subject with their costs, the ratio of each round, and the bar for the median, if there is one."""

    base: str
    subject: str
    bar: float | None
    base_cost: Cost
    subject_cost: Cost
    ratios: Sequence[float]

    @property
    def ratio(self) -> float:
        """The median of the rounds."""
        return median(self.ratios)

    @property
    def missed(self) -> bool:
        """Whether there is a bar and the median is above it."""
        return self.bar is not None and self.ratio > self.bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """The p99 as a multiple of the p50 at half the saturating rate, over the rounds; latencies in milliseconds."""

    bar: float
    ratio: float
    least: float
    greatest: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Events a second and core that a backtest judges by the four rules, and at least how many it should."""

    bar: float
    per_core: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All of one run, measured on a day; `source` says where the figures were read."""

    measured: str
    source: str
    pairs: Sequence[Pair]
    steady: Steady
    speed: Speed


def figures_of(results: Results, measured: str) -> Figures:
    """Select the shown figures from the results."""
    steady, half = results.steadiness, middle_latency(results.steadiness.runs)
    return Figures(
        measured=measured,
        source="make bench",
        pairs=[_pair(each) for each in results.comparisons],
        steady=Steady(
            bar=steady.bar,
            ratio=_kept(steady.ratio),
            least=_kept(min(steady.ratios)),
            greatest=_kept(max(steady.ratios)),
            p50=_kept(half.p50),
            p99=_kept(half.p99),
        ),
        speed=Speed(bar=SPEED_BAR, per_core=_kept(median(each.per_core for each in results.past.passes[FOUR]))),
    )


def _pair(comparison: Comparison) -> Pair:
    (base, base_cost), (subject, subject_cost) = comparison.sides
    return Pair(
        base=base,
        subject=subject,
        bar=comparison.bar,
        base_cost=_cost(base_cost),
        subject_cost=_cost(subject_cost),
        ratios=[_kept(each) for each in comparison.ratios],
    )


def _cost(measured: Measured) -> Cost:
    return Cost(app=_kept(measured.app), postgres=_kept(measured.postgres))


def _kept(figure: float) -> float:
    return round(figure, PLACES)


def write(figures: Figures, file: Path) -> None:
    """Write the figures as JSON."""
    file.write_text(json.dumps(asdict(figures), indent=1) + "\n", encoding="utf-8")


def read(file: Path) -> Figures:
    """Read the figures that were written; raises `OSError`, `KeyError` or `TypeError` where they are not there."""
    body: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    pairs = [
        Pair(**{**each, "base_cost": Cost(**each["base_cost"]), "subject_cost": Cost(**each["subject_cost"])})
        for each in body["pairs"]
    ]
    return Figures(**{**body, "pairs": pairs, "steady": Steady(**body["steady"]), "speed": Speed(**body["speed"])})
