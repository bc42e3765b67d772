"""The query for what a player did before an event, as far back as the rules in force need.

Each part of it is bounded by an index, whatever the player has done before.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from app.events.rows import event_of
from app.rules.engine import Evaluator
from app.rules.event import ActivityEvent, EventType
from app.rules.history import NO_GROUPS, History, HistoryNeeds, Window, WindowSum
from lib.statements import Statement

# Each part of a history returns rows (part, t, type, amount, count, n, event_id), newest first; `type` is null where
# the part implies it, and only sums have a `count`. `n` and the id are plain columns: any expression of them would
# cost every event 2% of PostgreSQL's time (measured). `{before}` is `<`, or `<=` for an event with an id, which may
# share its second with events before it (A49).
LATEST_PART = """
    (SELECT {part}, t, type, amount, NULL::bigint, n, event_id FROM activity_event
     WHERE user_id = $1 AND t {before} $2 ORDER BY t DESC, n DESC LIMIT {count})"""
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
# walked once, however many windows end now; each counts in the shortest window that contains it.
SUMS_PART = """
    (SELECT {part_of_t}, min(t), NULL::activity_type, sum(amount), count(*), NULL::integer, NULL::text
     FROM activity_event
     WHERE user_id = $1 AND type = '{kind}' AND t >= $2 - {seconds} AND t {before} $2 GROUP BY 1)"""

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

GROUPS, KNOWN, CLOCK, PRESENT, LATEST_EVENTS = -4, -3, -2, -1, 0  # the numbers of the parts
LATEST_OF = {EventType.DEPOSIT: 1, EventType.WITHDRAW: 2}
WINDOW_OF = {EventType.DEPOSIT: 3, EventType.WITHDRAW: 4}
TYPE_OF_PART = {part: kind for parts in (LATEST_OF, WINDOW_OF) for kind, part in parts.items()}
FIRST_SUM = 5

Row = tuple[int, int, str | None, Decimal, int, int, str | None]


class HistoryQuery:
    """The query for what the player did before an event, as far back as the rules need; built once, run often.

    `statement` is for events without an id, `with_id` for those with one. `version` identifies the rules; a connection
    that runs another version's query drops this prepared statement. `by_index`: it must not be planned with a scan of a
    whole table, as the register would be while it is small.
    """

    def __init__(self, name: str, needs: HistoryNeeds, version: str = "") -> None:
        self.by_index = needs.groups
        self.sums = dict(enumerate(sorted(needs.sums, key=lambda each: (each.type, each.seconds)), FIRST_SUM))
        claim = CLOCK_PART.format(clock=CLOCK), PRESENT_PART.format(present=PRESENT)
        sql = "UNION ALL".join((*claim, *self.parts(needs, "<")))
        self.statement = Statement(name, ("bigint", "bigint"), sql, family="history", version=version)
        sql = "UNION ALL".join((*claim, KNOWN_PART.format(known=KNOWN), *self.parts(needs, "<=")))
        types = ("bigint", "bigint", "text")
        self.with_id = Statement(f"{name}_with_id", types, sql, family="history", version=version)

    def parts(self, needs: HistoryNeeds, before: str) -> Iterator[str]:
        """Return the query of each part of the history of player $1 at $2; `before` as above."""
        if needs.latest:
            yield LATEST_PART.format(part=LATEST_EVENTS, count=needs.latest, before=before)
        for kind, count in needs.latest_of.items():
            yield LATEST_OF_PART.format(part=LATEST_OF[kind], kind=kind, count=count, before=before)
        for kind, seconds in needs.window.items():
            yield WINDOW_PART.format(part=WINDOW_OF[kind], kind=kind, seconds=seconds, before=before)
        for kind in EventType:
            own = {part: window.seconds for part, window in self.sums.items() if window.type is kind}
            if own:
                part_of_t = _part_of_t(own)
                yield SUMS_PART.format(part_of_t=part_of_t, kind=kind, seconds=max(own.values()), before=before)
        if needs.groups:
            yield GROUPS_PART.format(groups=GROUPS)


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


def read_claim(event: ActivityEvent, rows: Iterable[Row], sums: Mapping[int, Window]) -> Claim | None:
    """Sort the rows into the parts of a history, keeping their order; None when the claim was not granted."""
    user_id, latest_t, seq, place, known, corrections = event.user_id, -1, 0, 0, False, 0
    parts: list[list[ActivityEvent]] = [[] for _ in range(FIRST_SUM)]
    counted: dict[int, WindowSum] = {}
    groups, groups_version = NO_GROUPS, None
    for part, t, stored_type, amount, count, n, event_id in rows:
        if part >= FIRST_SUM:
            counted[part] = WindowSum(amount, count, t)
        elif part >= LATEST_EVENTS:
            parts[part].append(event_of(user_id, t, stored_type or TYPE_OF_PART[part], amount, n, event_id))
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
        latest=parts[LATEST_EVENTS],
        latest_of=dict(zip(LATEST_OF, parts[1:], strict=False)),
        window=dict(zip(WINDOW_OF, parts[1 + len(LATEST_OF) :], strict=False)),
        sums=_added_up(sums, counted) if counted else {},
        groups=groups,
    )
    return Claim(history, seq, place, corrections, groups_version)


def _added_up(windows: Mapping[int, Window], counted: Mapping[int, WindowSum]) -> dict[Window, WindowSum]:
    """Return the sum of each window that is not empty: its own part plus those of the shorter windows of its type."""
    added_up: dict[Window, WindowSum] = {}
    so_far: dict[EventType, WindowSum] = {}
    for part, window in windows.items():
        shorter, own = so_far.get(window.type), counted.get(part)
        if shorter and own:
            # Exact: fewer than 28 digits, whatever a window holds.
            own = WindowSum(shorter.total + own.total, shorter.count + own.count, own.first_t)
        if whole := own or shorter:
            added_up[window] = so_far[window.type] = whole
    return added_up
