"""docs/alert-performance.md: the figures of `bench.alerts` for readers who were not at the terminal."""

from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median

from bench.alert_figures import Feeding, Figures, Times
from bench.document import markdown_table
from bench.machine import Description

_RUNS = (
    *("round", "worker", "events/s", "p50, ms", "p99, ms", "service, µs", "PostgreSQL, µs", "worker, µs"),
    *("most notes", "greatest lag, s", "empty after, s"),
)
_TOLD = ("round", "p50, ms", "p99, ms")
_BAD = ("round", "p50 without, ms", "p50 beside, ms", "p99 without, ms", "p99 beside, ms", "ratio of p99")
_TEXT = """# How alerts are told

Written by `make bench.alerts` on {date}; [webhooks.md](webhooks.md#how-deliveries-are-made) says how it is done.
One service, one PostgreSQL and one worker share the processors of one machine with the clients and receivers. When it
began, {load:.1f} processes of others wanted a processor: above zero, times are too long; ratios say more.

## The feed

Single events over HTTP at a fixed rate for {seconds} s, each raising two codes: {asked} a second were asked for, and
the greatest rate of a few that the machine kept up with, {rate:,.0f}, was measured. So {alerts:,.0f} alerts a second
are numbered. Each round sends as many without a worker and then, once one has numbered what they left, beside it.

{feeding}

A latency counts from the moment at which the event was due to be sent; CPU times are an event's. *most notes* and
*greatest lag* are of the outbox, seen four times a second; *empty after* counts from the last answer.
{drained} The worker itself takes {worker:.0f} µs of CPU an event; with it, service, PostgreSQL and
worker together take {ratio:.2f} times the CPU that they take without ({least:.2f} to {greatest:.2f}).

## From answer to reception

{told_rate} events a second, one endpoint: from the answer to an event until the receiver has read its message.

{soon}

## One endpoint of ten that never answers

The same at nine endpoints, with a healthy tenth, and with one that reads messages and never answers.

{bad}

## The machine

{machine}
"""


def page(figures: Figures, seconds: int, told_rate: int, load: float, described: Description) -> str:
    """Return the page."""
    ratios = [each.on.cpu / each.off.cpu for each in figures.feeding]
    rate = median(each.on.rate for each in figures.feeding)
    return _TEXT.format(
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        load=load,
        seconds=seconds,
        asked=figures.asked,
        rate=rate,
        alerts=2 * rate,
        feeding=markdown_table(_RUNS, _runs(figures)),
        drained=_drained(figures),
        worker=median(each.on.worker for each in figures.feeding),
        ratio=median(ratios),
        least=min(ratios),
        greatest=max(ratios),
        told_rate=told_rate,
        soon=markdown_table(_TOLD, ([str(n), *_times(each)] for n, each in enumerate(figures.soon, 1))),
        bad=markdown_table(_BAD, _beside(figures)),
        machine="\n".join(f"- {name}: {text}" for name, text in described),
    )


def _runs(figures: Figures) -> Iterator[list[str]]:
    for number, each in enumerate(figures.feeding, 1):
        for run, word, rest in ((each.off, "off", ["", "", ""]), (each.on, "on", _outbox(each))):
            cpu = (f"{spent:.0f}" for spent in (run.service, run.postgres, run.worker))
            yield [str(number), word, f"{run.rate:,.0f}", *_times(run.latency), *cpu, *rest]


def _outbox(each: Feeding) -> list[str]:
    return [f"{each.notes:,}", f"{each.lag:.2f}", "not in time" if each.drained is None else f"{each.drained:.2f}"]


def _drained(figures: Figures) -> str:
    left = sum(each.drained is None for each in figures.feeding)
    return f"The outbox was not emptied in {left} rounds." if left else "The outbox was emptied in every round."


def _beside(figures: Figures) -> Iterator[list[str]]:
    for number, each in enumerate(figures.bad, 1):
        pairs = (each.without.p50, each.beside.p50, each.without.p99, each.beside.p99)
        yield [str(number), *(f"{value:.0f}" for value in pairs), f"{each.ratio:.2f}"]


def _times(times: Times) -> list[str]:
    return [f"{times.p50:.1f}", f"{times.p99:.1f}"]
