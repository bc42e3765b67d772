"""Which bars were missed, and what the figures say about the cause: an unexplained miss looks like a defect."""

from collections.abc import Iterator

from bench.figures import Figures, Pair
from bench.floor_ratio import QUESTIONS
from bench.statements import Protocol

PREPARED, PLAIN = (QUESTIONS[each].base for each in (Protocol.PREPARED, Protocol.SIMPLE))


def missed(figures: Figures) -> str:
    """Say in Markdown which bars were missed and why, or that none was."""
    shown = [*_pairs(figures), *_steady(figures), *_speed(figures)]
    return "\n".join(f"- {each}" for each in shown) if shown else "None."


def _pairs(figures: Figures) -> Iterator[str]:
    for pair in figures.pairs:
        if pair.missed:
            yield (
                f"**{pair.subject} / {pair.base}: {pair.ratio:.2f}, the bar is {pair.bar:.2f}.** {_split(pair)}"
                f"{_of_floor(figures) if pair.base == PREPARED else ''}"
            )


def _split(pair: Pair) -> str:
    base, subject = pair.base_cost, pair.subject_cost
    return (
        f"Of the {subject.cpu - base.cpu:,.0f} µs that the subject costs above its base, "
        f"{subject.app - base.app:,.0f} are the application's and {subject.postgres - base.postgres:,.0f} PostgreSQL's."
    )


def _of_floor(figures: Figures) -> str:
    """Explain what the service does beyond a floor, and how the other floor compares."""
    text = (
        " The floor's application answers a constant; ours reads and checks the JSON, evaluates the rules, makes two "
        "round trips, counts metrics and writes a log line."
    )
    costs = {pair.base: pair for pair in figures.pairs}
    if PLAIN not in costs:
        return text
    prepared, plain = costs[PREPARED], costs[PLAIN]
    return (
        f"{text} The bar was set for statements sent as text: with those it is {plain.ratio:.2f}. Preparing them "
        f"cuts PostgreSQL's part from {plain.base_cost.postgres:,.0f} to {prepared.base_cost.postgres:,.0f} µs, "
        "and leaves the application's as it is."
    )


def _steady(figures: Figures) -> Iterator[str]:
    steady = figures.steady
    if steady.ratio > steady.bar:
        yield (
            f"**p99 / p50 at half rate: {steady.ratio:.2f}, the bar is {steady.bar:.2f}.** From round to round it went "
            f"from {steady.least:.2f} to {steady.greatest:.2f}: the load generator, the service and PostgreSQL share "
            f"the processors of one machine, and an answer waits for its disk. p50 is {steady.p50:.2f} ms, p99 "
            f"{steady.p99:.2f} ms. The cause was not examined: nobody measured how much each of them contributes. The "
            "row `players with 10 events` under Costs has both on one connection, where no request waits for another."
        )


def _speed(figures: Figures) -> Iterator[str]:
    speed = figures.speed
    if speed.per_core < speed.bar:
        yield (
            f"**Backtest by the four rules: {speed.per_core:,.0f} events a second and core, the bar is "
            f"{speed.bar:,.0f}.** All of it is CPU of the process that judges; what PostgreSQL costs comes on top."
        )
