"""What was received about players whose events did not all come in order, or were corrected: for seals and verify.

Each entry is an event as it was first answered, or a correction. They are in the order of the events; those about one
event in the order in which they were received.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from app.seals.domain import EventFacts, entry_digest, event_digest

ALERT = "concat_ws(' ', code, shadow, edition, evidence)"
MICROSECONDS = "(extract(epoch FROM {0}) * 1000000)::bigint"
REVISION = f"""
    concat_ws(' ', 'revision', t, n, no, codes_before, codes_after, edition, found, {MICROSECONDS.format("known_at")})
"""
CORRECTION = f"""
    concat_ws(' ', 'correction', user_id, seq, t, n, no, type, amount, coalesce(new_type::text, '-'),
        coalesce(new_amount::text, '-'), clock_t, {MICROSECONDS.format("corrected_at")}, to_json(corrected_by),
        coalesce(to_json(at_shell)::text, '-'), to_json(reason))
"""
# Written for the index on (shadow, t, user_id, n, code), the only one in this order; by the primary key, all alerts of
# a player would be scanned for each event.
_ALERTS = """
    SELECT {alert} FROM alert WHERE code > 0 AND shadow = {shadow} AND {which}
        AND (t, user_id, n, code) >= ({event}.t, {user_id}, {event}.n, 0)
        AND (t, user_id, n, code) <= ({event}.t, {user_id}, {event}.n, 2147483647)"""


def alerts_of(event: str, user_id: str, codes: str) -> str:
    """Return the SQL for the alerts of an event's first answer and those in the shadow, each a line.

    One that was found late belongs to the revision that found it.
    """
    shared = {"alert": ALERT, "event": event, "user_id": user_id}
    answered = _ALERTS.format(shadow="false", which=f"code = ANY ({codes})", **shared)
    return f"{answered} UNION ALL {_ALERTS.format(shadow='true', which='true', **shared)}"


# The columns of an entry; `{seq}` is that of the event, in whichever table its first version is. The lines are the
# alerts of the first answer and of the shadow, and the revisions that the event caused.
_EVENT = f"""
    SELECT t, {{seq}} AS seq, type::text, amount, alert_codes, edition, {MICROSECONDS.format("received_at")}, n,
        event_id, taken_after, groups_version, NULL::text, ARRAY(
            {alerts_of("stored", "stored.user_id", "stored.alert_codes")}
            UNION ALL
            SELECT {REVISION} FROM revision WHERE revision.user_id = stored.user_id AND cause = stored.{{seq}}
        )
    FROM {{table}} AS stored WHERE user_id = due.user_id AND {{condition}}
"""  # noqa: S608  # all ours
_FIRST = """
    NOT EXISTS (SELECT FROM superseded_event AS before
                WHERE before.user_id = stored.user_id AND before.t = stored.t AND before.n = stored.n)
"""
_CORRECTION = f"""
    SELECT t, seq, NULL, NULL::numeric, NULL::integer[], NULL::integer, NULL::bigint, n, NULL, NULL::bigint,
        NULL::integer, {CORRECTION}, ARRAY(
            SELECT {REVISION} FROM revision WHERE revision.user_id = stored.user_id AND cause = stored.seq
        )
    FROM superseded_event AS stored WHERE user_id = due.user_id AND {{condition}}
"""  # noqa: S608  # as above


def _entries(numbered: str, in_order: str) -> str:
    standing = {"seq": "seq", "table": "activity_event"}
    superseded = {"seq": "event_seq", "table": "superseded_event"}
    event_seq = numbered.replace("seq", "event_seq")
    return " UNION ALL ".join(
        (
            _EVENT.format(**standing, condition=f"{in_order} AND taken_after IS NULL AND {numbered} AND {_FIRST}"),
            _EVENT.format(**standing, condition=f"taken_after IS NOT NULL AND {numbered} AND {_FIRST}"),
            _EVENT.format(**superseded, condition=f"no = 1 AND {event_seq}"),
            _CORRECTION.format(condition=numbered),
        )
    )


# An event that comes in order is above the clock, which a correction may have set back.
UNSEALED_ENTRIES = f"""
    SELECT due.upto, due.sealed, due.last_t, due.user_id, entry.* FROM (
        SELECT clock.user_id, clock.events AS upto, clock.last_t, coalesce(done.seq, 0) AS sealed,
            CASE WHEN done.t IS NOT NULL THEN least(done.t, (
                SELECT min(clock_t) FROM superseded_event WHERE user_id = clock.user_id AND seq > done.seq
            )) END AS since
        FROM user_clock AS clock LEFT JOIN LATERAL (
            SELECT seq, t FROM sealed_player WHERE user_id = clock.user_id AND seq > 0 ORDER BY seq DESC LIMIT 1
        ) AS done ON true
        WHERE clock.user_id BETWEEN %(first)s AND %(last)s AND clock.events > clock.sealed
            AND (clock.late_events > 0 OR clock.corrections > 0)
    ) AS due LEFT JOIN LATERAL (
        {_entries("seq > due.sealed AND seq <= due.upto", "t >= coalesce(due.since, 0)")}
    ) AS entry ON true ORDER BY due.user_id, entry.t, entry.n, entry.seq
"""  # noqa: S608  # as above
# All of a player, those without a number included, which come first.
ALL_ENTRIES = f"""
    SELECT 0, 0, 0, due.user_id, entry.* FROM (SELECT %(user_id)s::bigint AS user_id) AS due
    CROSS JOIN LATERAL ({_entries("true", "true").replace("AND true", "")}) AS entry
    ORDER BY entry.t, entry.n, entry.seq NULLS FIRST
"""  # noqa: S608  # as above


class Entry(NamedTuple):
    """An event as it was first answered, or a correction of the event at `t` and `n`, which has only a text.

    A row without `t` stands for a player of whom nothing that should be sealed is stored.
    """

    upto: int
    sealed: int
    last_t: int
    user_id: int
    t: int | None
    seq: int | None
    type: str | None
    amount: Decimal | None
    codes: Sequence[int] | None
    edition: int | None
    received: int | None
    n: int
    event_id: str | None
    taken_after: int | None
    groups_version: int | None
    correction: str | None
    lines: Sequence[str]

    @property
    def digest(self) -> bytes:
        """Return what a seal digests of it."""
        if self.correction is not None:
            return entry_digest(self.correction, self.lines)
        return event_digest(self.facts, self.lines)

    @property
    def facts(self) -> EventFacts:
        """The event as it was first answered."""
        return EventFacts._make(self[3:15])
