"""The queries about seals, and about what is not sealed yet."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from app.seals.domain import EventFacts, PlayerPart, Sealed
from app.seals.entries import MICROSECONDS, UNSEALED_ENTRIES, alerts_of
from lib.snapshots import Reader
from lib.statements import Statement
from lib.transactions import Transaction

# The form of a time for a digest, here and wherever a digest is recomputed.
RECEIVED = MICROSECONDS.format("received_at")
# The columns of EventFacts.
FACTS = f"user_id, t, seq, type, amount, alert_codes, edition, {RECEIVED}, n, event_id, taken_after, groups_version"

# Scans the clocks and returns those with new events. An index on them would have to follow the count, and cost every
# event more than this costs a seal.
UNSEALED = "SELECT user_id FROM user_clock WHERE user_id > 0 AND events > sealed ORDER BY user_id"
EVERYBODY = "SELECT user_id FROM user_clock WHERE user_id > 0 ORDER BY user_id"

_EVENTS = """
    SELECT {upto}, done.seq, done.t, clock.user_id, event.t, event.seq, event.type, event.amount, event.alert_codes,
        event.edition, event.received, event.n, event.event_id, event.taken_after, event.groups_version,
        ARRAY({alerts})
    FROM user_clock AS clock
    LEFT JOIN LATERAL (
        SELECT seq, t FROM sealed_player WHERE user_id = clock.user_id AND {covered} ORDER BY {last} LIMIT 1
    ) AS done ON true
    {join} LATERAL (
        SELECT t, seq, type, amount, alert_codes, edition, {received} AS received, n, event_id, taken_after,
            groups_version
        FROM activity_event WHERE user_id = clock.user_id AND {due} ORDER BY t, n
    ) AS event ON true
    WHERE clock.user_id BETWEEN %(first)s AND %(last)s AND {whose}
    ORDER BY clock.user_id, event.t, event.n
"""
_OF_ALERTS = {"alerts": alerts_of("event", "clock.user_id", "event.alert_codes")}
# From the last sealed number to the clock's count; includes players none of whose events in between are stored. An
# event may have come in the second of the last sealed one (A49).
UNSEALED_EVENTS = _EVENTS.format(
    upto="clock.events",
    covered="seq > 0",
    last="seq DESC",
    join="LEFT JOIN",
    due="t >= coalesce(done.t, 0) AND seq > coalesce(done.seq, 0) AND seq <= clock.events",
    whose="clock.events > clock.sealed AND clock.late_events = 0 AND clock.corrections = 0",
    received=RECEIVED,
    **_OF_ALERTS,
)
UNNUMBERED_EVENTS = _EVENTS.format(
    upto="NULL::bigint",
    covered="seq <= 0",
    last="seq",
    join="JOIN",
    due="t > coalesce(done.t, -1) AND seq IS NULL",
    whose="true",
    received=RECEIVED,
    **_OF_ALERTS,
)

LATEST = Statement(
    "latest_seal",
    (),
    """
    SELECT (extract(epoch FROM now()) * 1000000)::bigint, latest.no, latest.digest
    FROM (SELECT 1) AS one LEFT JOIN (SELECT no, digest FROM seal ORDER BY no DESC LIMIT 1) AS latest ON true
    """,
)
ADD_SEAL = Statement(
    "add_seal", ("bigint", "boolean", "bytea"), "INSERT INTO seal (no, all_counted, digest) VALUES ($1, $2, $3)"
)
ADD_PARTS = Statement(
    "add_sealed_players",
    ("bigint", "bigint[]", "bigint[]", "bigint[]", "bigint[]", "bytea[]"),
    """
    INSERT INTO sealed_player (seal, user_id, seq, t, events, digest)
    SELECT $1, part.* FROM unnest($2, $3, $4, $5, $6) AS part
    """,
)
# Skips players who are sending an event right now, so that nobody waits for this; the next seal covers them again.
NOTE_SEALED = Statement(
    "note_sealed",
    ("bigint[]", "bigint[]"),
    """
    UPDATE user_clock SET sealed = due.seq FROM unnest($1, $2) AS due (user_id, seq)
    WHERE user_clock.user_id = due.user_id AND user_clock.user_id IN (
        SELECT user_id FROM user_clock WHERE user_id = ANY ($1) ORDER BY user_id FOR NO KEY UPDATE SKIP LOCKED
    )
    """,
)
ALL_COUNTED = Statement("all_counted", (), "SELECT EXISTS (SELECT FROM seal WHERE all_counted)")
ANY_UNNUMBERED = "SELECT EXISTS (SELECT FROM activity_event WHERE seq IS NULL)"


class DueRow(NamedTuple):
    """An event to seal, or a player (`t` None) none of whose events to seal are stored."""

    upto: int | None
    sealed: int | None
    sealed_t: int | None
    user_id: int
    t: int | None
    seq: int | None
    type: str
    amount: Decimal
    codes: Sequence[int]
    edition: int
    received: int
    n: int
    event_id: str | None
    taken_after: int | None
    groups_version: int | None
    alerts: Sequence[str]

    @property
    def facts(self) -> EventFacts:
        """The event as it is sealed."""
        return EventFacts._make(self[3:-1])


class DueQueries:
    """The queries about what is not sealed, all within one snapshot of the database."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def unsealed(self) -> Iterator[Sequence[tuple[int]]]:
        """Return the ids of the players with unsealed events, ascending."""
        return self._reader.rows(UNSEALED, {})

    def everybody(self) -> Iterator[Sequence[tuple[int]]]:
        """Return the ids of all players with events, ascending."""
        return self._reader.rows(EVERYBODY, {})

    def unsealed_events(self, first: int, last: int) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Return the unsealed events of those of these players whose events all came in order."""
        return self._reader.rows(UNSEALED_EVENTS, {"first": first, "last": last})

    def unsealed_entries(self, first: int, last: int) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Return what is not sealed of those of these players who have late or corrected events."""
        return self._reader.rows(UNSEALED_ENTRIES, {"first": first, "last": last})

    def unnumbered_events(self, first: int, last: int) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Return the events of these players that have no number and are not counted, by player, `t` and `n`."""
        return self._reader.rows(UNNUMBERED_EVENTS, {"first": first, "last": last})

    def any_unnumbered(self) -> bool:
        """Tell whether any event has no number."""
        return any(found for rows in self._reader.rows(ANY_UNNUMBERED, {}) for (found,) in rows)


class SealQueries:
    """The queries about seals, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def latest(self) -> tuple[int, Sealed | None]:
        """Return the start of this transaction, in microseconds of Unix time, and the latest seal."""
        [(now, no, digest)] = self._transaction.fetch(LATEST)
        return now, None if no is None else Sealed(no, bytes(digest))

    def all_counted(self) -> bool:
        """Tell whether any seal says that all events without a number are counted."""
        [(counted,)] = self._transaction.fetch(ALL_COUNTED)
        return bool(counted)

    def add(self, seal: Sealed, parts: Sequence[PlayerPart], *, all_counted: bool) -> None:
        """Add a seal over these players."""
        self._transaction.write(ADD_SEAL, seal.no, all_counted, seal.digest)
        if parts:
            self._transaction.write(ADD_PARTS, seal.no, *map(list, zip(*parts, strict=True)))

    def note_sealed(self, numbers: Sequence[tuple[int, int]]) -> None:
        """Store in the clocks of these players up to which number they are sealed."""
        self._transaction.write(NOTE_SEALED, *map(list, zip(*numbers, strict=True)))
