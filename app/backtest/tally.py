"""Counting what editions raise, player by player, so that the counts of several processes can be added up."""

import heapq
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from app.backtest.domain import Calendar
from app.backtest.reports import BOUNDS, SAMPLES, Count, GroupsUsed, Sample, Series, SeriesReport
from app.rules.event import ActivityEvent, EventRef
from app.rules.rule import Match

BOTH = (Series.RAISED, Series.AGAINST, Series.GAINED, Series.LOST)


Codes = AbstractSet[int]
NO_CODES: Codes = frozenset()
NOTHING: tuple[Sequence[Match], Sequence[Match]] = ((), ())


class Placed(Protocol):
    """An event, or what is stored of one: whose it is and when."""

    @property
    def user_id(self) -> int:
        """The player."""

    @property
    def t(self) -> int:
        """The second."""

    @property
    def n(self) -> int:
        """Its place in that second."""

    @property
    def ref(self) -> EventRef:
        """What names it among the player's events."""


class Raised(Protocol):
    """An alert that is raised now, or one that is stored."""

    @property
    def code(self) -> int:
        """The code of its rule."""

    @property
    def sentence(self) -> str:
        """Why it was raised."""


class Samples:
    """A few alerts of many: those with the least hash, so that the order and the process make no difference."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, Sample]] = []  # a heap of negative hashes: the greatest hash first

    def offer(self, event: Placed, alert: Raised) -> None:
        """Keep the alert if it is one of the few."""
        moment = (event.user_id, event.t, event.n) if event.n else (event.user_id, event.t)
        key = -hash(moment)  # of integers, so it is the same in every process
        if len(self._kept) < SAMPLES or key > self._kept[0][0]:
            self._keep((key, Sample(event.user_id, event.ref, alert.sentence)))

    def add(self, other: "Samples") -> None:
        """Keep the samples of the other that are among the first of both."""
        for each in other.keyed():
            self._keep(each)

    def keyed(self) -> Sequence[tuple[int, Sample]]:
        """Return the samples, each with its negative hash."""
        return self._kept

    def _keep(self, keyed: tuple[int, Sample]) -> None:
        if len(self._kept) < SAMPLES:
            heapq.heappush(self._kept, keyed)
        else:
            heapq.heappushpop(self._kept, keyed)

    def in_order(self) -> list[Sample]:
        """Return the samples by player, t and n."""
        return sorted(sample for _, sample in self._kept)


class SeriesTally:
    """The alerts of a series so far."""

    def __init__(self) -> None:
        self.alerts: Counter[tuple[int, int]] = Counter()  # by period and code
        self.fresh: Counter[tuple[int, int]] = Counter()
        self.players: Counter[tuple[int, int]] = Counter()
        self.players_of: Counter[int] = Counter()  # by code
        self.players_in: Counter[int] = Counter()  # by period
        self.players_by_alerts: Counter[int] = Counter()  # by the bound of their number of alerts
        self.samples: defaultdict[int, Samples] = defaultdict(Samples)
        self._of_player: dict[tuple[int, int], int] = {}

    def count(self, period: int, event: Placed, alerts: Iterable[Raised], repeated: Codes = NO_CODES) -> None:
        """Count the alerts of an event of the current player; those are fresh whose code is not `repeated` (A58)."""
        of_player = self._of_player
        for alert in alerts:
            code = alert.code
            of_player[period, code] = of_player.get((period, code), 0) + 1
            if code not in repeated:
                self.fresh[period, code] += 1
            self.samples[code].offer(event, alert)

    def end_player(self) -> None:
        """Count the current player for each code and period of their alerts."""
        of_player = self._of_player
        self.players_by_alerts[BOUNDS[bisect_left(BOUNDS, sum(of_player.values()))]] += 1
        if of_player:
            self.alerts.update(of_player)
            self.players.update(of_player.keys())
            self.players_of.update({code for _, code in of_player})
            self.players_in.update({period for period, _ in of_player})
            of_player.clear()

    def add(self, other: "SeriesTally") -> None:
        """Add what another process counted, of other players."""
        self.alerts.update(other.alerts)
        self.fresh.update(other.fresh)
        self.players.update(other.players)
        self.players_of.update(other.players_of)
        self.players_in.update(other.players_in)
        self.players_by_alerts.update(other.players_by_alerts)
        for code, samples in other.samples.items():
            self.samples[code].add(samples)

    def report(self) -> SeriesReport:
        """Return what was counted."""
        alerts_of, fresh_of, alerts_in, fresh_in = (Counter[int]() for _ in range(4))
        for key, alerts in self.alerts.items():
            (period, code), fresh = key, self.fresh[key]
            alerts_of[code] += alerts
            fresh_of[code] += fresh
            alerts_in[period] += alerts
            fresh_in[period] += fresh
        return SeriesReport(
            codes={code: Count(alerts_of[code], self.players_of[code], fresh_of[code]) for code in sorted(alerts_of)},
            periods={each: Count(alerts_in[each], self.players_in[each], fresh_in[each]) for each in sorted(alerts_in)},
            details={key: Count(self.alerts[key], self.players[key], self.fresh[key]) for key in sorted(self.alerts)},
            samples={code: self.samples[code].in_order() for code in sorted(self.samples)},
            players_by_alerts={bound: self.players_by_alerts[bound] for bound in sorted(self.players_by_alerts)},
        )


class Tally:
    """What a backtest has counted so far: of one edition, or of one against another."""

    def __init__(self, calendar: Calendar, *, compares: bool) -> None:
        self.events = self.players = 0
        self.groups = GroupsUsed()
        self.events_by_period: Counter[int] = Counter()
        self.series = {series: SeriesTally() for series in (BOTH if compares else (Series.RAISED,))}
        self._calendar = calendar
        self._period = self._ends = -1
        self._of_period = 0
        self._before = NOTHING  # what the event before raised, by the edition and by the other one

    def count(self, event: ActivityEvent, raised: Sequence[Match], against: Sequence[Match]) -> None:
        """Count an event of the current player; they come in ascending order of `t`."""
        if event.t >= self._ends:
            self._begin_period(event.t)
        self._of_period += 1
        if raised or against:
            self._count_alerts(event, raised, against)
        else:
            self._before = NOTHING

    def _count_alerts(self, event: ActivityEvent, raised: Sequence[Match], against: Sequence[Match]) -> None:
        (before, before_against), self._before = self._before, (raised, against)
        repeated = _codes(before) if before else NO_CODES
        self.series[Series.RAISED].count(self._period, event, raised, repeated)
        if len(self.series) > 1:
            now, now_against = _codes(raised), _codes(against)
            gained = (alert for alert in raised if alert.code not in now_against)
            lost = (alert for alert in against if alert.code not in now)
            repeated_against = _codes(before_against)
            self.series[Series.AGAINST].count(self._period, event, against, repeated_against)
            self.series[Series.GAINED].count(self._period, event, gained, repeated)
            self.series[Series.LOST].count(self._period, event, lost, repeated_against)

    def _begin_period(self, t: int) -> None:
        self._end_period()
        self._period = self._calendar.period(t)
        self._ends = self._calendar.begins(self._period + 1)

    def _end_period(self) -> None:
        if self._of_period:
            self.events += self._of_period
            self.events_by_period[self._period] += self._of_period
            self._of_period = 0

    def end_player(self) -> None:
        """Finish the current player, who counts only if an event was judged."""
        judged = self._of_period > 0
        self._end_period()
        self._ends, self._before = -1, NOTHING
        if judged:
            self.players += 1
            for counted in self.series.values():
                counted.end_player()

    def add(self, other: "Tally") -> None:
        """Add what another process counted, of other players."""
        self.events += other.events
        self.players += other.players
        self.groups = self.groups.plus(other.groups)
        self.events_by_period.update(other.events_by_period)
        for series, counted in other.series.items():
            self.series[series].add(counted)

    def reports(self) -> Mapping[Series, SeriesReport]:
        """Return what was counted of each series."""
        return {series: counted.report() for series, counted in self.series.items()}


def _codes(alerts: Iterable[Match]) -> Codes:
    return {alert.code for alert in alerts}
