"""Judging events again after an earlier one of the same player has changed: arrived late, or been corrected."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from app.rules.engine import RuleSet, needs_of
from app.rules.event import ActivityEvent, EventRef, EventType
from app.rules.history import NO_GROUPS, Groups, HistoryNeeds
from app.rules.reach import Reach
from app.rules.rule import Match, newest_of
from app.rules.running_history import RunningHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """Every edition that events were judged by, the history that an event of each type needs by it, and by any."""

    rule_sets: Mapping[int, RuleSet]
    needs: Mapping[int, Mapping[EventType, HistoryNeeds]]
    furthest: HistoryNeeds

    @classmethod
    def of(cls, rule_sets: Iterable[RuleSet]) -> "Judges":
        """Make them of these editions."""
        by_number = {each.edition: each for each in rule_sets}
        needs = {number: {kind: needs_of(each.rules, kind) for kind in EventType} for number, each in by_number.items()}
        all_needs = (each for by_type in needs.values() for each in by_type.values())
        return cls(rule_sets=by_number, needs=needs, furthest=reduce(HistoryNeeds.__or__, all_needs, HistoryNeeds()))


class Rejudging:
    """A player's events from a changed one on, by `t` and `n`: each is judged as it would be with what is known now.

    `history` holds what comes before the next event, as far back as any edition looks.
    """

    def __init__(self, judges: Judges, history: RunningHistory, changed: Iterable[ActivityEvent]) -> None:
        self._judges, self._history, self._reach = judges, history, Reach(changed)

    def may_reach(self, t: int) -> bool:
        """Tell whether any edition can look from the next event, at `t`, back to the changed one."""
        return self._reach.includes(t, self._judges.furthest)

    def judge(self, event: ActivityEvent, edition: int, groups: Groups = NO_GROUPS) -> Sequence[Match] | None:
        """Return which rules of the edition the next event meets now; None if it cannot see the change.

        `groups` are those that it was judged with. Raises `KeyError` for an unknown edition.
        """
        matches = None
        if self._reach.includes(event.t, self._judges.needs[edition][event.type]):
            matches = self._judges.rule_sets[edition].evaluate(event, self._history.before(event.t, groups))
        return matches

    def go_beyond(self, event: ActivityEvent) -> None:
        """Go on to the event after this one."""
        self._reach.go_beyond(event)
        self._history.remember(event)


def proof_of(match: Match, event: ActivityEvent, history: RunningHistory) -> list[EventRef]:
    """Return the events that prove a match, newest first; `history` is what comes before the event."""
    refs = [each.ref for each in match.events[: match.most_named]]
    before: list[EventRef] = []
    for window in match.windows:
        before += history.last_in(window, event.t, match.most_named - len(refs))
    return newest_of(refs, before, match.most_named)
