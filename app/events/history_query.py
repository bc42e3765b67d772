"""The query for what a player did before an event, as far back as the rules in force need.

Each part of it is bounded by an index, whatever the player has done before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from app.events.rows import event_of
from app.events.running_totals import Lag, SumRow, WindowsOf, added_up, lags, sums_parts, windows_of
from app.rules.engine import Evaluator
from app.rules.event import TYPE_BY_NAME, ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds
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

KNOWN, CLOCK, PRESENT, LATEST_EVENTS = -3, -2, -1, 0  # the numbers of the parts
LATEST_OF = {EventType.DEPOSIT: 1, EventType.WITHDRAW: 2}
WINDOW_OF = {EventType.DEPOSIT: 3, EventType.WITHDRAW: 4}
TYPE_OF_PART = {part: kind for parts in (LATEST_OF, WINDOW_OF) for kind, part in parts.items()}
FIRST_SUM = 5

Row = tuple[int, int, str | None, Decimal, int, int, str | None]


class HistoryQuery:
    """The query for what the player did before an event, as far back as the rules need; built once, run often.

    `statement` is for events without an id, `with_id` for those with one. `version` identifies the rules; a connection
    that runs another version's query drops this prepared statement.
    """

    def __init__(self, name: str, needs: HistoryNeeds, version: str = "") -> None:
        self.sums = windows_of(needs)
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
        yield from sums_parts(self.sums, before)


@lru_cache(maxsize=16)
def history_queries(evaluator: Evaluator) -> Mapping[EventType, HistoryQuery]:
    """Return, by event type, the query for the history that the editions in force need."""
    version = "_".join(str(each.edition) for each in evaluator.rule_sets)
    return {kind: HistoryQuery(f"history_{version}_{kind}", needs, version) for kind, needs in evaluator.needs.items()}


class Claim(NamedTuple):
    """A claimed moment: the history before it, the event's arrival number (A44), and its place in its second (A49).

    `corrections` is how many corrections the player's events have had (A52); `lags` are the types of which the event
    has to write running totals (A59).
    """

    history: History
    seq: int
    n: int
    corrections: int
    lags: Sequence[Lag] = ()


def read_claim(event: ActivityEvent, rows: Iterable[Row], sums: WindowsOf) -> Claim | None:
    """Sort the rows into the parts of a history, keeping their order; None when the claim was not granted."""
    user_id, latest_t, seq, place, known, corrections = event.user_id, -1, 0, 0, False, 0
    parts: list[list[ActivityEvent]] = [[] for _ in range(FIRST_SUM)]
    sum_rows: list[SumRow] = []
    for part, t, stored_type, amount, count, n, event_id in rows:
        if part >= FIRST_SUM:
            sum_rows.append(SumRow(part, t, TYPE_BY_NAME[stored_type or ""], amount, count, n))
        elif part >= LATEST_EVENTS:
            parts[part].append(event_of(user_id, t, stored_type or TYPE_OF_PART[part], amount, n, event_id))
        elif part == CLOCK:
            latest_t, seq, corrections = t, count, n
        elif part == PRESENT and event_id and event.event_id:
            place = n + 1  # they share the second
        else:
            known = True
    if known or latest_t != event.t:
        return None
    history = History(
        latest=parts[LATEST_EVENTS],
        latest_of=dict(zip(LATEST_OF, parts[1:], strict=False)),
        window=dict(zip(WINDOW_OF, parts[1 + len(LATEST_OF) :], strict=False)),
        sums=added_up(sum_rows, sums) if sum_rows else {},
    )
    return Claim(history, seq, place, corrections, lags(sum_rows, sums, event.t, place) if sum_rows else ())
