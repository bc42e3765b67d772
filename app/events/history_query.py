"""The query for what a player did before an event, as far back as the rules in force need.

Each part of it is bounded by an index, whatever the player has done before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple, Protocol

from app.rules.engine import Evaluator
from app.rules.event import ActivityEvent, EventType
from app.rules.history import NO_GROUPS, History, HistoryNeeds, Window, WindowSum
from app.rules.spans import Period, Seconds
from lib.statements import Statement

# Each part of a history returns rows (part, t, type, amount, count, n, event_id), newest first; `type` is always null,
# as the part implies it, and only sums have a `count`. `n` and the id are plain columns: any expression of them would
# cost every event 2% of PostgreSQL's time (measured). `{before}` is `<`, or `<=` for an event with an id, which may
# share its second with events before it (A49).
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
# An index-only scan, as the index has the amounts: a window of weeks may hold very many events. Those of a type are
# walked once, however many rolling windows end now; each counts in the shortest window that contains it. Periods of the
# calendar begin where a parameter says, so none is known to be the shorter one: each is walked by itself.
SUMS_PART = """
    (SELECT {part_of_t}, min(t), NULL::activity_type, sum(amount), count(*), NULL::integer, NULL::text
     FROM activity_event
     WHERE user_id = $1 AND type = '{kind}' AND t >= {opens} AND t {before} $2 GROUP BY 1)"""

# These show whether the claim just before was granted: the player's clock, and the last event at this `t` if there is
# one. The clock's count is the arrival number of the event (A44). In place of `n` it has the number of corrections: an
# event of a player who has any may have the identity of a corrected one (A52).
CLOCK_PART = """
    (SELECT {clock}, last_t, NULL::activity_type, NULL::numeric, events, corrections, NULL::text
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


class HistoryQuery:
    """The query for what the player did before an event, as far back as the rules need; built once, run often.

    `statement` is for events without an id, `with_id` for those with one; after the values of the event, both take when
    each of the `periods` began. `version` identifies the rules; a connection that runs another version's query drops
    this prepared statement. `reads_latest` says whether rules look at the latest events of both types that move money.
    `by_index`: it must not be planned with a scan of a whole table, as the register would be while it is small.
    """

    def __init__(self, name: str, needs: HistoryNeeds, version: str = "") -> None:
        self.sums: Mapping[int, Window] = dict(enumerate(sorted(needs.sums, key=_rolling_first), FIRST_SUM))
        self.periods = periods_of(needs)
        self.reads_latest = needs.latest > 0
        self.by_index = needs.groups
        claim = CLOCK_PART.format(clock=CLOCK), PRESENT_PART.format(present=PRESENT)
        openings = ("bigint",) * len(self.periods)
        sql = "UNION ALL".join((*claim, *self.parts(needs, "<", self._openings(3))))
        self.statement = Statement(name, ("bigint", "bigint", *openings), sql, family="history", version=version)
        known = KNOWN_PART.format(known=KNOWN)
        sql = "UNION ALL".join((*claim, known, *self.parts(needs, "<=", self._openings(4))))
        types = ("bigint", "bigint", "text", *openings)
        self.with_id = Statement(f"{name}_with_id", types, sql, family="history", version=version)

    def parts(self, needs: HistoryNeeds, before: str, openings: Mapping[Period, str]) -> Iterator[str]:
        """Return the query of each part of the history of player $1 at $2.

        `before` as above; `openings` has the SQL of when each period began.
        """
        for kind, count in needs.last_of.items():
            yield LATEST_OF_PART.format(part=LATEST_OF[kind], kind=kind, count=count, before=before)
        for kind, seconds in needs.window.items():
            yield WINDOW_PART.format(part=WINDOW_OF[kind], kind=kind, seconds=seconds, before=before)
        for kind in EventType:
            rolling: dict[int, int] = {}
            for part, window in self.sums.items():
                if window.type is not kind:
                    continue
                if isinstance(window.span, Seconds):
                    rolling[part] = window.span.seconds
                else:
                    opens = openings[window.span]
                    yield SUMS_PART.format(part_of_t=part, kind=kind, opens=opens, before=before)
            if rolling:
                opens = f"$2 - {max(rolling.values())}"
                yield SUMS_PART.format(part_of_t=_part_of_t(rolling), kind=kind, opens=opens, before=before)
        if needs.groups:
            yield GROUPS_PART.format(groups=GROUPS)

    def opened(self, t: int) -> list[int]:
        """Return when each period began that ends at `t`."""
        return [period.opens(t) for period in self.periods]

    def _openings(self, first: int) -> dict[Period, str]:
        return {period: f"${place}" for place, period in enumerate(self.periods, first)}


def periods_of(needs: HistoryNeeds) -> list[Period]:
    """Return the periods that the windows are of, each once."""
    return sorted({window.span for window in needs.sums if isinstance(window.span, Period)}, key=str)


def _rolling_first(window: Window) -> tuple[bool, str, int, str]:
    return isinstance(window.span, Period), window.type, window.span.longest, str(window.span)


@lru_cache(maxsize=16)
def history_queries(evaluator: Evaluator) -> Mapping[EventType, HistoryQuery]:
    """Return, by event type, the query for the history that the editions in force need."""
    version = "_".join(str(each.edition) for each in evaluator.rule_sets)
    return {kind: HistoryQuery(f"history_{version}_{kind}", needs, version) for kind, needs in evaluator.needs.items()}


def _part_of_t(seconds_of: Mapping[int, int]) -> str:
    """Return the SQL for the part that an event belongs to: that of the shortest window, of these, containing it."""
    *shorter, (last, _) = seconds_of.items()
    cases = "".join(f" WHEN t >= $2 - {seconds} THEN {part}" for part, seconds in shorter)
    return f"CASE{cases} ELSE {last} END" if cases else str(last)


class Claim(NamedTuple):
    """A claimed moment: the history before it, the event's arrival number (A44), and its place in its second (A49).

    `corrections` is how many corrections the player's events have had (A52). `groups_version` is that of the groups in
    the history, None if no rule in force is for groups.
    """

    history: History
    seq: int
    n: int
    corrections: int
    groups_version: int | None = None


class Read(Protocol):
    """What it takes to read a history that was queried."""

    sums: Mapping[int, Window]
    reads_latest: bool


def read_claim(event: ActivityEvent, rows: Iterable[Row], query: Read) -> Claim | None:
    """Sort the rows into the parts of a history, keeping their order; None when the claim was not granted."""
    user_id, latest_t, seq, place, known, corrections = event.user_id, -1, 0, 0, False, 0
    parts: list[list[ActivityEvent]] = [[] for _ in range(FIRST_SUM)]
    counted: dict[int, WindowSum] = {}
    groups, groups_version = NO_GROUPS, None
    for part, t, _, amount, count, n, event_id in rows:
        if part >= FIRST_SUM:
            counted[part] = WindowSum(amount, count, t)
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
        sums=_added_up(query.sums, counted) if counted else {},
        groups=groups,
    )
    return Claim(history, seq, place, corrections, groups_version)


def _latest(parts: Sequence[list[ActivityEvent]]) -> list[ActivityEvent]:
    """Return the last deposits and withdrawals, newest first."""
    deposits, withdrawals = parts[LATEST_OF[EventType.DEPOSIT]], parts[LATEST_OF[EventType.WITHDRAW]]
    return sorted(deposits + withdrawals, key=attrgetter("t", "n"), reverse=True)


def _added_up(windows: Mapping[int, Window], counted: Mapping[int, WindowSum]) -> dict[Window, WindowSum]:
    """Return the sum of each window that is not empty.

    That of a rolling window is its own part plus those of the shorter ones of its type, which come first.
    """
    added_up: dict[Window, WindowSum] = {}
    so_far: dict[EventType, WindowSum] = {}
    for part, window in windows.items():
        own = counted.get(part)
        if isinstance(window.span, Seconds):
            shorter = so_far.get(window.type)
            if shorter and own:
                # Exact: fewer than 28 digits, whatever a window holds.
                own = WindowSum(shorter.total + own.total, shorter.count + own.count, own.first_t)
            own = own or shorter
            if own:
                so_far[window.type] = own
        if own:
            added_up[window] = own
    return added_up
