"""The query for what a player did before an event, as far back as the rules in force need.

Each part of it is bounded by an index, whatever the player has done before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple, Protocol

from app.events.running_totals import Lag, lags
from app.events.window_sums import HAS_TOTALS, SumRow, SumsSql, WindowsOf, added_up, periods_of, windows_of
from app.rules.engine import Evaluator
from app.rules.event import TYPE_BY_NAME, ActivityEvent, EventType
from app.rules.history import NO_GROUPS, History, HistoryNeeds
from lib.statements import Statement

# Each part of a history returns rows (part, t, type, amount, count, n, event_id), newest first; only sums have a `type`
# and a `count` (app.events.window_sums), as other parts imply it. `n` and the id are plain columns: expressions of
# them would cost every event 2% of PostgreSQL's time (measured). `{before}` is `<`, or `<=` for an event with an id,
# which may share its second with events before it (A49).
# A range of one value, with an order that names the type, is written where `type = …` would mean the same: only the
# index on (user_id, type, t, n) serves this order, so no plan can walk all of a player's other events to find these.
LATEST_OF_PART = """
    (SELECT {part}, t, NULL::activity_type, amount, NULL::bigint, n, event_id FROM activity_event
     WHERE user_id = $1 AND type BETWEEN '{kind}' AND '{kind}' AND t {before} $2
     ORDER BY type DESC, t DESC, n DESC LIMIT {count})"""
# It holds at most an event a second, or MAX_IN_A_SECOND where events with ids share seconds: all are read (A49).
WINDOW_PART = """
    (SELECT {part}, t, NULL::activity_type, amount, NULL::bigint, n, event_id FROM activity_event
     WHERE user_id = $1 AND type = '{kind}' AND t >= $2 - {seconds} AND t {before} $2 ORDER BY t DESC, n DESC)"""

# These show whether the claim just before was granted: the player's clock, and the last event at this `t` if there is
# one. The clock's count is the arrival number of the event (A44). In place of `n` it has the number of corrections: an
# event of a player who has any may have the identity of a corrected one (A52). Where sums are read, its amount is 1 if
# the player has running totals (A59).
CLOCK_PART = """
    (SELECT {clock}, last_t, NULL::activity_type, {has_totals}, events, corrections, NULL::text
     FROM user_clock WHERE user_id = $1)"""
PRESENT_PART = """
    (SELECT {present}, t, NULL::activity_type, NULL::numeric, NULL::bigint, n, event_id
     FROM activity_event WHERE user_id = $1 AND t = $2 ORDER BY n DESC LIMIT 1)"""
# Only for an event with an id: the event that is stored under it, if there is one.
KNOWN_PART = """
    (SELECT {known}, t, NULL::activity_type, NULL::numeric, NULL::bigint, n, event_id
     FROM activity_event WHERE user_id = $1 AND event_id = $3)"""

# Only where a rule in force is for groups: those that the player is in now, and their version, 0 before any (A56).
GROUPS_PART = """
    (SELECT {groups}, 0::bigint, NULL::activity_type, NULL::numeric, coalesce(version, 0)::bigint, NULL::integer,
        array_to_string(groups, ' ')
     FROM (SELECT $1 AS user_id) AS player LEFT JOIN registered_user USING (user_id))"""

GROUPS, KNOWN, CLOCK, PRESENT = -4, -3, -2, -1  # the numbers of the parts; those of a history begin with 0
LATEST_OF = {kind: part for part, kind in enumerate(EventType)}
WINDOW_OF = {kind: part for part, kind in enumerate(EventType, len(LATEST_OF))}
TYPE_OF_PART = [*LATEST_OF, *WINDOW_OF]
FIRST_SUM = len(TYPE_OF_PART)

Row = tuple[int, int, str | None, Decimal, int, int, str | None]


class Asked(NamedTuple):
    """A statement for a history, and one for the sums of a player with running totals, if sums are read."""

    statement: Statement
    totals: Statement | None


class HistoryQuery:
    """The query for what the player did before an event, as far back as the rules need; built once, run often.

    `plain` is for events without an id, `with_id` for those with one. After the values of the event, their statements
    take when each of the `periods` began. `version` identifies the rules; a connection that runs another version's
    query drops these prepared statements. `reads_latest` says whether rules look at the latest events of both types
    that move money. `by_index`: it must not be planned with a scan of a whole table, as the register would be while it
    is small.
    """

    def __init__(self, name: str, needs: HistoryNeeds, version: str = "") -> None:
        self.sums = windows_of(needs)
        self.periods = periods_of(needs)
        self.reads_latest = needs.latest > 0
        self.by_index = needs.groups
        self._needs, self._version = needs, version
        self.plain = self._asked(name, "<")
        self.with_id = self._asked(f"{name}_with_id", "<=", "text")

    def _asked(self, name: str, before: str, *more: str) -> Asked:
        """Return the statements for events whose values have `more` types besides the player's id and `t`."""
        types = "bigint", "bigint", *more, *["bigint"] * len(self.periods)
        openings = {period: f"${place}" for place, period in enumerate(self.periods, 3 + len(more))}
        sums = SumsSql(self.sums, before, openings) if self.sums else None
        parts = [
            CLOCK_PART.format(clock=CLOCK, has_totals=HAS_TOTALS if sums else "NULL::numeric"),
            PRESENT_PART.format(present=PRESENT),
            *([KNOWN_PART.format(known=KNOWN)] if more else ()),
            *self.parts(before),
            *([sums.without_totals()] if sums else ()),
        ]
        return Asked(
            self._statement(name, types, parts),
            self._statement(f"{name}_totals", types, sums.with_totals()) if sums else None,
        )

    def _statement(self, name: str, types: tuple[str, ...], parts: Iterable[str]) -> Statement:
        return Statement(name, types, "UNION ALL".join(parts), family="history", version=self._version)

    def parts(self, before: str) -> Iterator[str]:
        """Return the query of each part of the history of player $1 at $2, but for sums; `before` as above."""
        for kind, count in self._needs.last_of.items():
            yield LATEST_OF_PART.format(part=LATEST_OF[kind], kind=kind, count=count, before=before)
        for kind, seconds in self._needs.window.items():
            yield WINDOW_PART.format(part=WINDOW_OF[kind], kind=kind, seconds=seconds, before=before)
        if self._needs.groups:
            yield GROUPS_PART.format(groups=GROUPS)

    def opened(self, t: int) -> list[int]:
        """Return when each period began that ends at `t`, at 0 at the earliest."""
        return [max(period.opens(t), 0) for period in self.periods]


