"""Compare the stored events with what was counted and sealed: player by player, then the chain of seals (A44)."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.backtest.kept_totals import KeptTotal, TotalsAudit
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
    """A player's clock: the latest `t`, how many numbers were given, and how many at least are sealed."""

    user_id: int
    last_t: int
    events: int
    sealed: int
    late_events: int = 0
    corrections: int = 0


class SealedPart(NamedTuple):
    """The part of a seal that covers a player, and the number of that seal."""

    part: PlayerPart
    seal: int


def read_part(row: PartRow) -> SealedPart:
    """Read a row of `sealed_player`."""
    user_id, seq, t, events, digest, seal = row
    return SealedPart(PlayerPart(user_id, seq, t, events, bytes(digest)), seal)


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of a player besides the events: the clock, the parts of seals by number, running totals."""

    user_id: int
    clock: Clock | None
    sealed: Sequence[SealedPart]
    totals: Sequence[KeptTotal] = ()


@dataclass(slots=True)
class Numbers:
    """The arrival numbers of a player's events; consecutive, though not always in the order of `t`."""

    _next: int = 1
    _ahead: set[int] = field(default_factory=set)
    _twice: list[int] = field(default_factory=list)

    def add(self, seq: int) -> None:
        """Add a number."""
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
        """Yield where these are not the numbers from 1 to the count."""
        beyond = sum(seq > count for seq in self._ahead) + max(self._next - 1 - count, 0)
        missing = max(count - self._next + 1, 0) - sum(seq <= count for seq in self._ahead)
        if missing:
            yield f"{count} events were counted, but {missing} of them are not stored: number {self._next} is missing"
        if beyond:
            yield f"{count} events were counted, but {beyond} more are stored"
        if self._twice:
            yield f"{len(self._twice)} events stored with the number of another event, first number {self._twice[0]}"


@dataclass(slots=True)
class Audit:
    """The events of one player, added in order of `t` and compared with the account."""

    account: Account
    _numbers: Numbers = field(default_factory=Numbers)
    _parts: dict[int, PartDigest] = field(default_factory=dict)
    _latest_t: int = -1
    _irregular: tuple[int, int] = (0, 0)
    unnumbered: int = 0  # events without a number that no seal covers
    unsealed: int = 0  # events with a number that no seal covers yet
    _counts: Sequence[SealedPart] = field(init=False)
    _seals: Sequence[SealedPart] = field(init=False)
    _totals: TotalsAudit = field(init=False)

    def __post_init__(self) -> None:
        self._totals = TotalsAudit(self.account.totals)
        # The counts of events without a number, by t as they were made; then the seals, by number.
        self._counts = [each for each in reversed(self.account.sealed) if each.part.seq <= 0]
        self._seals = [each for each in self.account.sealed if each.part.seq > 0]

    def add(self, event: EventFacts, alerts: Iterable[str]) -> None:
        """Add an event with its alerts; all the player's events came in order."""
        self.note_standing(event)
        self.add_entry(event.t, event.seq, lambda: event_digest(event, alerts))

    def note_standing(self, event: EventFacts) -> None:
        """Note an event that stands."""
        self._latest_t = max(self._latest_t, event.t)
        self._totals.add(event)

    def add_entry(self, t: int, seq: int | None, digest: Callable[[], bytes]) -> None:
        """Add an event as it was first answered, or a correction; its digest is computed only if a seal covers it."""
        covered = self._covered(t, seq)
        if seq is not None:
            self._numbers.add(seq)
        if covered is not None:
            self._parts.setdefault(covered, PartDigest()).add(digest())
        elif seq is None:
            self.unnumbered += 1
        else:
            self.unsealed += 1

    def _covered(self, t: int, seq: int | None) -> int | None:
        """Return the number of the part that covers an entry; None if none does."""
        if seq is None:
            place = bisect_left(self._counts, t, key=lambda each: each.part.t)
            return self._counts[place].part.seq if place < len(self._counts) else None
        place = bisect_left(self._seals, seq, key=lambda each: each.part.seq)
        return self._seals[place].part.seq if place < len(self._seals) else None

    @property
    def is_irregular(self) -> bool:
        """Whether the clock says that events came late or were corrected."""
        clock = self.account.clock
        return clock is not None and (clock.late_events > 0 or clock.corrections > 0)

    def note_counts(self, *, late_events: int, corrections: int) -> None:
        """Note how many late events and corrections are stored."""
        self._irregular = late_events, corrections

    def faults(self, *, all_counted: bool) -> Iterator[str]:
        """Yield what was removed, added or changed."""
        clock = self.account.clock
        if clock is None and (self._latest_t >= 0 or self.account.sealed):
            yield "there is no clock"
        if clock is not None:
            yield from self._against_clock(clock)
        if self.unnumbered and all_counted:
            yield f"{self.unnumbered} events stored without a number after all such events were counted"
        yield from self._against_seals()
        if clock is not None:
            yield from self._totals.faults(clock.late_events + clock.corrections)

    def _against_clock(self, clock: Clock) -> Iterator[str]:
        yield from self._numbers.faults(clock.events)
        if clock.last_t != self._latest_t:
            latest = f"the latest event is at t {self._latest_t}" if self._latest_t >= 0 else "no event is stored"
            yield f"the clock is at t {clock.last_t}, but {latest}"
        if (clock.late_events, clock.corrections) != self._irregular:
            late, corrected = self._irregular
            yield (
                f"the clock counts {clock.late_events} late events and {clock.corrections} corrections; "
                f"{late} and {corrected} are stored"
            )
        last = self._seals[-1].part.seq if self._seals else 0
        if clock.sealed > last:
            yield f"the clock has {clock.sealed} events sealed, but the seals cover {last}"
        if clock.events < last:
            yield f"the clock counts {clock.events} events, but the seals cover {last}"

    def _against_seals(self) -> Iterator[str]:
        before = 0
        for part, seal in self.account.sealed:
            if part.seq > 0:
                if part.seq - part.events != before:
                    yield f"no seal covers the events after number {before} up to {part.seq - part.events}"
                before = part.seq
            found = self._parts.get(part.seq) or PartDigest()
            if found.events != part.events:
                yield f"seal {seal} covers {_covers(part)}, but {found.events} of them are stored"
            elif found.digest() != part.digest:
                yield f"seal {seal} covers {_covers(part)}: they or their alerts were changed"


