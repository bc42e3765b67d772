"""What the clients recorded: each acknowledged request with its answers, and how every attempt at one ended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from e2e.faults.client import Answer, Attempt, Outcome
from testkit.oracle import Event

TROUBLE = (Outcome.UNAVAILABLE, Outcome.BROKEN, Outcome.REFUSED, Outcome.STRANGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """A request, of one event or a batch, with the answer to each event.

    `in_doubt` tells that an attempt before had no answer or a 5xx; events stored by then were replayed.
    """

    events: Sequence[Event]
    answers: Sequence[Answer]
    in_doubt: bool

    @property
    def is_batch(self) -> bool:
        return len(self.events) > 1

    @property
    def replayed(self) -> int:
        """How many of its events had been stored before it was answered."""
        return sum(answer.replayed for answer in self.answers)

    def answered(self) -> Iterable[tuple[Event, Answer]]:
        return zip(self.events, self.answers, strict=True)


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

    def events_taken(self, *, since: float) -> int:
        """Count the events of these requests."""
        return sum(len(attempt.answers) for attempt in self.taken(since=since))

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
        return details + [f"a replay at first: {a.events}" for a in self.acknowledged if a.replayed and not a.in_doubt]

    def events(self) -> int:
        """Count the acknowledged events."""
        return sum(len(each.events) for each in self.acknowledged)

    def late(self) -> list[tuple[Event, Answer]]:
        """Events that were acknowledged as late, with their answers."""
        return [each for request in self.acknowledged for each in request.answered() if each[1].late]

    def batches_in_doubt(self) -> list[Acknowledged]:
        """Batches that were sent more than once."""
        return [each for each in self.acknowledged if each.is_batch and each.in_doubt]
