"""Which groups a player was in when an event was judged: by the version that the event kept (A56)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain

from app.backtest.audits import Grouped
from app.backtest.domain import PlayerRange, Scope
from app.backtest.queries import BacktestQueries
from app.backtest.reports import GroupsUsed
from app.players.domain import UNSEEN, GroupsSeen
from app.players.queries import labels_in
from app.rules.event import ActivityEvent
from app.rules.history import NO_GROUPS, Groups


@dataclass(frozen=True, slots=True)
class Versions:
    """The groups of one player, by their version."""

    labels: Mapping[int, Groups] = field(default_factory=dict)

    def seen(self, version: int | None) -> GroupsSeen | None:
        """Return the groups of a version, 0 being none; None if no such version is stored."""
        if version is None:
            return UNSEEN
        labels = NO_GROUPS if version == 0 else self.labels.get(version)
        return None if labels is None else GroupsSeen(version, labels)


NO_VERSIONS = Versions()


class VersionsOfPlayers:
    """The versions of the groups of the players of a range, who are asked for in the order of their ids."""

    def __init__(self, queries: BacktestQueries, players: PlayerRange) -> None:
        rows = chain.from_iterable(queries.versions(players))
        self._rows = Grouped(rows, lambda row: row[0])

    def of(self, user_id: int) -> Versions:
        """Return the versions of a player."""
        for _ in self._rows.before(user_id):
            pass
        rows = self._rows.at(user_id)
        return Versions({version: labels_in(text) for _, version, text in rows}) if rows else NO_VERSIONS


class GroupsOfEvents:
    """The groups of events that are judged one after the other, by player, t and n; counts where they are from."""

    def __init__(self, queries: BacktestQueries, scope: Scope, players: PlayerRange) -> None:
        self._rows = chain.from_iterable(queries.groups_seen(scope, players))
        self._used: Counter[bool] = Counter()

    def at(self, event: ActivityEvent) -> Groups:
        """Return the groups of the next event in the scope."""
        for user_id, t, n, kept, labels in self._rows:
            if (user_id, t, n) == (event.user_id, event.t, event.n):
                self._used[kept] += 1
                return labels_in(labels)
        raise LookupError(event)

    @property
    def used(self) -> GroupsUsed:
        """Where the groups of the events so far are from."""
        return GroupsUsed(kept=self._used[True], when_received=self._used[False])
