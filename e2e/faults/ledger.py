"""What the clients recorded: each acknowledged event with its answer, and how every request ended."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from e2e.faults.client import Attempt, Outcome
from testkit.oracle import Event

TROUBLE = (Outcome.UNAVAILABLE, Outcome.BROKEN, Outcome.REFUSED, Outcome.STRANGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """An event and the bytes of its 200.

    `in_doubt` tells that an attempt before had no answer or a 5xx; `replayed`, that the event was stored by then.
    """

    event: Event
    answer: bytes
    in_doubt: bool
    replayed: bool


@dataclass(slots=True)
class Ledger:
    """The notes of one client, or of several put together."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    @classmethod
    def joined(cls, ledgers: Iterable["Ledger"]) -> "Ledger":
        """Put notes together; the events of each player stay in their order."""
        joined = cls()
        for ledger in ledgers:
            joined.acknowledged += ledger.acknowledged
            joined.attempts += ledger.attempts
        return joined

    def count(self, *outcomes: Outcome) -> int:
        return sum(attempt.outcome in outcomes for attempt in self.attempts)

    def broken(self) -> list[Attempt]:
        """Requests whose connection broke."""
        return [attempt for attempt in self.attempts if attempt.outcome is Outcome.BROKEN]

    def taken(self, *, since: float) -> list[Attempt]:
        """Requests that began at that moment or later and were answered 200."""
        return [each for each in self.attempts if each.outcome is Outcome.TAKEN and each.began >= since]

    def in_flight(self, moment: float) -> list[Attempt]:
        """Requests that were under way at a moment."""
        return [attempt for attempt in self.attempts if attempt.began < moment < attempt.done]

    def last_trouble(self) -> float:
        """When the last request ended that was not answered 200; 0 when there was none."""
        return max((each.done for each in self.attempts if each.outcome in TROUBLE), default=0.0)

    def longest(self) -> float:
        return max((attempt.seconds for attempt in self.attempts), default=0.0)

    def strange(self) -> list[str]:
        """Answers outside the contract; a replay of an event that was never sent before is one, too."""
        details = [each.detail for each in self.attempts if each.outcome is Outcome.STRANGE]
        return details + [f"a replay at first: {a.event}" for a in self.acknowledged if a.replayed and not a.in_doubt]