def _covers(part: PlayerPart) -> str:
    if part.seq <= 0:
        return f"{part.events} events without a number, up to t {part.t}"
    first = part.seq - part.events + 1
    return f"event number {first}" if part.events == 1 else f"the events number {first} to {part.seq}"


@dataclass(slots=True)
class ChainAudit:
    """The chain of seals, recomputed link by link."""

    latest: Sealed | None = None

    def faults(
        self, seals: Iterable[tuple[SealFacts, bytes]], parts: Iterable[SealedPart], kept: Sealed | None
    ) -> Iterator[str]:
        """Yield which links are missing or were changed; `kept` is a seal that was kept elsewhere."""
        waiting = iter(parts)
        following = next(waiting, None)
        found_kept = False
        for facts, digest in seals:
            number = self.latest.no + 1 if self.latest else 1
            if facts.no != number:
                yield (
                    f"seal {number} is gone" if facts.no == number + 1 else f"seals {number} to {facts.no - 1} are gone"
                )
            recomputed = SealDigest(facts, self.latest.digest if self.latest else FIRST)
            while following and following.seal <= facts.no:
                if following.seal < facts.no:
                    yield f"player {following.part.user_id} is in seal {following.seal}, which is gone"
                else:
                    recomputed.add(following.part)
                following = next(waiting, None)
            if recomputed.digest() != digest:
                yield f"seal {facts.no} or the players in it were changed"
            self.latest = Sealed(facts.no, digest)
            if kept and kept.no == facts.no:
                found_kept = True
                if kept.digest != digest:
                    yield f"seal {facts.no} is {digest.hex()}, but {kept.digest.hex()} was kept: all was rewritten"
        if following:
            yield f"player {following.part.user_id} is in seal {following.seal}, which is gone"
        if kept and not found_kept:
            yield f"seal {kept.no} was kept elsewhere, but is gone"
