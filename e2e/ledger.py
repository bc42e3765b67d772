"""What the contract promises for one player's events in any order: an answer, a replay or a refusal."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import httpx

from e2e.problems import Problem, problem_in
from testkit.oracle import Event, codes_after
from testkit.service import REPLAY_HEADER, codes_in

NUMBER = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of one event: its codes, or the slug of its refusal and the latest `t` that the refusal names."""

    codes: tuple[int, ...] = ()
    replayed: bool = False
    refusal: str = ""
    latest: int | None = None


CONFLICT = Outcome(refusal="duplicate-event")
STATUSES = {"duplicate-event": 409, "out-of-order": 400}


def is_retry_of(one: Event, other: Event) -> bool:
    return replace(one, amount=other.amount) == other and Decimal(one.amount) == Decimal(other.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The stored events of one player, oldest first. A value: to try out an order of events spoils nothing."""

    events: tuple[Event, ...] = ()

    @property
    def latest(self) -> int:
        """The greatest `t` so far, or -1."""
        return self.events[-1].t if self.events else -1

    def take(self, event: Event) -> tuple[Outcome, "Ledger"]:
        """Return the expected outcome of the event, and the ledger after it."""
        if (place := self._place_of(event)) is not None:
            codes = tuple(codes_after(self.events[: place + 1]))
            again = is_retry_of(self.events[place], event)
            return (Outcome(codes=codes, replayed=True) if again else CONFLICT), self
        if event.t < self.latest:
            return Outcome(refusal="out-of-order", latest=self.latest), self
        after = replace(self, events=(*self.events, event))
        return Outcome(codes=tuple(codes_after(after.events))), after

    def _place_of(self, event: Event) -> int | None:
        """Return the place of a stored event that stands where this one would; None if there is room for it.

        An id identifies an event. Without one on both sides, the second does.
        """
        named = [n for n, stored in enumerate(self.events) if event.event_id and stored.event_id == event.event_id]
        at_t = [
            n
            for n, stored in enumerate(self.events)
            if stored.t == event.t and not (event.event_id and stored.event_id)
        ]
        return next(iter(named + at_t), None)

    def take_all(self, events: Sequence[Event]) -> tuple[list[Outcome], "Ledger"]:
        """Take the events one after the other."""
        outcomes, ledger = [], self
        for event in events:
            outcome, ledger = ledger.take(event)
            outcomes.append(outcome)
        return outcomes, ledger

    def free_moment(self, wish: int) -> int:
        """Return a `t` below the latest that no event has; one is always left when the first `t` was above zero."""
        taken = {event.t for event in self.events}
        free = (t % self.latest for t in range(wish, wish + len(taken) + 1) if t % self.latest not in taken)
        return next(free)


def outcome_of(response: httpx.Response, event: Event) -> Outcome:
    """Read the outcome of an event from its response, after checking the whole form."""
    if response.status_code == 200:
        codes = tuple(codes_in(response, event.user_id))
        replayed = response.headers.get(REPLAY_HEADER)
        assert replayed in {None, "true"}, replayed
        return Outcome(codes=codes, replayed=replayed == "true")
    slug = "duplicate-event" if response.status_code == 409 else "out-of-order"
    problem = problem_in(response, STATUSES[slug], slug)
    return Outcome(refusal=slug, latest=latest_in_detail(problem, event) if slug == "out-of-order" else None)


def latest_in_detail(problem: Problem, event: Event) -> int:
    """Return the greatest number in the detail besides the user id: it exceeds the event's own `t`."""
    numbers = [int(number) for number in NUMBER.findall(str(problem["detail"]))]
    return max(number for number in numbers if number != event.user_id)
