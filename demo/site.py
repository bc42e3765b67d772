"""The instance that is filled: its services, and the way to its HTTP routes and its worker."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from app.backtest.services import BacktestServices
from app.cases import reading
from app.cases.services import CaseServices
from app.interactions.services import RecordServices
from app.players.services import PlayerServices
from app.rulebook.services import RuleBookServices
from app.staff.permissions import shell
from app.staff.services import StaffServices
from app.work.services import WorkServices
from app.work.state import state_of_work
from lib import services

ROOT = shell("demo")
PATIENCE = 120.0  # seconds without any progress of the worker
PAUSE = 0.1
REFRESH = 1.5  # seconds after which every process has a new edition

Post = Callable[[str, str], tuple[int, str]]  # a path and JSON to a status and a body


class DemoFailed(Exception):
    """The demo cannot be filled; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An instance.

    `post` sends JSON to it. `settle` returns when all alerts are attached to cases, and `await_edition` when events are
    judged by what was published.
    """

    cases: CaseServices
    records: RecordServices
    players: PlayerServices
    rule_book: RuleBookServices
    backtests: BacktestServices
    staff: StaffServices
    work: WorkServices
    post: Post
    settle: Callable[["Site"], None]
    await_edition: Callable[[], None]


def this_site(
    post: Post, *, settle: Callable[[Site], None] | None = None, await_edition: Callable[[], None] | None = None
) -> Site:
    """Return the instance that the current application is part of; by default a worker and other processes run."""
    return Site(
        cases=services.get(CaseServices),
        records=services.get(RecordServices),
        players=services.get(PlayerServices),
        rule_book=services.get(RuleBookServices),
        backtests=services.get(BacktestServices),
        staff=services.get(StaffServices),
        work=services.get(WorkServices),
        post=post,
        settle=settle or await_worker,
        await_edition=await_edition or (lambda: time.sleep(REFRESH)),
    )


def await_worker(site: Site) -> None:
    """Wait until the worker has numbered all alerts and attached them to cases; raises `DemoFailed`."""
    seen, deadline = (-1, -1), time.monotonic() + PATIENCE
    while (now := waiting(site)) != (0, 0):
        if now != seen:
            seen, deadline = now, time.monotonic() + PATIENCE
        if time.monotonic() > deadline:
            raise DemoFailed(f"the worker makes no progress: {now[0]} notes and {now[1]} alerts wait")
        time.sleep(PAUSE)


def waiting(site: Site) -> tuple[int, int]:
    """Return how many notes wait to be numbered, and how many entries of the feed to be attached."""
    return state_of_work(site.work.database).notes, reading.attached(site.cases, ROOT).waiting
