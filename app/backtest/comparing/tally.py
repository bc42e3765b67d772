"""Counting what was found, player by player, so that the counts of several processes can be added up."""

import heapq
from collections import Counter
from collections.abc import Iterable

from app.backtest.comparing.domain import Compared, Comparison, PlayerShare, Side, Subject
from app.backtest.domain import Calendar
from app.backtest.tally import SeriesTally


class ComparisonTally:
    """What was counted so far; of the players, the `limit` who differ most."""

    def __init__(self, calendar: Calendar, limit: int) -> None:
        self.series = {side: SeriesTally() for side in Side}
        self.players: list[PlayerShare] = []
        self.differing_players = 0
        self._calendar, self._limit = calendar, limit
        self._present = 0
        self._of_player = Counter[Side]()

    def count(self, found: Iterable[Compared]) -> None:
        """Count all that was found of some players; the rows of each are together."""
        for each in found:
            if each.user_id != self._present:
                self._end_player()
                self._present = each.user_id
            period = self._calendar.period(each.t)
            for side, alert in each.sides:
                self.series[side].count(period, each, (alert,))
                self._of_player[side] += 1
        self._end_player()

    def _end_player(self) -> None:
        if not self._of_player:
            return
        for counted in self.series.values():
            counted.end_player()
        share = self._share()
        self._of_player.clear()
        if share.differing:
            self.differing_players += 1
            self._list(share)

    def _share(self) -> PlayerShare:
        live, shadow, common, gained, lost = (self._of_player[side] for side in Side)
        return PlayerShare(gained + lost, -self._present, live, shadow, common, gained, lost)

    def _list(self, share: PlayerShare) -> None:
        heapq.heappush(self.players, share)
        if len(self.players) > self._limit:
            heapq.heappop(self.players)

    def add(self, other: "ComparisonTally") -> None:
        """Add what another process counted, of other players."""
        for side, counted in other.series.items():
            self.series[side].add(counted)
        self.differing_players += other.differing_players
        for share in other.players:
            self._list(share)

    def comparison(self, subject: Subject) -> Comparison:
        """Return what was counted."""
        return Comparison(
            subject=subject,
            calendar=self._calendar,
            series={side: counted.report() for side, counted in self.series.items()},
            players=sorted(self.players, reverse=True),
            differing_players=self.differing_players,
        )
