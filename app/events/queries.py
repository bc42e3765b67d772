"""The statements of an event's transaction, prepared on each connection.

Every statement names the whole primary key or is bounded by an index, whatever the player has done before.
"""

from collections.abc import Iterable, Sequence

from psycopg2.extensions import cursor as Cursor  # noqa: N812  # it is a class

from app.events import running_totals
from app.events.domain import Decision
from app.events.history_query import Asked, Claim, HistoryQuery, Row, has_totals, read_claim
from app.events.rows import DECISION, decision_of
from app.events.running_totals import Lag
from app.rules.event import ActivityEvent, EventRef, EventType
from app.rules.history import Window
from lib.statements import BY_INDEX, Statement
from lib.transactions import Transaction

NAMES = {kind: kind.value for kind in EventType}  # ten times as fast as an enum's `value`
SYSTEM = 0  # the row of user_clock that belongs to no player: the clock of the whole system (A7)

NEXT_MOMENT = """
    INSERT INTO user_clock AS clock (user_id, last_t, events) {row}
    ON CONFLICT (user_id) DO UPDATE SET last_t = excluded.last_t, events = clock.events + 1
    WHERE clock.last_t {before} excluded.last_t
    RETURNING last_t
    """
CLAIM = Statement("claim_moment", ("bigint", "bigint"), NEXT_MOMENT.format(row="VALUES ($1, $2, 1)", before="<"))
# For an event with an id, which may share the latest second (A49); what else is stored there, the history tells.
CLAIM_PLACE = Statement("claim_place", ("bigint", "bigint"), NEXT_MOMENT.format(row="VALUES ($1, $2, 1)", before="<="))
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
    f"SELECT {DECISION} FROM activity_event WHERE user_id = $1 AND t = $2 AND n = 0",  # noqa: S608  # columns of ours
)
STORED_AS = Statement(
    "stored_event_with_id",
    ("bigint", "text"),
    f"SELECT t, {DECISION} FROM activity_event WHERE user_id = $1 AND event_id = $2",  # noqa: S608  # as above
)
NEW_EVENT = """
    INSERT INTO activity_event (user_id, t, type, amount, alert_codes, edition, seq, key_id, n, event_id) {row}
    """
STORE = Statement(
    "store_event",
    ("bigint", "bigint", "activity_type", "numeric", "integer[]", "integer", "bigint", "integer"),
    NEW_EVENT.format(row="VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, NULL)"),
)
STORE_AS = Statement(
    "store_event_with_id",
    (*STORE.types, "integer", "text"),
    NEW_EVENT.format(row="VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"),
)
# The same for an event that was judged by rules for groups: with the version of those that it saw (A56).
NEW_EVENT_OF_GROUPS = NEW_EVENT.replace("event_id)", "event_id, groups_version)")
STORE_OF_GROUPS = Statement(
    "store_event_of_groups",
    (*STORE_AS.types, "integer"),
    NEW_EVENT_OF_GROUPS.format(row="VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"),
)
# The same writes as an event's, but of no rows: they still need the tables' locks and the right to write each column.
TRY_CLAIM = Statement("try_claim", (), NEXT_MOMENT.format(row="SELECT 0, 0, 1 WHERE false", before="<"))
NO_EVENT = "SELECT 1, 0, 'deposit'::activity_type, 1, '{}'::integer[], 1, 1, 1, 0, '1' WHERE false"
TRY_STORE = Statement("try_store", (), NEW_EVENT.format(row=NO_EVENT))
LOCK_SYSTEM = Statement("lock_system", (), "SELECT FROM user_clock WHERE user_id = 0 FOR UPDATE")
LAST_IN_WINDOW = Statement(
    "last_in_window",
    ("bigint", "activity_type", "bigint", "bigint", "integer", "integer"),
    """
    SELECT t, n, event_id FROM activity_event
    WHERE user_id = $1 AND type = $2 AND t >= $3 AND (t, n) < ($4, $5) ORDER BY t DESC, n DESC LIMIT $6
    """,
)

AHEAD = "SELECT user_id, last_t FROM user_clock WHERE last_t > %s LIMIT 1"


