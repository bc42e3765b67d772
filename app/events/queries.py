"""The queries on stored events. No other module knows their SQL.

Every statement names the whole primary key or is bounded by an index, whatever the player has done before.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from app.events.domain import Decision
from app.rules.engine import Evaluator
from app.rules.event import TYPE_BY_NAME, ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds, Window, WindowSum
from lib.transactions import Statement, Transaction

NAMES = {kind: kind.value for kind in EventType}  # ten times as fast as an enum's `value`
SYSTEM = 0  # the row of user_clock that belongs to no player: the clock of the whole system (A7)

NEXT_MOMENT = """
    INSERT INTO user_clock AS clock (user_id, last_t, events) {row}
    ON CONFLICT (user_id) DO UPDATE SET last_t = excluded.last_t, events = clock.events + 1
    WHERE clock.last_t < excluded.last_t
    RETURNING last_t
    """
CLAIM = Statement("claim_moment", ("bigint", "bigint"), NEXT_MOMENT.format(row="VALUES ($1, $2, 1)"))
LATEST = Statement("latest_moment", ("bigint",), "SELECT last_t FROM user_clock WHERE user_id = $1")
WITHOUT_HASTE = Statement("without_haste", (), "SELECT set_config('statement_timeout', '0', true)")
START_SYSTEM_CLOCK = Statement(
    "start_system_clock",
    (),
    """
    INSERT INTO user_clock AS clock (user_id, last_t)
    SELECT 0, max(last_t) FROM user_clock WHERE user_id <> 0 HAVING max(last_t) IS NOT NULL
    ON CONFLICT (user_id) DO UPDATE SET last_t = excluded.last_t WHERE clock.last_t < excluded.last_t
    """,
)
STORED = Statement(
    "stored_event",
    ("bigint", "bigint"),
    "SELECT type, amount, alert_codes, edition FROM activity_event WHERE user_id = $1 AND t = $2",
)
NEW_EVENT = "INSERT INTO activity_event (user_id, t, type, amount, alert_codes, edition, seq, key_id) {row}"
STORE = Statement(
    "store_event",
    ("bigint", "bigint", "activity_type", "numeric", "integer[]", "integer", "bigint", "integer"),
    NEW_EVENT.format(row="VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"),
)
# The same writes as an event's, but of no rows: they still need the tables' locks and the right to write each column.
TRY_CLAIM = Statement("try_claim", (), NEXT_MOMENT.format(row="SELECT 0, 0, 1 WHERE false"))
NO_EVENT = "SELECT 1, 0, 'deposit'::activity_type, 1, '{}'::integer[], 1, 1, 1 WHERE false"
TRY_STORE = Statement("try_store", (), NEW_EVENT.format(row=NO_EVENT))
LOCK_SYSTEM = Statement("lock_system", (), "SELECT FROM user_clock WHERE user_id = 0 FOR UPDATE")
MOMENTS = Statement(
    "moments_in_window",
    ("bigint", "activity_type", "bigint", "bigint", "integer"),
    """
    SELECT t FROM activity_event WHERE user_id = $1 AND type = $2 AND t >= $3 AND t < $4 ORDER BY t DESC LIMIT $5
    """,
)

# Each part of a history returns rows (part, t, type, amount, count), newest first; `type` is null where the part
# implies it, and only sums have a `count`.
LATEST_PART = """
    (SELECT {part}, t, type, amount, NULL::bigint FROM activity_event
     WHERE user_id = $1 AND t < $2 ORDER BY t DESC LIMIT {count})"""
# A range of one value, with an order that names the type, is written where `type = …` would mean the same: only the
# index on (user_id, type, t) serves this order, so no plan can walk all of a player's other events to find these.
LATEST_OF_PART = """
    (SELECT {part}, t, NULL::activity_type, amount, NULL::bigint FROM activity_event
     WHERE user_id = $1 AND type BETWEEN '{kind}' AND '{kind}' AND t < $2 ORDER BY type DESC, t DESC LIMIT {count})"""
WINDOW_PART = """
    (SELECT {part}, t, NULL::activity_type, amount, NULL::bigint FROM activity_event
     WHERE user_id = $1 AND type = '{kind}' AND t >= $2 - {seconds} AND t < $2 ORDER BY t DESC)"""
# An index-only scan, as the index has the amounts: a window of weeks may hold very many events. Those of a type are
# walked once, however many windows end now; each counts in the shortest window that contains it.
SUMS_PART = """
    (SELECT {part_of_t}, min(t), NULL::activity_type, sum(amount), count(*) FROM activity_event
     WHERE user_id = $1 AND type = '{kind}' AND t >= $2 - {seconds} AND t < $2 GROUP BY 1)"""

# These show whether the claim just before was granted: the player's clock, and the event at this `t` if there is one.
# The clock's count is the arrival number of the event (A44).
CLAIM_PARTS = """
    (SELECT {clock}, last_t, NULL::activity_type, NULL::numeric, events FROM user_clock WHERE user_id = $1)
    UNION ALL
    (SELECT {present}, t, NULL::activity_type, NULL::numeric, NULL::bigint FROM activity_event
     WHERE user_id = $1 AND t = $2)"""

CLOCK, PRESENT, LATEST_EVENTS = -2, -1, 0  # the numbers of the parts
LATEST_OF = {EventType.DEPOSIT: 1, EventType.WITHDRAW: 2}
WINDOW_OF = {EventType.DEPOSIT: 3, EventType.WITHDRAW: 4}
TYPE_OF_PART = {part: kind for parts in (LATEST_OF, WINDOW_OF) for kind, part in parts.items()}
FIRST_SUM = 5

Row = tuple[int, int, str | None, Decimal, int]


def event_of(user_id: int, t: int, stored_type: str, amount: Decimal) -> ActivityEvent:
    """Make an event from the columns of its row; every query does so here."""
    return ActivityEvent(user_id=user_id, t=t, type=TYPE_BY_NAME[stored_type], amount=amount)


class HistoryQuery:
    """The query for what the player did before an event, as far back as the rules need; built once, run often.

    `version` identifies the rules; a connection that runs another version's query drops this prepared statement.
    """

    def __init__(self, name: str, needs: HistoryNeeds, version: str = "") -> None:
        sql = [CLAIM_PARTS.format(clock=CLOCK, present=PRESENT)]
        if needs.latest:
            sql.append(LATEST_PART.format(part=LATEST_EVENTS, count=needs.latest))
        for kind, count in needs.latest_of.items():
            sql.append(LATEST_OF_PART.format(part=LATEST_OF[kind], kind=kind, count=count))
        for kind, seconds in needs.window.items():
            sql.append(WINDOW_PART.format(part=WINDOW_OF[kind], kind=kind, seconds=seconds))
        self.sums = dict(enumerate(sorted(needs.sums, key=lambda each: (each.type, each.seconds)), FIRST_SUM))
        for kind in EventType:
            own = {part: window.seconds for part, window in self.sums.items() if window.type is kind}
            if own:
                sql.append(SUMS_PART.format(part_of_t=_part_of_t(own), kind=kind, seconds=max(own.values())))
        types, text = ("bigint", "bigint"), "UNION ALL".join(sql)
        self.statement = Statement(name, types, text, family="history", version=version)


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
    """A claimed moment: the history before it, and the event's arrival number among its player's events (A44)."""

    history: History
    seq: int


def read_claim(event: ActivityEvent, rows: Iterable[Row], sums: Mapping[int, Window]) -> Claim | None:
    """Sort the rows into the parts of a history, keeping their order; None when the claim was not granted."""
    user_id, latest_t, seq, known = event.user_id, -1, 0, False
    parts: list[list[ActivityEvent]] = [[] for _ in range(FIRST_SUM)]
    counted: dict[int, WindowSum] = {}
    for part, t, stored_type, amount, count in rows:
        if part >= FIRST_SUM:
            counted[part] = WindowSum(amount, count, t)
        elif part >= LATEST_EVENTS:
            parts[part].append(event_of(user_id, t, stored_type or TYPE_OF_PART[part], amount))
        elif part == CLOCK:
            latest_t, seq = t, count
        else:
            known = True
    if known or latest_t != event.t:
        return None
    history = History(
        latest=parts[LATEST_EVENTS],
        latest_of=dict(zip(LATEST_OF, parts[1:], strict=False)),
        window=dict(zip(WINDOW_OF, parts[1 + len(LATEST_OF) :], strict=False)),
        sums=_added_up(sums, counted) if counted else {},
    )
    return Claim(history, seq)


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


class EventQueries:
    """Queries of events within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def claim_system_moment(self, t: int) -> bool:
        """Claim `t` as the system's next moment, if it is; either way the system stays locked until the end (A7)."""
        return bool(self._transaction.fetch(CLAIM, SYSTEM, t))

    def claim_next_moment(self, event: ActivityEvent, history: HistoryQuery) -> Claim | None:
        """Claim the player's next moment and read what came before; None if it is not the next (A6).

        The player stays locked either way. Two statements in one round trip: the second starts once the first has the
        lock, and sees what was committed by then. As one statement they would race.
        """
        self._transaction.write(CLAIM, event.user_id, event.t)
        rows: Sequence[Row] = self._transaction.fetch(history.statement, event.user_id, event.t)
        return read_claim(event, rows, history.sums)

    def try_to_store(self) -> None:
        """Check that earlier events can be read and a new one stored, as far as that shows without one."""
        self._transaction.write(TRY_CLAIM)
        self._transaction.write(STORED, SYSTEM, 0)
        self._transaction.write(TRY_STORE)

    def lock_system(self) -> None:
        """Lock the system's clock, which every event needs if `t` has to rise over all players (A7)."""
        self._transaction.write(LOCK_SYSTEM)

    def latest_moment(self, user_id: int) -> int:
        """Return the last claimed moment, or -1 before the first."""
        rows = self._transaction.fetch(LATEST, user_id)
        return int(rows[0][0]) if rows else -1

    def start_system_clock(self) -> None:
        """Set the system's clock to the greatest stored `t`, so that it can be switched on at any time."""
        self._transaction.fetch(WITHOUT_HASTE)
        self._transaction.write(START_SYSTEM_CLOCK)

    def decision_at(self, user_id: int, t: int) -> Decision | None:
        """Return the decision on the event stored at this moment, or None if there is none."""
        rows: Sequence[tuple[str, Decimal, list[int], int]] = self._transaction.fetch(STORED, user_id, t)
        for stored_type, amount, codes, edition in rows:
            event = event_of(user_id, t, stored_type, amount)
            return Decision(event=event, alert_codes=tuple(codes), edition=edition, replayed=True)
        return None

    def moments_in(self, user_id: int, window: Window, t: int, most: int) -> list[int]:
        """Return the `t` of the last events in the window that ends at `t`."""
        rows = self._transaction.fetch(MOMENTS, user_id, window.type.value, t - window.seconds, t, most)
        return [moment for (moment,) in rows]

    def store(self, decision: Decision, seq: int, key_id: int | None = None) -> None:
        """Store the event with its decision, its arrival number and the key that sent it, in one row."""
        event = decision.event
        verdict = (list(decision.alert_codes), decision.edition)
        self._transaction.write(STORE, event.user_id, event.t, NAMES[event.type], event.amount, *verdict, seq, key_id)
