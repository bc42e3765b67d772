"""Which later events of a player have a changed event in their history, and may therefore be judged differently."""

from collections import Counter
from collections.abc import Iterable

from app.rules.event import MONEY_TYPES, ActivityEvent, EventType
from app.rules.history import HistoryNeeds


class Reach:
    """How far a change of a player's events reaches; later events pass it one after the other, by `t` and `n`.

    `changed` are the versions of one event: a late event alone; a corrected one before and after its correction.
    """

    def __init__(self, changed: Iterable[ActivityEvent]) -> None:
        versions = tuple(changed)
        self._t = versions[0].t
        self._types = frozenset(each.type for each in versions)
        self._between = 0
        self._between_of: Counter[EventType] = Counter()

    def includes(self, t: int, needs: HistoryNeeds) -> bool:
        """Tell whether rules with these needs can look from the next event, at `t`, back to the changed one."""
        return (
            (self._between < needs.latest and not self._types.isdisjoint(MONEY_TYPES))
            or any(self._between_of[kind] < count for kind, count in needs.latest_of.items() if kind in self._types)
            or any(t - self._t <= seconds for kind, seconds in needs.window.items() if kind in self._types)
            or any(window.span.opens(t) <= self._t for window in needs.sums if window.type in self._types)
        )

    def go_beyond(self, event: ActivityEvent) -> None:
        """Go on to the event after this one."""
        self._between += event.type in MONEY_TYPES
        self._between_of[event.type] += 1
