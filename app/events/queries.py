"""The questions that are asked of the stored events, and nothing else that knows their SQL.

Every statement names the whole primary key or is bounded by an index, whatever a user has done before.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from app.events.domain import ActivityEvent, Decision, EventType, History, HistoryNeeds
from lib.transactions import Statement, Transaction

SYSTEM = 0  # the row of user_clock that is nobody's: the clock of the whole system (A7)

CLAIM = Statement(
    "claim_moment",
    ("bigint", "bigint"),
    """
    INSERT INTO user_clock AS clock (user_id, last_t) VALUES ($1, $2)
    ON CONFLICT (user_id) DO UPDATE SET last_t = excluded.last_t WHERE clock.last_t < excluded.last_t
    RETURNING last_t
    """,
)
LATEST = Statement("latest_moment", ("bigint",), "SELECT last_t FROM user_clock WHERE user_id = $1")
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
    "SELECT type, amount, alert_codes FROM activity_event WHERE user_id = $1 AND t = $2",
)
STORE = Statement(
    "store_event",
    ("bigint", "bigint", "activity_type", "numeric", "integer[]"),
    "INSERT INTO activity_event (user_id, t, type, amount, alert_codes) VALUES ($1, $2, $3, $4, $5)",
)

# Each part of a history answers rows (part, t, type, amount), newest first.
LATEST_PART = """
    (SELECT 'latest', t, type, amount FROM activity_event
     WHERE user_id = $1 AND t < $2 ORDER BY t DESC LIMIT {count})"""
# A range of one value and an order that names the type, where `type = …` would say the same: only the index
# on (user_id, type, t) serves this order, so that no plan can walk all of a user's other events to find these.
LATEST_OF_PART = """
    (SELECT 'latest_of', t, type, amount FROM activity_event
     WHERE user_id = $1 AND type BETWEEN '{kind}' AND '{kind}' AND t < $2 ORDER BY type DESC, t DESC LIMIT {count})"""
WINDOW_PART = """
    (SELECT 'window', t, type, amount FROM activity_event
     WHERE user_id = $1 AND type = '{kind}' AND t >= $2 - {seconds} AND t < $2 ORDER BY t DESC)"""


Row = tuple[str, int, str, Decimal]  # part, t, type, amount


class HistoryQuestion:
    """What did the user do before this event, as far back as the rules need? Put together once, asked often."""

    def __init__(self, name: str, needs: HistoryNeeds) -> None:
        parts = [LATEST_PART.format(count=needs.latest)] if needs.latest else []
        parts += [LATEST_OF_PART.format(kind=kind, count=count) for kind, count in needs.latest_of.items()]
        parts += [WINDOW_PART.format(kind=kind, seconds=seconds) for kind, seconds in needs.window.items()]
        self.statement = Statement(name, ("bigint", "bigint"), "UNION ALL".join(parts)) if parts else None

    def answer(self, user_id: int, rows: Iterable[Row]) -> History:
        """Sort the rows into the parts of a history; each part keeps their order."""
        latest: list[ActivityEvent] = []
        latest_of: defaultdict[EventType, list[ActivityEvent]] = defaultdict(list)
        window: defaultdict[EventType, list[ActivityEvent]] = defaultdict(list)
        for part, t, stored_type, amount in rows:
            event = ActivityEvent(user_id=user_id, t=t, type=EventType(stored_type), amount=amount)
            if part == "latest":
                latest.append(event)
            else:
                (window if part == "window" else latest_of)[event.type].append(event)
        return History(latest=latest, latest_of=latest_of, window=window)


class EventQueries:
    """The questions about events that one transaction asks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def claim_next_moment(self, user_id: int, t: int) -> bool:
        """Is `t` the user's next moment? If so it is ours; either way the user is locked until the end (A6)."""
        return bool(self._transaction.fetch(CLAIM, user_id, t))

    def latest_moment(self, user_id: int) -> int:
        """Which moment was claimed last? Before the first one: -1."""
        rows = self._transaction.fetch(LATEST, user_id)
        return int(rows[0][0]) if rows else -1

    def start_system_clock(self) -> None:
        """Let the system's clock stand at the greatest `t` stored, so that it can be switched on at any time."""
        self._transaction.write(START_SYSTEM_CLOCK)

    def decision_at(self, user_id: int, t: int) -> Decision | None:
        """Which event stands at this moment, and what was answered to it?"""
        rows: Sequence[tuple[str, Decimal, list[int]]] = self._transaction.fetch(STORED, user_id, t)
        for stored_type, amount, codes in rows:
            event = ActivityEvent(user_id=user_id, t=t, type=EventType(stored_type), amount=amount)
            return Decision(event=event, alert_codes=tuple(codes), replayed=True)
        return None

    def history(self, question: HistoryQuestion, event: ActivityEvent) -> History:
        """What did the user do before? Ask after the claim: a statement sees what was committed when it began."""
        if question.statement is None:
            return History()
        return question.answer(event.user_id, self._transaction.fetch(question.statement, event.user_id, event.t))

    def store(self, decision: Decision) -> None:
        """Keep the event with its decision in one row."""
        event = decision.event
        codes = list(decision.alert_codes)
        self._transaction.write(STORE, event.user_id, event.t, event.type.value, event.amount, codes)