def player_ahead(cursor: Cursor, t: int) -> tuple[int, int] | None:
    """Return a player whose latest event is after `t`, and its `t`; 0 is the system's clock. It reads all clocks."""
    cursor.execute(AHEAD, [t])
    found: tuple[int, int] | None = cursor.fetchone()
    return found


class EventQueries:
    """Queries of events within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def claim_system_moment(self, t: int) -> bool:
        """Claim `t` as the system's next moment, if it is; either way the system stays locked until the end (A7)."""
        return bool(self._transaction.fetch(CLAIM, SYSTEM, t))

    def claim_next_moment(self, event: ActivityEvent, history: HistoryQuery) -> Claim | None:
        """Claim the player's next moment and read what came before; None if it is not the next (A6).

        An event with an id claims the next place in the latest second, or a later second (A49); None also if one with
        this id is stored, and then a rollback must undo the claim.

        The player stays locked until then. Two statements in one round trip: the second starts once the first has the
        lock, and sees what was committed by then. As one statement they would race.
        """
        if history.by_index:
            self._transaction.write(BY_INDEX)
        opened = history.opened(event.t)
        if event.event_id is None:
            self._transaction.write(CLAIM, event.user_id, event.t)
            rows = self._history(history.plain, event.user_id, event.t, *opened)
        else:
            self._transaction.write(CLAIM_PLACE, event.user_id, event.t)
            rows = self._history(history.with_id, event.user_id, event.t, event.event_id, *opened)
        return read_claim(event, rows, history)

    def _history(self, asked: Asked, *values: object) -> Sequence[Row]:
        rows = self._transaction.fetch(asked.statement, *values)
        if asked.totals and has_totals(rows):
            return [*rows, *self._transaction.fetch(asked.totals, *values)]
        return rows

    def try_to_store(self) -> None:
        """Check that earlier events can be read and a new one stored, as far as that shows without one."""
        self._transaction.write(TRY_CLAIM)
        self._transaction.write(STORED, SYSTEM, 0)
        self._transaction.write(TRY_STORE)
        self._transaction.write(running_totals.TRY_ADVANCE)

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
        self.lock_system()  # in a statement of its own: the next one then sees what the lock's last holder committed
        self._transaction.write(START_SYSTEM_CLOCK)

    def decision_at(self, user_id: int, t: int) -> Decision | None:
        """Return the decision on the first event stored at this moment, or None if there is none."""
        rows = self._transaction.fetch(STORED, user_id, t)
        return decision_of(user_id, t, rows[0], replayed=True) if rows else None

    def decision_on(self, user_id: int, event_id: str) -> Decision | None:
        """Return the decision on the event stored under this id, or None if there is none."""
        rows = self._transaction.fetch(STORED_AS, user_id, event_id)
        return decision_of(user_id, rows[0][0], rows[0][1:], replayed=True) if rows else None

    def last_in(self, event: ActivityEvent, window: Window, most: int) -> list[EventRef]:
        """Return the last events before this one in the window that ends at it."""
        opens = window.span.opens(event.t)
        values = (event.user_id, window.type.value, opens, event.t, event.n, most)
        return [EventRef(*row) for row in self._transaction.fetch(LAST_IN_WINDOW, *values)]

    def store(self, decision: Decision, seq: int, key_id: int | None = None, groups_version: int | None = None) -> None:
        """Store the event with its decision, its arrival number and the key that sent it, in one row.

        `groups_version` is that of the groups it was judged with, None without rules for groups.
        """
        event = decision.event
        verdict = (list(decision.alert_codes), decision.edition)
        values = (event.user_id, event.t, NAMES[event.type], event.amount, *verdict, seq, key_id)
        if groups_version is not None:
            self._transaction.write(STORE_OF_GROUPS, *values, event.n, event.event_id, groups_version)
        elif event.event_id is None:
            self._transaction.write(STORE, *values)
        else:
            self._transaction.write(STORE_AS, *values, event.n, event.event_id)

    def write_totals(self, event: ActivityEvent, lags: Iterable[Lag]) -> None:
        """Write running totals of the events before the second of this one, whose moment is claimed (A59)."""
        running_totals.advance(self._transaction, event.user_id, event.t, lags)
