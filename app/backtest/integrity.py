"""What is stored against what was counted and sealed: a player at a time, then the chain of seals (A44)."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.backtest.queries import PartRow
from app.seals.domain import (
    FIRST,
    EventFacts,
    PartDigest,
    PlayerPart,
    SealDigest,
    Sealed,
    SealFacts,
    event_digest,
)


class Clock(NamedTuple):
    """What the clock of a player says: the latest `t`, how many events have a number, how many are sealed at least."""

    user_id: int
    last_t: int
    events: int
    sealed: int


class SealedPart(NamedTuple):
    """What a seal says of a player, and which seal."""

    part: PlayerPart
    seal: int


def read_part(row: PartRow) -> SealedPart:
    """Read a row of `sealed_player`."""
    user_id, seq, t, events, digest, seal = row
    return SealedPart(PlayerPart(user_id, seq, t, events, bytes(digest)), seal)


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of a player beside the events: the clock, and the parts of seals in order of their numbers."""

    user_id: int
    clock: Clock | None
    sealed: Sequence[SealedPart]


@dataclass(slots=True)
class Numbers:
    """The numbers of a player's events; each is one above that before, but where `t` does not follow them."""

    _next: int = 1
    _ahead: set[int] = field(default_factory=set)
    _twice: list[int] = field(default_factory=list)

    def add(self, seq: int) -> None:
        """Take up a number."""
        if seq < self._next or seq in self._ahead:
            self._twice.append(seq)
        elif seq > self._next:
            self._ahead.add(seq)
        else:
            self._next += 1
            while self._next in self._ahead:
                self._ahead.remove(self._next)
                self._next += 1

    def faults(self, count: int) -> Iterator[str]:
        """Tell where these are not the numbers from 1 to the count."""
        beyond = sum(seq > count for seq in self._ahead) + max(self._next - 1 - count, 0)
        missing = max(count - self._next + 1, 0) - sum(seq <= count for seq in self._ahead)
        if missing:
            yield f"{count} events were counted, and {missing} of them are not stored: number {self._next} is missing"
        if beyond:
            yield f"{count} events were counted, and {beyond} stored beyond that"
        if self._twice:
            yield f"{len(self._twice)} stored with the number of another: {self._twice[0]}"


@dataclass(slots=True)
class Audit:
    """The events of one player, taken up in order of `t` and held against the account."""

    account: Account
    _numbers: Numbers = field(default_factory=Numbers)
    _parts: dict[int, PartDigest] = field(default_factory=dict)
    _latest_t: int = -1
    unnumbered: int = 0  # events without a number that no seal covers
    unsealed: int = 0  # events with a number that no seal covers yet
    _counts: Sequence[SealedPart] = field(init=False)
    _seals: Sequence[SealedPart] = field(init=False)

    def __post_init__(self) -> None:
        # The counts of events without a number, in order of t as they were made; then the seals, in order of number.
        self._counts = [each for each in reversed(self.account.sealed) if each.part.seq <= 0]
        self._seals = [each for each in self.account.sealed if each.part.seq > 0]

    def add(self, event: EventFacts, alerts: Iterable[str]) -> None:
        """Take up an event with its alerts."""
        self._latest_t = max(self._latest_t, event.t)
        covered = self._covered(event)
        if event.seq is not None:
            self._numbers.add(event.seq)
        if covered is not None:
            self._parts.setdefault(covered, PartDigest()).add(event_digest(event, alerts))
        elif event.seq is None:
            self.unnumbered += 1
        else:
            self.unsealed += 1

    def _covered(self, event: EventFacts) -> int | None:
        """Return the number of the part that covers an event; None where none does."""
        if event.seq is None:
            place = bisect_left(self._counts, event.t, key=lambda each: each.part.t)
            return self._counts[place].part.seq if place < len(self._counts) else None
        place = bisect_left(self._seals, event.seq, key=lambda each: each.part.seq)
        return self._seals[place].part.seq if place < len(self._seals) else None

    def faults(self, *, all_counted: bool) -> Iterator[str]:
        """Tell what is gone, was added or was changed."""
        clock = self.account.clock
        if clock is None and (self._latest_t >= 0 or self.account.sealed):
            yield "there is no clock"
        if clock is not None:
            yield from self._against_clock(clock)
        if self.unnumbered and all_counted:
            yield f"{self.unnumbered} stored without a number after all such events were counted"
        yield from self._against_seals()

    def _against_clock(self, clock: Clock) -> Iterator[str]:
        yield from self._numbers.faults(clock.events)
        if clock.last_t != self._latest_t:
            latest = f"the latest event is at t {self._latest_t}" if self._latest_t >= 0 else "no event is stored"
            yield f"the clock stands at t {clock.last_t}, {latest}"
        last = self._seals[-1].part.seq if self._seals else 0
        if clock.sealed > last:
            yield f"the clock has {clock.sealed} events sealed, the seals have {last}"
        if clock.events < last:
            yield f"the clock counts {clock.events} events, the seals have {last}"

    def _against_seals(self) -> Iterator[str]:
        before = 0
        for part, seal in self.account.sealed:
            if part.seq > 0:
                if part.seq - part.events != before:
                    yield f"no seal covers the events after number {before} up to {part.seq - part.events}"
                before = part.seq
            found = self._parts.get(part.seq) or PartDigest()
            if found.events != part.events:
                yield f"seal {seal} covers {_covers(part)}; {found.events} of them are stored"
            elif found.digest() != part.digest:
                yield f"seal {seal} covers {_covers(part)}; they were changed, or their alerts"


def _covers(part: PlayerPart) -> str:
    if part.seq <= 0:
        return f"{part.events} events without a number, up to t {part.t}"
    first = part.seq - part.events + 1
    return f"event number {first}" if part.events == 1 else f"the events number {first} to {part.seq}"


@dataclass(slots=True)
class ChainAudit:
    """The chain of seals, worked out again link by link."""

    latest: Sealed | None = None

    def faults(
        self, seals: Iterable[tuple[SealFacts, bytes]], parts: Iterable[SealedPart], kept: Sealed | None
    ) -> Iterator[str]:
        """Tell which links are gone or were changed, `kept` being one that was written down elsewhere."""
        waiting = iter(parts)
        following = next(waiting, None)
        found_kept = False
        for facts, digest in seals:
            number = self.latest.no + 1 if self.latest else 1
            if facts.no != number:
                yield (
                    f"seal {number} is gone" if facts.no == number + 1 else f"seals {number} to {facts.no - 1} are gone"
                )
            worked_out = SealDigest(facts, self.latest.digest if self.latest else FIRST)
            while following and following.seal <= facts.no:
                if following.seal < facts.no:
                    yield f"user {following.part.user_id} is in seal {following.seal}, which is gone"
                else:
                    worked_out.add(following.part)
                following = next(waiting, None)
            if worked_out.digest() != digest:
                yield f"seal {facts.no} was changed, or the players in it"
            self.latest = Sealed(facts.no, digest)
            if kept and kept.no == facts.no:
                found_kept = True
                if kept.digest != digest:
                    yield f"seal {facts.no} is {digest.hex()}, and {kept.digest.hex()} was kept: all was rewritten"
        if following:
            yield f"user {following.part.user_id} is in seal {following.seal}, which is gone"
        if kept and not found_kept:
            yield f"seal {kept.no} was kept, and is gone"
