"""The statements of an import that read and write events; each is bounded by an index, whatever is stored."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from psycopg2.extensions import cursor as Cursor  # noqa: N812  # it is a class

from app.alerts.freshness import RAISED_LAST
from app.events.rows import EVENT, event_of
from app.intake.domain import Fault, Row, Span, printable
from app.intake.sifting import Known
from app.players.domain import GroupsSeen
from app.rules.event import ActivityEvent
from app.rules.history import HistoryNeeds

EVENT_COLUMNS = ("user_id", "t", "n", "type", "amount", "alert_codes", "edition", "seq", "event_id", "groups_version")
ALERT_COLUMNS = ("user_id", "t", "n", "code", "shadow", "edition", "evidence", "fresh")
NOTE_COLUMNS = ("user_id", "t", "n", "kind", "no")

Raised = AbstractSet[tuple[bool, int]]  # the codes of an event, each with whether it is one of the shadow

LINES = """
    SELECT line, user_id, t, type::text, amount, event_id FROM import_line AS waiting
    WHERE job_id = %(job)s AND (user_id, t) >= (%(first_user)s, %(first_t)s)
        AND (user_id, t) <= (%(last_user)s, %(last_t)s)
        AND NOT EXISTS (SELECT FROM import_fault WHERE job_id = %(job)s AND line = waiting.line)
    ORDER BY user_id, t, line
"""
# The version changes with every change of a row, whoever makes it.
CLOCKS = """
    SELECT user_id, last_t, events, xmin::text::bigint, (
        SELECT CASE WHEN event_id IS NOT NULL THEN greatest(n, (
            SELECT max(n) FROM superseded_event WHERE user_id = clock.user_id AND t = clock.last_t
        )) END FROM activity_event
        WHERE user_id = clock.user_id AND t = clock.last_t ORDER BY n DESC LIMIT 1
    ), corrections FROM user_clock AS clock WHERE user_id = ANY (%s)
"""
REGISTERED = "SELECT user_id FROM registered_user WHERE user_id = ANY (%s)"
GROUPS = "SELECT user_id, version, groups FROM registered_user WHERE user_id = ANY (%s)"
# OFFSET 0 keeps each a look-up by index, however many there are. A corrected event is what it was when it was answered
# (A52): its first version comes last, after what stands of it.
STORED_AT = f"""
    SELECT event.* FROM unnest(%s::bigint[], %s::bigint[]) AS asked (user_id, t) CROSS JOIN LATERAL (
        SELECT user_id, t, {EVENT} FROM activity_event WHERE user_id = asked.user_id AND t = asked.t AND n = 0
        UNION ALL
        SELECT user_id, t, {EVENT} FROM superseded_event
        WHERE user_id = asked.user_id AND t = asked.t AND n = 0 AND no = 1 OFFSET 0
    ) AS event
"""  # noqa: S608  # columns of ours
STORED_AS = f"""
    SELECT event.* FROM unnest(%s::bigint[], %s::text[]) AS asked (user_id, event_id) CROSS JOIN LATERAL (
        SELECT user_id, t, {EVENT} FROM activity_event
        WHERE user_id = asked.user_id AND event_id = asked.event_id
        UNION ALL
        SELECT user_id, t, {EVENT} FROM superseded_event
        WHERE user_id = asked.user_id AND event_id = asked.event_id AND no = 1 OFFSET 0
    ) AS event
"""  # noqa: S608  # as above
PAST = f"""
    SELECT event.* FROM unnest(%(users)s::bigint[], %(opens)s::bigint[]) AS asked (user_id, opens) CROSS JOIN LATERAL (
        SELECT user_id, t, {EVENT} FROM activity_event WHERE user_id = asked.user_id AND t >= asked.opens OFFSET 0
    ) AS event
"""  # noqa: S608  # as above
PAST_OF_TYPE = """
    SELECT event.* FROM unnest(%(users)s::bigint[], %(opens)s::bigint[]) AS asked (user_id, opens) CROSS JOIN LATERAL (
        SELECT user_id, t, {event} FROM activity_event
        WHERE user_id = asked.user_id AND type BETWEEN '{kind}' AND '{kind}' AND t < asked.opens
        ORDER BY type DESC, t DESC, n DESC LIMIT {count}
    ) AS event
"""
# Locks the clock of each player, in the order of all who lock several, and makes those that do not exist; only these
# are returned.
CLAIM = """
    INSERT INTO user_clock AS clock (user_id, last_t, events)
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS new (user_id, last_t, events) ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET last_t = clock.last_t WHERE clock.user_id < 0
    RETURNING user_id
"""
MOVE = """
    UPDATE user_clock AS clock SET last_t = new.last_t, events = clock.events + new.events
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS new (user_id, last_t, events)
    WHERE clock.user_id = new.user_id
"""
SPAN_DONE = "UPDATE import_span SET imported = %s WHERE job_id = %s AND no = %s AND imported IS NULL"
ADD_FAULTS = """
    INSERT INTO import_fault (job_id, line, field, reason, text)
    SELECT %s, fault.* FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS fault
    ON CONFLICT (job_id, line) DO NOTHING
"""
PLAYERS = """
    SELECT DISTINCT user_id FROM import_line WHERE job_id = %(job)s
        AND (user_id, t) >= (%(first_user)s, %(first_t)s) AND (user_id, t) <= (%(last_user)s, %(last_t)s)
    ORDER BY user_id
