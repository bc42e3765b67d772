"""What events raise now that something earlier is known: the queries on the table `revision` (A51, A52)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.alerts.domain import Changes, Evidence, StoredAlert
from app.alerts.outbox import Outbox
from app.alerts.queries import AlertQueries, format_evidence, parse_evidence, written
from app.rules.event import EventRef
from app.rules.limits import INTEGER_MAX
from lib.statements import BY_INDEX, Statement
from lib.transactions import Transaction

ADD = Statement(
    "add_revision",
    ("bigint", "bigint", "integer", "integer", "integer[]", "integer[]", "integer", "jsonb", "bigint"),
    """
    INSERT INTO revision (user_id, t, n, no, codes_before, codes_after, edition, found, cause)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    """,
)
# What has become of alerts, in a row for each whose event was revised. A transaction may begin long before it gets the
# lock of the player's clock, so `no` tells which revision came last, and `known_at` does not.
# A plan may be made while the table is nearly empty, when any way through it costs the same, and is kept while it
# grows. So each event's revisions are a query of their own; a range of one `n`, with an order that begins with it, is
# written where `n = …` would mean the same: only the primary key serves that order.
REVISED = Statement(
    "revised_alerts",
    ("bigint[]", "bigint[]", "integer[]", "integer[]"),
    f"""
    SELECT alert.*, revised.* FROM unnest($1, $2, $3, $4) AS alert (user_id, t, n, code) CROSS JOIN LATERAL (
        SELECT
            CASE WHEN NOT bool_or(no = 1 AND code = ANY (codes_before)) THEN
                (array_agg(known_at ORDER BY no) FILTER (WHERE found ? code::text))[1]
            END,
            CASE WHEN NOT (array_agg(code = ANY (codes_after) ORDER BY no DESC))[1] THEN
                (array_agg(known_at ORDER BY no DESC) FILTER (WHERE code = ANY (codes_before)))[1]
            END,
            (array_agg(found -> code::text ORDER BY no DESC) FILTER (WHERE found ? code::text))[1]
        FROM (
            SELECT no, codes_before, codes_after, found, known_at FROM revision
            WHERE user_id = alert.user_id AND t = alert.t AND n BETWEEN alert.n AND alert.n
            ORDER BY n, no LIMIT {INTEGER_MAX}
        ) AS of_event
        HAVING count(*) > 0
    ) AS revised
    """,  # noqa: S608  # a constant of ours
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The codes that an event raised as far as was known before, and those that it raises now.

    `no` counts the revisions of the event; `found` has the evidence of each code that it raises only now; `cause` is
    the arrival number of what became known.
    """

    user_id: int
    event: EventRef
    no: int
    edition: int
    codes_before: tuple[int, ...]
    codes_after: tuple[int, ...]
    found: Mapping[int, Evidence]
    cause: int


def store(current: Transaction, revisions: Iterable[Revision]) -> Changes:
    """Store revisions, and an alert for each code that was found late, unless the event has one already."""
    alerts, outbox, changes = AlertQueries(current), Outbox(current), Changes()
    for each in revisions:
        found = {code: format_evidence(evidence, each.event.event_id) for code, evidence in each.found.items()}
        place = each.user_id, each.event.t, each.event.n
        codes = list(each.codes_before), list(each.codes_after)
        current.write(ADD, *place, each.no, *codes, each.edition, written(found), each.cause)
        for code, evidence in found.items():
            alerts.keep_found(place, code, each.edition, written(evidence))
        outbox.note_revised(place, each.no, each.codes_before, each.codes_after)
        changes.add(each.codes_before, each.codes_after)
    return changes


def as_believed(current: Transaction, alerts: Sequence[StoredAlert]) -> list[StoredAlert]:
    """Return alerts of the live edition with what became known after the answers to their events.

    That is when they were found late or retracted, and the evidence of the latest finding.
    """
    if not alerts:
        return []
    current.write(BY_INDEX)
    places = [_place(each) for each in alerts]
    rows = current.fetch(REVISED, *map(list, zip(*places, strict=True)))
    revised = {tuple(row[:4]): row[4:] for row in rows}
    return [
        _as_revised(each, *revised[place]) if place in revised else each
        for each, place in zip(alerts, places, strict=True)
    ]


def _place(alert: StoredAlert) -> tuple[int, int, int, int]:
    return alert.user_id, alert.t, alert.n, alert.code


def _as_revised(
    alert: StoredAlert, found_at: datetime | None, retracted_at: datetime | None, evidence: Mapping[str, Any] | None
) -> StoredAlert:
    latest = parse_evidence(evidence) if evidence else alert.evidence
    return replace(alert, found_late_at=found_at, retracted_at=retracted_at, evidence=latest)
