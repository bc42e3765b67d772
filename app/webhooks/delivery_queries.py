"""The queries of those who make deliveries, send them and store how that ended.

A delivery that is due is found by `next_at`. While it is under way it is leased: `next_at` is then the end of its
lease, so that it is due again if the worker that took it does not come back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.webhooks.domain import Delivery, DeliveryState, Topic
from app.webhooks.messages import Outcome
from app.webhooks.schedule import DISABLED_AFTER, Effect, Next
from lib.statements import BY_INDEX, Statement, array_literal
from lib.transactions import Transaction

LEASE = 60  # seconds; longer than any attempt takes

ADD = Statement(
    "add_deliveries",
    ("text[]", "bigint[]", "text[]", "bigint[]", "bigint[]", "integer[]", "integer[]", "text[]", "bigint[]"),
    """
    INSERT INTO delivery (message_id, endpoint_id, topic, user_id, t, n, no, codes, notice_id)
    SELECT message_id, endpoint_id, topic, user_id, t, n, no, codes::integer[], notice_id
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
        AS made (message_id, endpoint_id, topic, user_id, t, n, no, codes, notice_id)
    ON CONFLICT DO NOTHING
    """,
)
# What is due, after the moment from which on to look at each endpoint: while a long transaction is open elsewhere, rows
# that were due before it stay in the index, and every look from the first on would read them all. Asked as a value and
# not by EXISTS, which the planner turns into a join that reads the index from the first entry on.
READY = Statement(
    "endpoints_ready",
    ("bigint[]", "bigint[]", "timestamptz[]"),
    """
    SELECT id FROM endpoint LEFT JOIN unnest($2, $3) AS seen (id, since) USING (id)
    WHERE state = 'enabled' AND id <> ALL ($1)
        AND coalesce(hold_until <= now(), true) AND coalesce(ready_at <= now(), true)
        AND (
            SELECT true FROM delivery WHERE endpoint_id = endpoint.id AND state = 'due'
                AND next_at > coalesce(since, '-infinity') AND next_at <= now()
            ORDER BY next_at LIMIT 1
        )
    """,
)
# The state is asked for again: another worker may have changed it meanwhile.
LOCK = Statement(
    "lock_endpoints_to_tell",
    ("bigint[]",),
    """
    SELECT id, ready_at, now() FROM endpoint
    WHERE id = ANY ($1) AND state = 'enabled'
        AND coalesce(hold_until <= now(), true) AND coalesce(ready_at <= now(), true)
    ORDER BY id FOR UPDATE SKIP LOCKED
    """,
)
LOCK_PACE = Statement(
    "lock_paces",
    ("bigint[]",),
    "SELECT id, ready_at, now() FROM endpoint WHERE id = ANY ($1) ORDER BY id FOR UPDATE SKIP LOCKED",
)
# Only who holds the lock of an endpoint takes deliveries of it, so the count of those under way is right. One worker at
# a time serves an endpoint: it alone knows how many requests are under way.
TAKE = Statement(
    "take_deliveries",
    ("bigint[]", "integer[]", "integer[]", "timestamptz[]"),
    f"""
    WITH wanted AS (
        SELECT asked.*, own < (
            SELECT count(*) FROM delivery WHERE endpoint_id = asked.endpoint_id AND lease_until > now()
        ) AS served_by_another
        FROM unnest($1, $2, $3, $4) AS asked (endpoint_id, most, own, since)
    ), taken AS (
        SELECT due.* FROM wanted CROSS JOIN LATERAL (
            SELECT id, next_at AS was_due FROM delivery
            WHERE endpoint_id = wanted.endpoint_id AND state = 'due'
                AND next_at > coalesce(wanted.since, '-infinity') AND next_at <= now()
            ORDER BY next_at LIMIT CASE WHEN served_by_another THEN 0 ELSE most END
            FOR UPDATE SKIP LOCKED
        ) AS due
    )
    UPDATE delivery SET lease_until = now() + interval '{LEASE} s', next_at = now() + interval '{LEASE} s'
    FROM taken WHERE delivery.id = taken.id
    RETURNING delivery.id, message_id, endpoint_id, topic, user_id, t, n, no, codes, notice_id, attempts, was_due,
        made_at
    """,  # noqa: S608  # a constant of ours
)
PACE = Statement(
    "pace_endpoints",
    ("bigint[]", "timestamptz[]"),
    """
    UPDATE endpoint SET ready_at = paced.ready_at FROM unnest($1, $2) AS paced (id, ready_at)
    WHERE endpoint.id = paced.id
    """,
)
# In the order of their ids, before anything else is written: workers that store results of the same ones cannot block
# each other in a ring, nor can those who delete or replay what is due to one.
LOCK_IN_ORDER = Statement(
    "lock_endpoints_in_order", ("bigint[]",), "SELECT FROM endpoint WHERE id = ANY ($1) ORDER BY id FOR UPDATE"
)
# A delivery that is no longer due was dropped meanwhile, or the result of another attempt at it came first. Who has a
# delivery tried again may set `attempts` to 0, so the number of an attempt follows from those that are stored.
# `coalesce` keeps the planner from the index of what is due: it would read all of that to find a few ids.
FINISH = Statement(
    "finish_deliveries",
    ("bigint[]", "text[]", "double precision[]", "integer[]", "text[]", "double precision[]"),
    """
    WITH done AS (
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6) AS done (id, state, after, status, error, seconds)
    ), changed AS (
        UPDATE delivery SET state = done.state, attempts = attempts + 1, lease_until = NULL,
            next_at = clock_timestamp() + make_interval(secs => done.after),
            last_status = done.status, last_error = done.error,
            done_at = CASE WHEN done.state <> 'due' THEN clock_timestamp() END
        FROM done WHERE delivery.id = done.id AND coalesce(delivery.state) = 'due'
        RETURNING delivery.id, done.status, done.error, done.seconds
    )
    INSERT INTO delivery_attempt (delivery_id, no, status, error, seconds)
    SELECT id, 1 + coalesce((SELECT max(no) FROM delivery_attempt WHERE delivery_id = changed.id), 0),
        status, error, seconds
    FROM changed
    """,
)
# What was taken and not attempted; its turn comes again at once.
GIVE_BACK = Statement(
    "give_back_deliveries",
    ("bigint[]",),
    """
    UPDATE delivery SET lease_until = NULL, next_at = clock_timestamp() WHERE id = ANY ($1) AND coalesce(state) = 'due'
    """,
)
RECOVER = Statement(
    "endpoints_recovered",
    ("bigint[]",),
    "UPDATE endpoint SET failing_since = NULL WHERE id = ANY ($1) AND failing_since IS NOT NULL",
)
FAIL = Statement(
    "endpoints_failed",
    ("bigint[]", "double precision[]", "boolean[]", "text[]"),
    f"""
    WITH failed AS (
        SELECT id, hold, error, gone, coalesce(failing_since, now()) AS since,
            endpoint.state = 'enabled'
                AND (gone OR coalesce(failing_since < now() - interval '{DISABLED_AFTER:.0f} s', false)) AS ends
        FROM unnest($1, $2, $3, $4) AS failed (id, hold, gone, error) JOIN endpoint USING (id)
    )
    UPDATE endpoint SET failing_since = since,
        hold_until = greatest(hold_until, now() + make_interval(secs => hold)),
        state = CASE WHEN ends THEN 'disabled' ELSE state END,
        reason = CASE WHEN NOT ends THEN reason WHEN gone THEN 'gone: ' || error
            ELSE format('nothing but failures since %s UTC: %s',
                to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), error) END
    FROM failed WHERE endpoint.id = failed.id
    RETURNING endpoint.id, name, ends, reason
    """,  # noqa: S608  # as above
)
NOTE_DISABLED = Statement(
    "note_endpoint_disabled",
    ("bigint", "text"),
    "INSERT INTO endpoint_event (endpoint_id, step, who, note) VALUES ($1, 'disable', 'sender', $2)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A delivery to make: a message for an endpoint, about codes of an event at a revision, or about a notice."""

    message_id: str
    endpoint_id: int
    topic: Topic
    place: tuple[int, int, int, int] | None = None  # player, `t`, `n` and revision
    codes: Sequence[int] = ()
    notice_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An endpoint to take deliveries of, how many, and the moment from which on to look.

    `own` is how many this worker has under way. If others are as well, another worker serves the endpoint.
    """

    endpoint_id: int
    most: int
    own: int
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """An endpoint that this transaction has locked, from when on its rate allows more, and the database's time."""

    endpoint_id: int
    ready_at: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Disabled:
    """An endpoint that is told no more, and why."""

    endpoint_id: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How an attempt at a delivery ended, and what becomes of it."""

    delivery_id: int
    outcome: Outcome
    next: Next


class DeliveryQueries:
    """Queries of deliveries within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, deliveries: Iterable[Made]) -> None:
        """Make deliveries, except those that there are."""
        rows = [
            (
                *(each.message_id, each.endpoint_id, each.topic.value, *(each.place or (None,) * 4)),
                *(array_literal(each.codes), each.notice_id),
            )
            for each in deliveries
        ]
        if rows:
            self._transaction.write(ADD, *map(array_literal, zip(*rows, strict=True)))

    def ready(self, busy: Iterable[int], since: Iterable[tuple[int, datetime]]) -> list[int]:
        """Return the endpoints, except the busy ones, that may be told something, which is due since a moment each."""
        self._transaction.write(BY_INDEX)
        ids, moments = zip(*since, strict=True) if (since := [*since]) else ((), ())
        found = self._transaction.fetch(READY, array_literal(busy), array_literal(ids), _iso(moments))
        return [endpoint_id for (endpoint_id,) in found]

    def lock(self, endpoint_ids: Iterable[int]) -> list[Locked]:
        """Lock those endpoints that may still be told something and that no other worker has locked."""
        return self._locked(LOCK, endpoint_ids)

    def lock_pace(self, endpoint_ids: Iterable[int]) -> list[Locked]:
        """Lock those endpoints, whatever their state, that no other worker has locked."""
        return self._locked(LOCK_PACE, endpoint_ids)

    def _locked(self, statement: Statement, endpoint_ids: Iterable[int]) -> list[Locked]:
        rows = self._transaction.fetch(statement, array_literal(endpoint_ids))
        return [Locked(endpoint_id=found, ready_at=ready_at, now=now) for found, ready_at, now in rows]

    def take(self, wanted: Sequence[Wanted]) -> list[tuple[Delivery, datetime]]:
        """Lease what is due to locked endpoints, each with the moment at which it was due."""
        columns = zip(*((each.endpoint_id, each.most, each.own) for each in wanted), strict=True)
        rows = self._transaction.fetch(TAKE, *map(array_literal, columns), _iso(each.since for each in wanted))
        return [(_delivery(row), row[11]) for row in rows]

    def pace(self, ready_at: Sequence[tuple[int, datetime]]) -> None:
        """Write from when on the rate of each endpoint allows more."""
        ids, moments = zip(*ready_at, strict=True)
        self._transaction.write(PACE, array_literal(ids), _iso(moments))

    def lock_in_order(self, endpoint_ids: Iterable[int]) -> None:
        """Lock endpoints, waiting for whoever has locked one."""
        self._transaction.write(LOCK_IN_ORDER, array_literal(endpoint_ids))

    def finish(self, results: Sequence[Result]) -> None:
        """Store how attempts ended."""
        rows = (
            (
                *(each.delivery_id, each.next.state.value, each.next.after),
                *(each.outcome.status, each.outcome.error, each.outcome.seconds),
            )
            for each in results
        )
        self._transaction.write(FINISH, *map(array_literal, zip(*rows, strict=True)))

    def give_back(self, delivery_ids: Sequence[int]) -> None:
        """Let deliveries be due that were taken and not attempted."""
        if delivery_ids:
            self._transaction.write(GIVE_BACK, array_literal(delivery_ids))

    def note_effects(self, effects: Sequence[tuple[int, Effect]]) -> list[Disabled]:
        """Store what attempts mean for endpoints, and return those that are told no more."""
        if recovered := [endpoint_id for endpoint_id, effect in effects if effect.delivered]:
            self._transaction.write(RECOVER, array_literal(recovered))
        rows = [
            (endpoint_id, effect.hold, effect.gone, effect.error)
            for endpoint_id, effect in effects
            if not effect.delivered or effect.hold or effect.gone
        ]
        if not rows:
            return []
        found = self._transaction.fetch(FAIL, *map(array_literal, zip(*rows, strict=True)))
        disabled = [Disabled(endpoint_id=each[0], name=each[1], reason=each[3]) for each in found if each[2]]
        for each in disabled:
            self._transaction.write(NOTE_DISABLED, each.endpoint_id, each.reason)
        return disabled


def _iso(moments: Iterable[datetime | None]) -> str:
    return array_literal(None if each is None else each.isoformat() for each in moments)


def _delivery(row: Sequence[Any]) -> Delivery:
    found, message_id, endpoint_id, topic, user_id, t, n, no, codes, notice_id, attempts, was_due, made_at = row
    return Delivery(
        id=found,
        message_id=message_id,
        endpoint_id=endpoint_id,
        topic=Topic(topic),
        user_id=user_id,
        t=t,
        n=n,
        no=no,
        codes=tuple(codes),
        notice_id=notice_id,
        state=DeliveryState.DUE,
        attempts=attempts,
        next_at=was_due,
        last_status=None,
        last_error="",
        made_at=made_at,
        done_at=None,
    )