"""
CLOCKS_BETWEEN = "SELECT count(*) FROM (SELECT FROM user_clock WHERE user_id BETWEEN %s AND %s LIMIT %s) AS clock"

MAX_TEXT = 2000  # characters of a line that are kept


class ImportQueries:
    """The queries of one session, about the lines of one import."""

    def __init__(self, cursor: Cursor, job: int) -> None:
        self._cursor, self._job = cursor, job

    def lines(self, span: Span) -> list[Row]:
        """Return the lines of a span that have no fault, by player, `t` and line."""
        self._cursor.execute(LINES, self._within(span))
        return [Row(*row) for row in self._cursor.fetchall()]

    def clocks(self, users: Sequence[int]) -> dict[int, Known]:
        """Return the clocks of those players who have one."""
        self._cursor.execute(CLOCKS, [list(users)])
        return {user_id: Known(*clock) for user_id, *clock in self._cursor.fetchall()}

    def registered(self, users: Sequence[int]) -> set[int]:
        """Return which of these players are registered."""
        self._cursor.execute(REGISTERED, [list(users)])
        return {user_id for (user_id,) in self._cursor.fetchall()}

    def groups(self, users: Sequence[int]) -> dict[int, GroupsSeen]:
        """Return the present groups of those players who are registered."""
        self._cursor.execute(GROUPS, [list(users)])
        rows = self._cursor.fetchall()
        return {user_id: GroupsSeen(version, frozenset(labels)) for user_id, version, labels in rows}

    def stored_at(self, moments: Sequence[tuple[int, int]]) -> list[ActivityEvent]:
        """Return the first event at each of these moments (player and `t`), if any."""
        return self._events(STORED_AT, moments)

    def stored_as(self, names: Sequence[tuple[int, str]]) -> list[ActivityEvent]:
        """Return the events with these ids (player and id), if any."""
        return self._events(STORED_AS, names)

    def _events(self, sql: str, keys: Sequence[tuple[int, object]]) -> list[ActivityEvent]:
        if not keys:
            return []
        self._cursor.execute(sql, [list(column) for column in zip(*keys, strict=True)])
        return [event_of(*row) for row in self._cursor.fetchall()]

    def past(self, opens: dict[int, int], needs: HistoryNeeds) -> list[ActivityEvent]:
        """Return what rules may need to know of each player before the import: from `opens` on, and the last before."""
        if not opens:
            return []
        counts = needs.last_of.items()
        parts = [PAST, *(PAST_OF_TYPE.format(event=EVENT, kind=kind, count=count) for kind, count in counts)]
        sql = " UNION ALL ".join(f"({part})" for part in parts) + " ORDER BY user_id, t, n"
        self._cursor.execute(sql, {"users": list(opens), "opens": list(opens.values())})
        return [event_of(*row) for row in self._cursor.fetchall()]

    def raised_last(self, users: Iterable[int]) -> dict[int, Raised]:
        """Return what the latest stored event of each of these players raised, by what is believed now."""
        self._cursor.execute(RAISED_LAST.format(users="%s"), [list(users)])
        return {
            user_id: {(False, code) for code in codes} | {(True, code) for code in shadowed}
            for user_id, codes, shadowed in self._cursor.fetchall()
        }

    def claim(self, clocks: Sequence[tuple[int, int, int]]) -> set[int]:
        """Lock the clocks of players, and make missing ones: (player, latest `t`, events); return whose were made."""
        self._cursor.execute(CLAIM, [list(column) for column in zip(*clocks, strict=True)])
        return {user_id for (user_id,) in self._cursor.fetchall()}

    def move(self, clocks: Sequence[tuple[int, int, int]]) -> None:
        """Move clocks on: (player, latest `t`, further events)."""
        if clocks:
            self._cursor.execute(MOVE, [list(column) for column in zip(*clocks, strict=True)])

    def done(self, span: Span, imported: int) -> bool:
        """Mark a span as imported; False if somebody else has done that."""
        self._cursor.execute(SPAN_DONE, [imported, self._job, span.no])
        return self._cursor.rowcount == 1

    def add_faults(self, faults: Iterable[Fault]) -> None:
        """Keep faults; a line that has one keeps that one."""
        kept = [(line, _quoting(field), _quoting(reason), _storable(text)) for line, field, reason, text in faults]
        if kept:
            self._cursor.execute(ADD_FAULTS, [self._job, *(list(column) for column in zip(*kept, strict=True))])

    def players(self, span: Span) -> list[int]:
        """Return the players of a span, ascending."""
        self._cursor.execute(PLAYERS, self._within(span))
        return [user_id for (user_id,) in self._cursor.fetchall()]

    def clocks_between(self, first: int, last: int, most: int) -> int:
        """Return how many players have an id between these, counting up to `most`."""
        self._cursor.execute(CLOCKS_BETWEEN, [first, last, most])
        return int(self._cursor.fetchall()[0][0])

    def _within(self, span: Span) -> dict[str, int]:
        (first_user, first_t), (last_user, last_t) = span.first, span.last
        return {
            "job": self._job,
            "first_user": first_user,
            "first_t": first_t,
            "last_user": last_user,
            "last_t": last_t,
        }


def _quoting(text: str) -> str:
    """Return a text of ours that may quote the file."""
    return printable(text[:MAX_TEXT])


def _storable(text: str) -> str:
    """Return a text that PostgreSQL can store."""
    return text.rstrip("\r\n").replace("\0", "\N{REPLACEMENT CHARACTER}")[:MAX_TEXT]
