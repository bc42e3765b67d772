"""One fault under load, from the first event to the verdict."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing.synchronize import Lock

from e2e.faults.client import Outcome
from e2e.faults.health import Watch
from e2e.faults.ledger import TROUBLE, Ledger
from e2e.faults.load import Load
from e2e.faults.proof import Book, Proof
from e2e.faults.scenarios import Scenario, Window
from e2e.site import Site, SiteError

BEFORE = 1.2  # seconds of load before the fault
MAX_RECOVERY = 5
ENOUGH = 50  # acknowledged events before a fault, and after it, for it to have been under load
KILLED = "refused to gracefully stop"  # how the server's log says that a worker had to be killed
JUST_SENT = 0.05  # seconds; what was sent so shortly before SIGTERM may not have reached the server


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a fault did, and the proof that it did no harm."""

    scenario: Scenario
    window: Window
    ledger: Ledger
    proof: Proof
    health: Watch
    logged: frozenset[str] = frozenset()  # requests in the service's log that a graceful end left without an answer

    @property
    def in_doubt(self) -> int:
        """Events that had an attempt without an answer, or with a 503, before they were acknowledged."""
        return sum(len(each.events) for each in self.ledger.acknowledged if each.in_doubt)

    @property
    def in_doubt_stored(self) -> int:
        """Those of them that were stored nevertheless."""
        return sum(each.replayed for each in self.ledger.acknowledged if each.in_doubt)

    @property
    def first_taken(self) -> float:
        """Seconds from the end of the fault until a request that began after it was answered 200."""
        done = (attempt.done for attempt in self.ledger.taken(since=self.window.over))
        return min(done, default=float("inf")) - self.window.over

    @property
    def last_trouble(self) -> float:
        """Seconds from the end of the fault until the last request ended that was not answered 200."""
        return max(self.ledger.last_trouble() - self.window.over, 0.0)

    @property
    def dropped(self) -> int:
        """Requests that the service did not answer although it had taken them up.

        These are in its log, or were under way when it was told to end.
        """
        return len(self.ledger.broken()) - self.crossed

    @property
    def crossed(self) -> int:
        """Requests that were sent just as the service closed their connection: nothing of it has taken them up."""
        said = self.window.began
        return sum(
            each.request_id not in self.logged and not each.began < said - JUST_SENT < said < each.done
            for each in self.ledger.broken()
        )

    @property
    def reopened(self) -> int:
        """Connections that clients found closed, between two requests."""
        return sum(each.reopened for each in self.ledger.attempts)

    def complaints(self) -> list[str]:
        """The broken promises; empty if all is well."""
        return [complaint for complaint in (*self._of_events(), *self._of_requests(), *self._of_time()) if complaint]

    def _of_events(self) -> Iterator[str]:
        for name in ("lost", "changed", "wrong", "unfed"):
            keys = sorted(getattr(self.proof, name))
            yield f"{len(keys)} {name}, such as (user_id, t, event_id) {keys[0]}" if keys else ""
        unanswered = self.proof.unanswered
        yield f"{len(unanswered)} not answered when sent again, such as {unanswered[0]}" if unanswered else ""
        yield f"{self.proof.doubled} stored that nobody acknowledged" if self.proof.doubled else ""

    def _of_requests(self) -> Iterator[str]:
        strange = self.ledger.strange()
        yield f"{len(strange)} answers outside the contract, such as {strange[0]}" if strange else ""
        cut = self.ledger.count(Outcome.BROKEN, Outcome.REFUSED)
        if self.scenario.stops_nothing and (stopped := self.ledger.count(*TROUBLE)):
            yield f"{stopped} requests not answered 200, and the fault stands in no event's way"
        yield f"{cut} connections broken or refused, and nobody ended the service" if self._uncalled_for(cut) else ""
        if self.scenario.graceful and self.dropped:
            yield f"{self.dropped} requests that had been taken up were not answered"

    def _uncalled_for(self, cut: int) -> bool:
        return cut > 0 and not self.scenario.ends_service

    def _of_time(self) -> Iterator[str]:
        longest, first, last = self.ledger.longest(), self.first_taken, self.last_trouble
        yield f"a request took {longest:.1f} s" if longest > self.scenario.longest else ""
        yield f"no 200 for {first:.1f} s after the fault" if first > MAX_RECOVERY else ""
        yield f"trouble until {last:.1f} s after the fault" if last > MAX_RECOVERY else ""
        health = self.health.longest
        yield f"an answer about health took {health:.1f} s" if health > self.scenario.longest_health else ""
        yield "" if self.health.answers else "no answer about health"
        before = self.ledger.events_taken(since=0) - self.ledger.events_taken(since=self.window.began)
        after = self.ledger.events_taken(since=self.window.over)
        yield f"too little load: {before} before and {after} after" if min(before, after) < ENOUGH else ""


def trial(site: Site, load: Load, book: Book, scenario: Scenario, processors: Lock) -> Result:
    """Cause a fault under load; prove, once it is over, that it did no harm.

    Has the processors to itself where the service has to start anew, which has its bound, and for the proof.

    Raises:
        SiteError: the service does not come back, so that nothing can be proved.

    """
    health = Watch(site.port)
    with processors if scenario.ends_service else nullcontext():
        window, ledger = under_load(site, load, scenario, health)
    with processors:
        proof = book.enter(ledger, window.imported, site)
    logged = logged_requests(ledger, site) if scenario.graceful else frozenset[str]()
    return Result(scenario=scenario, window=window, ledger=ledger, proof=proof, health=health, logged=logged)


def logged_requests(ledger: Ledger, site: Site) -> frozenset[str]:
    """Return the ids of requests without an answer that are in the service's log, which has a line for each.

    Only an end that leaves the service time to write proves anything by that. Where a worker was killed, all of them
    may have been taken up, and count as such.
    """
    log = site.log()
    return frozenset(each.request_id for each in ledger.broken() if each.request_id in log or KILLED in log)


def under_load(site: Site, load: Load, scenario: Scenario, health: Watch) -> tuple[Window, Ledger]:
    """Return when the fault was, and what the clients recorded until some time after it."""
    load.start()
    try:
        with health.watching():
            time.sleep(BEFORE)
            window = scenario.inflict(site)
            if not load.await_recovery(window.over):
                raise SiteError("the service did not recover")
    finally:
        ledger = load.finish()
    return window, ledger
