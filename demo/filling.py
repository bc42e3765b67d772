"""Fills an instance, step by step: the team, its rules, a month in two halves, and the work on each."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from random import Random

from app.cases.domain import Status
from demo import books, casework, events, players, records, staffing
from demo.people import CHIARA, JONAS
from demo.play import DAY, FIRST_PLAYER, month
from demo.site import Site

PLAYERS = 300
SEED = 20_260
RECENT = 9 * DAY  # seconds: what the second edition judges

Progress = Callable[[str], AbstractContextManager[None]]


def fill(site: Site, progress: Progress, *, until: int, seed: int = SEED, number: int = PLAYERS) -> None:
    """Fill a new instance with a month that ends at `until`; raises `DemoFailed`."""
    played = month(seed=seed, players=number, until=until)
    earlier = [event for event in played if event.t <= until - RECENT]
    with progress("The team sets up its accounts"):
        team = staffing.gather(site)
    jonas, chiara = team[JONAS.key], team[CHIARA.key]
    with progress(f"{number} players are registered, and the team publishes rules of its own"):
        players.register(site, seed, number)
        first = books.draft(site, "first", jonas, "our own signs, with round numbers to begin with")
        books.publish(site, first, chiara, "agreed in the meeting of the team")
        site.await_edition()
    with progress(f"Three weeks of play: {len(earlier):,} events"):
        events.send(site, earlier)
        site.settle(site)
    with progress("The team works on its cases"):
        casework.work(site, team, seed, casework.FIRST)
        second = books.draft(site, "second", jonas, "what was always worth a talk is strong; net deposits of a week")
        books.publish(site, second, chiara, "after three weeks: fewer cases wait, and the worst come first")
        trial = books.draft(site, "shadow", jonas, "six rising deposits instead of five, 3000 a week")
        books.shadow(site, trial, jonas, "on trial for a month")
        site.await_edition()
    with progress(f"Nine more days: {len(played) - len(earlier):,} events"):
        events.send(site, played[len(earlier) :])
        site.settle(site)
    with progress("The team works on its cases again"):
        casework.work(site, team, seed + 1, casework.SECOND)
        ids = list(range(FIRST_PLAYER, FIRST_PLAYER + number))
        Random(seed).shuffle(ids)  # noqa: S311  # so that it is the same player each time
        casework.open_by_hand(site, team, ids)
        casework.keep_what_people_keep(site, team)
    with progress("The platform tells of what it did, and the leads review it"):
        records.tell(site, team, casework.cases(site, Status.IN_REVIEW))
        records.evaluate(site, team)
        idea = books.draft(site, "idea", jonas, "less is much in an hour; many deposits in an hour")
        books.ask_for_backtest(site, idea, second, jonas)
        site.settle(site)
