"""One player's events as the contract promises to take them, late and corrected ones included: dumb and slow.

It keeps the plain list of what is believed, in the order of the events, and judges every event again after each change.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from testkit.oracle import EDITION_1, Event, Rule, codes_after


@dataclass(slots=True)
class Kept:
    """An event as it is believed now; how it was sent and answered first, and by which rules."""

    now: Event
    sent: Event
    answered: list[int]
    rules: Sequence[Rule]
    reversed: bool = False
    amended: bool = False
    shadowed: list[int] = field(default_factory=list)  # what it raised in the shadow
    fresh: dict[tuple[bool, int], bool] = field(default_factory=dict)  # of each alert, by shadow and code


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service has to answer: a status and, for a 200, the codes."""

    status: int
    codes: list[int]
    late: bool = False
    replayed: bool = False


class PlayerLog:
    """What a player's events have to be answered, in whatever order they come; `horizon` None refuses late ones.

    `rules` are those in force; each event is judged again by those that judged it first.
    """

    def __init__(self, horizon: int | None = None) -> None:
        self.rules = EDITION_1
        self.shadow: Sequence[Rule] = ()
        self._horizon = horizon
        self._kept: list[Kept] = []  # by t, and within a second as they came

    def take(self, event: Event) -> Answer:
        """Return the answer to an event."""
        for known in self._same(event):
            if known.sent.event_id is None and event.event_id is None:
                return self._again(known, event)
            if known.sent.event_id == event.event_id:
                return self._again(known, event)
            return Answer(409, [])  # one of the two has the whole second
        latest = max((each.now.t for each in self._kept if not each.reversed), default=-1)
        late = event.t < latest
        if late and (self._horizon is None or event.t < latest - self._horizon):
            return Answer(400, [])
        place = sum(each.now.t <= event.t for each in self._kept)
        standing = [each.now for each in self._kept[:place] if not each.reversed]
        codes = codes_after([*standing, event], self.rules)
        shadowed = codes_after([*standing, event], self.shadow)
        self._kept.insert(place, Kept(event, event, codes, self.rules, shadowed=shadowed))
        self._note_fresh()
        return Answer(200, codes, late)

    def _same(self, event: Event) -> list[Kept]:
        """Return what stands under the identity of an event, or has the second that it needs."""
        if event.event_id:
            with_id = [each for each in self._kept if each.sent.event_id == event.event_id]
            if with_id:
                return with_id
        return [each for each in self._kept if each.sent.t == event.t and not (event.event_id and each.sent.event_id)]

    def _again(self, known: Kept, event: Event) -> Answer:
        said = (Decimal(known.sent.amount), known.sent.type, known.sent.t)
        same = said == (Decimal(event.amount), event.type, event.t)
        return Answer(200, known.answered, replayed=True) if same else Answer(409, [])

    def reverse(self, event: Event) -> None:
        """Take an event back."""
        self._find(event).reversed = True
        self._note_fresh()

    def amend(self, event: Event, amount: str) -> int:
        """Give an event another amount; return the status that this is answered with."""
        known = self._find(event)
        same = Decimal(known.now.amount) == Decimal(amount)
        if known.reversed or (same and not known.amended):
            return 409
        known.now, known.amended = replace(known.now, amount=amount), True
        self._note_fresh()
        return 200

    def _note_fresh(self) -> None:
        """Look at all that stands: each code without an alert gets one now, fresh unless the event before has it."""
        before: set[tuple[bool, int]] = set()
        for kept, (_, codes) in zip(self._standing(), self.believed(), strict=True):
            raised = {(False, code) for code in codes} | {(True, code) for code in kept.shadowed}
            kept.fresh |= {each: each not in before for each in raised - kept.fresh.keys()}
            before = raised

    def alerts(self) -> list[tuple[int, str | None, bool, int, bool]]:
        """Return every alert, of reversed events too: `t`, id, whether of the shadow, code, and whether fresh."""
        return [
            (kept.sent.t, kept.sent.event_id, *alert, fresh)
            for kept in self._kept
            for alert, fresh in kept.fresh.items()
        ]

    def _find(self, event: Event) -> Kept:
        [known] = [each for each in self._kept if (each.sent.t, each.sent.event_id) == (event.t, event.event_id)]
        return known

    def believed(self) -> list[tuple[Event, list[int]]]:
        """Return the events that stand, in order, with the codes that each raises by what is known now."""
        standing = self._standing()
        events = [each.now for each in standing]
        return [(each.now, codes_after(events[:no], each.rules)) for no, each in enumerate(standing, start=1)]

    def _standing(self) -> list[Kept]:
        return [each for each in self._kept if not each.reversed]
