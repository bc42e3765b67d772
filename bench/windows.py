"""Fourth measurement: the cost of a rule with a window of 31 days, whose events SQL adds up."""

import json
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

USERS = 20
_DAYS = 31  # as long as a window may be
_RULE = {
    "code": 2001,
    "kind": "window_total",
    "type": EventType.DEPOSIT,
    "above": NEVER,
    "seconds": _DAYS * 24 * 3600,
    **TOLD,
}


def of_windows(site: Site) -> list[Comparison]:
    """Compare the four rules of the contract with the same and a sum of 31 days, for players with many events in them.

    One connection: players are few, and the events of one come one after the other anyway.
    """
    return [_of_window(site, held) for held in site.scale.held_in_window]


def _of_window(site: Site, held: int) -> Comparison:
    names = f"without-{held}", f"with-{held}"
    urls = [site.database(name) for name in names]
    publish_beside(urls[1], parse_rules([_RULE]))
    question = Question(
        title=f"{_DAYS} days",
        base=f"4 rules, {held:,} events in {_DAYS} days",
        subject="the same and a sum of 31 days",
    )
    load = Load(users=USERS, connections=1)
    with site.service(names[0], urls[0]) as first, site.service(names[1], urls[1]) as second:
        runs = [
            under_load(server, site.postgres, load, prepare=partial(_fill, url, server.url, held))
            for server, url in zip((first, second), urls, strict=True)
        ]
        return compare(question, *runs, scale=site.scale, progress=site.progress)


def _fill(url: str, service: str, held: int, first_t: int) -> None:
    """Store what each player has in the window when the run begins, and have an event of each write running totals."""
    users = Population(users=USERS, events_each=held, begin=first_t - (held + 2) * T_STEP)
    for _ in add(url, users):
        pass
    run(url, "VACUUM (ANALYZE) activity_event")  # as autovacuum does in time
    for user_id in range(1, USERS + 1):
        event = {"type": "deposit", "amount": "42.00", "user_id": user_id, "t": first_t - T_STEP}
        headers = {"Content-Type": "application/json"}
        request = Request(service, json.dumps(event).encode(), headers)  # noqa: S310  # ours, on loopback
        with urlopen(request, timeout=60) as answer:  # noqa: S310  # as above
            answer.read()
