"""`python -m bench.alerts`: what telling others costs an event, and how soon they are told.

One service, one PostgreSQL, one worker. `--quick`: in about a minute, for its form; without it,
docs/alert-performance.md is written. The exit status is 1 if something fails or is answered wrongly, never because of a
time.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.progress import Progress

from app.alerts.domain import Kind
from app.webhooks.domain import message_id_of
from bench import alert_page, machine
from bench.alert_figures import Bad, Feeding, Figures, Run, Times, rate_of, times_of
from bench.cpu import Meter
from bench.database import production_postgres
from bench.errors import BenchError
from bench.paced import PLAYERS, Sent, send
from bench.receivers import Receivers, receiving
from bench.rounds import next_t
from bench.scale import FULL, QUICK, Scale
from bench.servers import ROOT, Server
from bench.site import Site, settings_for
from bench.telling import Lag, add_endpoints, drained_after, enable, settled, working
from lib.local.terminal import LocalError

RATES = (500, 400, 300, 200, 100)  # events a second, of two codes each; the first that the machine keeps up with
KEPT_UP = 0.97  # of a rate
_TRIAL = 5  # seconds
ENDPOINTS = 10
RATE_TOLD = 20  # events a second while receivers are watched
PATIENCE = 60  # seconds until the outbox is empty, or all is received


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Rounds, and seconds of a run: of the load, and of what receivers are watched for."""

    rounds: int
    load: int
    told: int


SIZES = {FULL: Size(rounds=3, load=60, told=20), QUICK: Size(rounds=1, load=3, told=2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The service and its database."""

    site: Site
    server: Server
    url: str
    size: Size

    def run(self, rate: float, seconds: float, worker: psutil.Process | None = None) -> tuple[Run, list[Sent]]:
        """Send events at a rate, and read the CPU of all that work."""
        roots = [self.server.process, self.site.postgres.process, *([worker] if worker else [])]
        meter = Meter(*roots)
        sent = send(self.server.url, rate=rate, seconds=seconds, first_t=next_t())
        service, postgres, *own = (1e6 * spent / len(sent) for spent in meter.read())
        latency = times_of([each.seconds for each in sent])
        measured = Run(rate=rate_of(sent), latency=latency, service=service, postgres=postgres, worker=sum(own))
        return measured, sent


def main() -> int:
    """Measure; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.alerts", description="Measures how alerts are told.")
    parser.add_argument("--quick", action="store_true", help="in about a minute; writes nothing")
    scale = QUICK if parser.parse_args().quick else FULL
    console = Console(stderr=True)
    try:
        page = _measured_page(scale, console)
    except (BenchError, LocalError) as error:
        console.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        return 1
    Console().print(page, markup=False, highlight=False, soft_wrap=True)
    if scale is FULL:
        (ROOT / "docs/alert-performance.md").write_text(page, encoding="utf-8")
    return 0


def _measured_page(scale: Scale, console: Console) -> str:
    load, *_ = os.getloadavg()
    with (
        production_postgres() as postgres,
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Progress(console=console) as progress,
    ):
        settings = settings_for(postgres)
        site = Site(postgres=postgres, settings=settings, folder=Path(folder), scale=scale, progress=progress)
        figures = _measure(site, SIZES[scale])
        described = machine.describe(postgres.url, settings)
    return alert_page.page(figures, SIZES[scale].load, RATE_TOLD, load, described)


def _measure(site: Site, size: Size) -> Figures:
    url = site.database("alerts", PLAYERS)
    with site.service("alerts", url) as server:
        place = Place(site=site, server=server, url=url, size=size)
        place.run(RATES[-1], site.scale.warm_up)
        rate = _kept_up(place)
        rounds = range(size.rounds)
        feeding = [_fed(place, rate) for _ in site.progress.track(rounds, description="The feed")]
        with (
            receiving(ENDPOINTS + 1, silent={ENDPOINTS}) as receivers,
            working("telling", url, site.folder),
        ):
            drained_after(url, PATIENCE)
            ids = add_endpoints(url, receivers.urls)
            soon = [_told(place, receivers, ids[:1], {0}) for _ in site.progress.track(rounds, description="One")]
            bad = [_beside(place, receivers, ids) for _ in site.progress.track(rounds, description="Ten")]
    return Figures(asked=RATES[0], feeding=feeding, soon=soon, bad=bad)


def _kept_up(place: Place) -> int:
    """Return the first rate that the machine keeps up with while a worker numbers."""
    with working("trial", place.url, place.site.folder):
        for rate in RATES:
            measured, _ = place.run(rate, min(_TRIAL, place.size.load))
            if measured.rate >= KEPT_UP * rate:
                return rate
    return RATES[-1]


def _fed(place: Place, rate: int) -> Feeding:
    """Send events without a worker; have one number what they left, and send as many again beside it."""
    off, _ = place.run(rate, place.size.load)
    with working("feeding", place.url, place.site.folder) as worker:
        if drained_after(place.url, PATIENCE) is None:
            raise BenchError(f"the outbox was not empty after {PATIENCE} s")
        lag = Lag()
        with lag.watched(place.url):
            on, _ = place.run(rate, place.size.load, worker)
        return Feeding(off=off, on=on, lag=lag.seconds, notes=lag.notes, drained=drained_after(place.url, PATIENCE))


def _beside(place: Place, receivers: Receivers, ids: Sequence[int]) -> Bad:
    """Tell nine endpoints and a healthy one, then the nine and one that never answers."""
    *nine, healthy, silent = ids
    watched = set(range(len(nine)))
    without = _told(place, receivers, [*nine, healthy], watched)
    return Bad(without=without, beside=_told(place, receivers, [*nine, silent], watched))


def _told(place: Place, receivers: Receivers, ids: Sequence[int], watched: Collection[int]) -> Times:
    """Send events, and return the times from their answers until the watched receivers had read of them."""
    enable(place.url, ids)
    receivers.take()
    _, sent = place.run(RATE_TOLD, place.size.told)
    answered = {message_id_of(each.user_id, each.t, 0, Kind.RAISED, 0): each.answered for each in sent}
    settled(place.url, ids[: len(watched)], PATIENCE)
    came = [each for each in receivers.take() if each[0] in watched and each[1] in answered]
    first = {(place_, message): at for place_, message, at in reversed(came)}
    if len(first) != len(answered) * len(watched):
        raise BenchError(f"{len(first):,} of {len(answered) * len(watched):,} messages were received")
    return times_of([at - answered[message] for (_, message), at in first.items()])


if __name__ == "__main__":
    sys.exit(main())
