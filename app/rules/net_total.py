"""Deposits minus withdrawals over a window of time above a threshold."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from app.rules.event import ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds
from app.rules.parameters import amount
from app.rules.rule import Match
from app.rules.windowed import NOTHING, Windowed
from app.rules.wording import PRESENT, lasting, money

# What each type adds to the net deposits; a cancelled withdrawal takes back a withdrawal (A62).
SIGNS = {EventType.DEPOSIT: 1, EventType.WITHDRAW: -1, EventType.WITHDRAW_CANCELLED: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class NetTotal(Windowed):
    """Met when deposits and cancelled withdrawals minus withdrawals in the window are more than `above`."""

    kind = "net_total"
    meaning = (
        "within the window, up to the present event, deposits minus withdrawals, of which the cancelled ones do not "
        "count, are more than a threshold"
    )

    above: Decimal = field(metadata=amount("the threshold; net deposits equal to it do not count"))

    @property
    def terms(self) -> str:
        """The rule's parameters in words."""
        return f"net deposits {self.within} are more than {money(self.above)}"

    def needs(self, on: EventType) -> HistoryNeeds:  # noqa: ARG002  # the same for every type
        """Deposits, withdrawals and cancelled withdrawals within the window."""
        needs = HistoryNeeds()
        for kind in SIGNS:
            needs |= self.window_needs(kind)
        return needs

    def match(self, event: ActivityEvent, history: History) -> Match | None:
        """Return a match when the net deposits in the window are more than the threshold."""
        parts = [(sign, held) for kind, sign in SIGNS.items() if (held := self.held(kind, event, history)) is not None]
        net = sum((sign * held.total for sign, held in parts), NOTHING)
        if net <= self.above:
            return None
        at_hand = [each for _, held in parts for each in held.events]
        return Match(
            rule=self,
            value=money(net),
            threshold=money(self.above),
            count=sum(held.number for _, held in parts),
            span=event.t - min(held.first_t for _, held in parts),
            events=sorted(at_hand, key=lambda each: (each.t, each.n), reverse=True),
            windows=tuple(held.window for _, held in parts if held.window),
        )

    def _sentence(self, match: Match) -> str:
        events = "1 event" if match.count == 1 else f"{match.count} events"
        took = f"within {lasting(match.span)}" if match.span else "at once"
        return f"{match.value} net deposits {took} by {events} (threshold {match.threshold} {self.within})"

    sentences: ClassVar = {PRESENT: _sentence}
