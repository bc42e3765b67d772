"""Fourth measurement: the cost of a rule with a window of 31 days, whose events SQL adds up."""

import json
from dataclasses import dataclass
from functools import partial
from urllib.request import Request, urlopen

from app.rulebook.forms import parse_rules
from app.rules.event import EventType
from bench.database import run
from bench.editions import NEVER, TOLD, publish_beside
from bench.results import Comparison
from bench.rounds import Question, compare, under_load
from bench.site import Site
from bench.stored import Population, add
from bench.wrk import T_STEP, Load

# Players with few events are many, or each of them would have many at the end of a run.
USERS, USERS_OF_FEW = 20, 2000
BAR = 1.5  # of many events in the window, as a multiple of few
_DAYS = 31
_AND_SUM = f"and a sum of {_DAYS} days"
_RULE = {
    "code": 2001,
    "kind": "window_total",
    "type": EventType.DEPOSIT,
    "above": NEVER,
    "seconds": _DAYS * 24 * 3600,
    **TOLD,
}


def of_windows(site: Site) -> list[Comparison]:
    """Compare the four rules of the contract with the same and a sum of 31 days, and many events in them with few.

    One connection: players are few, and the events of one come one after the other anyway.
    """
    few, many = site.scale.held_in_window
    without = _Players(rules="4 rules", held=few, users=USERS_OF_FEW)
    with_few = _Players(rules=_AND_SUM, held=few, users=USERS_OF_FEW, sums=True)
    with_many = _Players(rules=_AND_SUM, held=many, users=USERS, sums=True)
    return [_compared(site, without, with_few, None), _compared(site, with_few, with_many, BAR)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Players:
    """Players with so many events in 31 days, judged by the four rules or by these and a sum."""

    rules: str
    held: int
    users: int
    sums: bool = False

    def __str__(self) -> str:
        return f"{self.rules}, {self.held:,} events"


def _compared(site: Site, base: _Players, subject: _Players, bar: float | None) -> Comparison:
    names = [f"held-{subject.held}-{place}" for place in ("base", "subject")]
    urls = [site.database(name) for name in names]
    for url, players in zip(urls, (base, subject), strict=True):
        if players.sums:
            publish_beside(url, parse_rules([_RULE]))
    question = Question(title=f"{_DAYS} days", base=str(base), subject=str(subject), bar=bar)
    loads = [Load(users=players.users, connections=1) for players in (base, subject)]
    with site.service(names[0], urls[0]) as first, site.service(names[1], urls[1]) as second:
        runs = [
            under_load(server, site.postgres, load, prepare=partial(_fill, url, server.url, players))
            for server, url, load, players in zip((first, second), urls, loads, (base, subject), strict=True)
        ]
        return compare(question, *runs, scale=site.scale, progress=site.progress)


def _fill(url: str, service: str, players: _Players, first_t: int) -> None:
    """Store what each player has in the window when the run begins, and have an event of each write running totals."""
    stored = Population(users=players.users, events_each=players.held, begin=first_t - (players.held + 2) * T_STEP)
    for _ in add(url, stored):
        pass
    run(url, "VACUUM (ANALYZE) activity_event")  # as autovacuum does in time
    for user_id in range(1, players.users + 1):
        event = {"type": "deposit", "amount": "42.00", "user_id": user_id, "t": first_t - T_STEP}
        headers = {"Content-Type": "application/json"}
        request = Request(service, json.dumps(event).encode(), headers)  # noqa: S310  # ours, on loopback
        with urlopen(request, timeout=60) as answer:  # noqa: S310  # as above
            answer.read()