@lru_cache(maxsize=16)
def history_queries(evaluator: Evaluator) -> Mapping[EventType, HistoryQuery]:
    """Return, by event type, the query for the history that the editions in force need."""
    version = "_".join(str(each.edition) for each in evaluator.rule_sets)
    return {kind: HistoryQuery(f"history_{version}_{kind}", needs, version) for kind, needs in evaluator.needs.items()}


class Claim(NamedTuple):
    """A claimed moment: the history before it, the event's arrival number (A44), and its place in its second (A49).

    `corrections` is how many corrections the player's events have had (A52). `groups_version` is that of the groups in
    the history, None if no rule in force is for groups. `lags` are the types of which the event has to write running
    totals (A59).
    """

    history: History
    seq: int
    n: int
    corrections: int
    groups_version: int | None = None
    lags: Sequence[Lag] = ()


class Read(Protocol):
    """What it takes to read a history that was queried."""

    sums: WindowsOf
    reads_latest: bool


def read_claim(event: ActivityEvent, rows: Iterable[Row], query: Read) -> Claim | None:
    """Sort the rows into the parts of a history, keeping their order; None when the claim was not granted."""
    user_id, latest_t, seq, place, known, corrections = event.user_id, -1, 0, 0, False, 0
    parts: list[list[ActivityEvent]] = [[] for _ in range(FIRST_SUM)]
    sum_rows: list[SumRow] = []
    groups, groups_version = NO_GROUPS, None
    for part, t, stored_type, amount, count, n, event_id in rows:
        if part >= FIRST_SUM:
            sum_rows.append(SumRow(part, t, TYPE_BY_NAME[stored_type or ""], amount, count, n))
        elif part >= 0:
            parts[part].append(
                ActivityEvent(user_id=user_id, t=t, type=TYPE_OF_PART[part], amount=amount, n=n, event_id=event_id)
            )
        elif part == CLOCK:
            latest_t, seq, corrections = t, count, n
        elif part == PRESENT and event_id and event.event_id:
            place = n + 1  # they share the second
        elif part == GROUPS:
            groups, groups_version = frozenset((event_id or "").split()), count
        else:
            known = True
    if known or latest_t != event.t:
        return None
    history = History(
        latest=_latest(parts) if query.reads_latest else (),
        latest_of=dict(zip(LATEST_OF, parts, strict=False)),
        window=dict(zip(WINDOW_OF, parts[len(LATEST_OF) :], strict=True)),
        sums=added_up(sum_rows, query.sums) if sum_rows else {},
        groups=groups,
    )
    behind = lags(sum_rows, query.sums, event.t, place) if sum_rows else ()
    return Claim(history, seq, place, corrections, groups_version, behind)


def has_totals(rows: Iterable[Row]) -> bool:
    """Tell whether the sums are missing in these rows, as the player has running totals."""
    return any(row[0] == CLOCK and row[3] for row in rows)


def _latest(parts: Sequence[list[ActivityEvent]]) -> list[ActivityEvent]:
    """Return the last deposits and withdrawals, newest first."""
    deposits, withdrawals = parts[LATEST_OF[EventType.DEPOSIT]], parts[LATEST_OF[EventType.WITHDRAW]]
    return sorted(deposits + withdrawals, key=attrgetter("t", "n"), reverse=True)
