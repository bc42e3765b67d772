"""The questions that are asked of the stored events, and nothing else that knows their SQL.

Every statement names the whole primary key or is bounded by an index, whatever a user has done before.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from app.events.domain import ActivityEvent, Decision, EventType, History, HistoryNeeds
from lib.transactions import Statement, Transaction

STORED_AS = {kind.value: kind for kind in EventType}
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
    "SELECT type, amount, alert_codes FROM activity_event WHERE user_id = $1 AND t = $2",
)
STORE = Statement(
    "store_event",
    ("bigint", "bigint", "activity_type", "numeric", "integer[]"),
    "INSERT INTO activity_event (user_id, t, type, amount, alert_codes) VALUES ($1, $2, $3, $4, $5)",
)

# Each part of a history answers rows (part, t, type, amount), newest first; the type only where it is not known.
LATEST_PART = """
    (SELECT {part}, t, type, amount FROM activity_event
     WHERE user_id = $1 AND t < $2 ORDER BY t DESC LIMIT {count})"""
# A range of one value and an order that names the type, where `type = …` would say the same: only the index
# on (user_id, type, t) serves this order, so that no plan can walk all of a user's other events to find these.
LATEST_OF_PART = """
    (SELECT {part}, t, NULL::activity_type, amount FROM activity_event
     WHERE user_id = $1 AND type BETWEEN '{kind}' AND '{kind}' AND t < $2 ORDER BY type DESC, t DESC LIMIT {count})"""
WINDOW_PART = """
    (SELECT {part}, t, NULL::activity_type, amount FROM activity_event
     WHERE user_id = $1 AND type = '{kind}' AND t >= $2 - {seconds} AND t < $2 ORDER BY t DESC)"""

LATEST_EVENTS = 0  # the numbers of the parts
LATEST_OF = {EventType.DEPOSIT: 1, EventType.WITHDRAW: 2}
WINDOW_OF = {EventType.DEPOSIT: 3, EventType.WITHDRAW: 4}
TYPE_OF_PART = {part: kind for parts in (LATEST_OF, WINDOW_OF) for kind, part in parts.items()}

Row = tuple[int, int, str, Decimal]


class HistoryQuestion:
    """What did the user do before this event, as far back as the rules need? Put together once, asked often."""

    def __init__(self, name: str, needs: HistoryNeeds) -> None:
        sql = [LATEST_PART.format(part=LATEST_EVENTS, count=needs.latest)] if needs.latest else []
        for kind, count in needs.latest_of.items():
            sql.append(LATEST_OF_PART.format(part=LATEST_OF[kind], kind=kind, count=count))
        for kind, seconds in needs.window.items():
            sql.append(WINDOW_PART.format(part=WINDOW_OF[kind], kind=kind, seconds=seconds))
        self.statement = Statement(name, ("bigint", "bigint"), "UNION ALL".join(sql)) if sql else None


def history_of(user_id: int, rows: Iterable[Row]) -> History:
    """Sort the rows into the parts of a history; each part keeps their order."""
    parts: defaultdict[int, list[ActivityEvent]] = defaultdict(list)
    for part, t, stored_type, amount in rows:
        kind = TYPE_OF_PART.get(part) or STORED_AS[stored_type]
        parts[part].append(ActivityEvent(user_id=user_id, t=t, type=kind, amount=amount))
    return History(
        latest=parts[LATEST_EVENTS],
        latest_of={kind: parts[part] for kind, part in LATEST_OF.items()},
        window={kind: parts[part] for kind, part in WINDOW_OF.items()},
    )


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
        self._transaction.fetch(WITHOUT_HASTE)
        self._transaction.write(START_SYSTEM_CLOCK)

    def decision_at(self, user_id: int, t: int) -> Decision | None:
        """Which event stands at this moment, and what was answered to it?"""
        rows: Sequence[tuple[str, Decimal, list[int]]] = self._transaction.fetch(STORED, user_id, t)
        for stored_type, amount, codes in rows:
            event = ActivityEvent(user_id=user_id, t=t, type=STORED_AS[stored_type], amount=amount)
            return Decision(event=event, alert_codes=tuple(codes), replayed=True)
        return None

    def history(self, question: HistoryQuestion, event: ActivityEvent) -> History:
        """What did the user do before? Ask after the claim: a statement sees what was committed when it began."""
        if question.statement is None:
            return History()
        return history_of(event.user_id, self._transaction.fetch(question.statement, event.user_id, event.t))

    def store(self, decision: Decision) -> None:
        """Keep the event with its decision in one row."""
        event = decision.event
        codes = list(decision.alert_codes)
        self._transaction.write(STORE, event.user_id, event.t, event.type.value, event.amount, codes)
