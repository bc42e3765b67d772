"""The queries on stored alerts.

A page costs the same however many alerts are stored: an index serves it, and nothing beyond the page is read.
"""

from collections.abc import Iterable, Mapping, Sequence
from json import JSONEncoder
from typing import Any

from app.alerts.domain import AlertQuery, Cursor, Evidence, StoredAlert
from app.alerts.freshness import FRESH, FRESH_IN_SHADOW, RAISED_LAST
from app.rules.event import EventRef
from app.rules.limits import INTEGER_MAX
from app.rules.wording import PRESENT
from lib.fields import BIGINT_MAX
from lib.statements import BY_INDEX, Statement, array_literal
from lib.transactions import Transaction

NEW_ALERT = "INSERT INTO alert (user_id, t, n, code, shadow, edition, evidence, fresh) {row}"
OF_ALERT = ("bigint", "bigint", "integer", "integer", "integer", "jsonb")
KEEP = Statement("keep_alert", OF_ALERT, NEW_ALERT.format(row=f"SELECT $1, $2, $3, $4, false, $5, $6, {FRESH}"))
KEEP_IN_SHADOW = Statement(
    "keep_alert_in_shadow", OF_ALERT, NEW_ALERT.format(row=f"SELECT $1, $2, $3, $4, true, $5, $6, {FRESH_IN_SHADOW}")
)
# Those at the first of several new events of a player come without `fresh`, and before these events are stored.
KEEP_MANY = Statement(
    "keep_alerts",
    ("bigint[]", "bigint[]", "integer[]", "integer[]", "boolean[]", "integer[]", "jsonb[]", "boolean[]", "bigint[]"),
    NEW_ALERT.format(
        row=f"""
        SELECT user_id, t, n, code, shadow, edition, evidence,
            coalesce(fresh, code <> ALL (CASE WHEN shadow THEN shadowed ELSE codes END), true)
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS new (user_id, t, n, code, shadow, edition, evidence, fresh)
        LEFT JOIN ({RAISED_LAST.format(users="$9")}) AS last USING (user_id)
        """  # noqa: S608  # ours
    ),
)
KEEP_FOUND = Statement("keep_found_alert", OF_ALERT, f"{KEEP.sql} ON CONFLICT DO NOTHING")
NO_ALERT = "SELECT 1, 0, 0, 1, false, 1, '{}'::jsonb, true WHERE false"
TRY_KEEP = Statement("try_keep", (), NEW_ALERT.format(row=NO_ALERT))
written = JSONEncoder(separators=(",", ":")).encode

LAST = INTEGER_MAX  # no code and no edition is greater
OF_A_PAGE = ("boolean", "bigint", "bigint", "bigint", "integer", "integer", "bigint")  # shadow, since, the last; most

# Each query can use exactly one index. Two of them are partial, on a condition that every alert meets, `code > 0` or
# `edition > 0`, and only serve queries that repeat it; two have the fresh alerts only. Otherwise a planner that
# believes all alerts to be of one player, code and edition finds any index as good as another, and may walk one from
# end to end that does not begin with the columns of the query.
NEWEST = Statement(
    "newest_alerts",
    OF_A_PAGE,
    """
    SELECT user_id, t, n, code, edition, jsonb_build_array(fresh, evidence) FROM alert
    WHERE code > 0 AND shadow = $1 AND t >= $2 AND (t, user_id, n, code) <= ($3, $4, $5, $6)
    ORDER BY t DESC, user_id DESC, n DESC, code DESC LIMIT $7
    """,
)

# Few of all alerts, or of a player's, may have the code or edition of the query, or none; so alerts of one kind (an
# edition and a code) are adjacent in the index, in the order of the list. There are few kinds, however many alerts:
# step from one kind to the next, take the latest alerts of each kind of the query, and of those the latest. If the
# query names a code, a step skips the other codes of its edition.
LATEST_OF_KINDS = """
    WITH RECURSIVE kind (edition, code) AS (
        (SELECT edition, code FROM alert
         WHERE {of} AND shadow = $1 AND (edition, code) > ($8, coalesce($10, 1) - 1) AND edition <= $9
         ORDER BY edition, code LIMIT 1)
        UNION ALL
        SELECT later.* FROM kind CROSS JOIN LATERAL (
            SELECT edition, code FROM alert
            WHERE {of} AND shadow = $1 AND edition <= $9 AND (edition, code) > (
                CASE WHEN kind.code >= $10 THEN kind.edition + 1::bigint ELSE kind.edition END,
                coalesce($10 - 1, kind.code))
            ORDER BY edition, code LIMIT 1
        ) AS later
    )
    SELECT page.*, (
        SELECT jsonb_build_array(fresh, evidence) FROM alert
        WHERE user_id = page.user_id AND shadow = $1 AND edition = page.edition AND code = page.code
            AND t = page.t AND n = page.n
    ) FROM (
        SELECT latest.* FROM kind CROSS JOIN LATERAL (
            SELECT user_id, t, n, code, edition FROM alert
            WHERE {of} AND shadow = $1 AND edition = kind.edition AND code = kind.code
                AND t >= $2 AND (t, user_id, n) <= ($3, $4, $5) AND (t, user_id, n, code) <= ($3, $4, $5, $6)
            ORDER BY t DESC, user_id DESC, n DESC LIMIT $7
        ) AS latest
        WHERE $10 IS NULL OR kind.code = $10
        ORDER BY t DESC, user_id DESC, n DESC, code DESC LIMIT $7
    ) AS page
    """
OF_KINDS = (*OF_A_PAGE, "integer", "integer", "integer")  # the first edition, the last one, the code
LATEST = Statement("latest_alerts", OF_KINDS, LATEST_OF_KINDS.format(of="edition > 0"))
LATEST_OF_USER = Statement("latest_alerts_of_user", (*OF_KINDS, "bigint"), LATEST_OF_KINDS.format(of="user_id = $11"))
FRESH_ONLY = Statement("fresh_alerts", OF_KINDS, LATEST_OF_KINDS.format(of="fresh"))
FRESH_OF_USER = Statement(
    "fresh_alerts_of_user", (*OF_KINDS, "bigint"), LATEST_OF_KINDS.format(of="fresh AND user_id = $11")
)

END = Cursor(BIGINT_MAX, BIGINT_MAX, INTEGER_MAX, LAST)  # no alert comes after it

Row = tuple[int, int, int, int, int, tuple[bool | None, Mapping[str, Any]]]


class AlertQueries:
    """Queries of alerts within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def try_to_keep(self) -> None:
        """Check that an alert could be stored, as far as that shows without one."""
        self._transaction.write(TRY_KEEP)

    def keep(self, alert: StoredAlert) -> None:
        """Store an alert with its evidence, and whether it is fresh, whatever the value says."""
        statement = KEEP_IN_SHADOW if alert.shadow else KEEP
        self._transaction.write(statement, *_place(alert), alert.code, alert.edition, _evidence(alert))

    def keep_many(self, alerts: Iterable[StoredAlert]) -> None:
        """Store alerts with their evidence in one statement, before the events that raised them.

        `fresh` must be None at the first of a player's events: it follows from what the latest stored one raised.
        """
        kept = [*alerts]
        if kept:
            columns = zip(*map(_columns, kept), strict=True)
            to_ask = {alert.user_id for alert in kept if alert.fresh is None}
            self._transaction.write(KEEP_MANY, *map(array_literal, columns), array_literal(to_ask))

    def keep_found(self, place: tuple[int, int, int], code: int, edition: int, evidence: str) -> None:
        """Store an alert that was found late, unless one of this code is there; `place` is player, `t` and `n`."""
        self._transaction.write(KEEP_FOUND, *place, code, edition, evidence)

    def latest(self, query: AlertQuery, most: int) -> Sequence[StoredAlert]:
        """Return the first alerts that the query selects, by descending cursor."""
        last = _last_cursor(query.before)
        page = (query.shadow, query.since, last.t, last.user_id, last.n, last.code, most)
        self._transaction.write(BY_INDEX)
        kinds = (query.edition or 0, query.edition or LAST, query.code)
        if query.user_id is not None:
            of_user = FRESH_OF_USER if query.fresh else LATEST_OF_USER
            rows: Sequence[Row] = self._transaction.fetch(of_user, *page, *kinds, query.user_id)
        elif query.fresh:
            rows = self._transaction.fetch(FRESH_ONLY, *page, *kinds)
        elif query.code is not None or query.edition is not None:
            rows = self._transaction.fetch(LATEST, *page, *kinds)
        else:
            rows = self._transaction.fetch(NEWEST, *page)
        return [_alert(row, shadow=query.shadow) for row in rows]

    def one(self, at: Cursor, *, shadow: bool) -> StoredAlert | None:
        """Return the alert at this cursor, or None if there is none."""
        before = Cursor(at.t, at.user_id, at.n, at.code + 1)
        query = AlertQuery(limit=1, since=at.t, before=before, shadow=shadow, code=at.code, user_id=at.user_id)
        return next((alert for alert in self.latest(query, 1) if alert.n == at.n), None)


def _last_cursor(before: Cursor | None) -> Cursor:
    """Return the greatest cursor that the page may contain."""
    return Cursor(before.t, before.user_id, before.n, before.code - 1) if before else END


def _place(alert: StoredAlert) -> tuple[int, int, int]:
    return alert.user_id, alert.t, alert.n


def _evidence(alert: StoredAlert) -> str:
    return written(format_evidence(alert.evidence, alert.event_id))


def _columns(alert: StoredAlert) -> tuple[object, ...]:
    return *_place(alert), alert.code, alert.shadow, alert.edition, _evidence(alert), alert.fresh


def format_evidence(evidence: Evidence, event_id: str | None) -> dict[str, object]:
    """Return the members of evidence as it is stored, in the present wording; the threshold has its name of 0.1."""
    return {
        "value": evidence.value,
        "limit": evidence.threshold,
        "count": evidence.count,
        "moments": evidence.moments,
        "sentence": evidence.sentence,
        "wording": PRESENT,
        **({"events": places_of(evidence.events)} if any(each.event_id for each in evidence.events) else {}),
        **({} if event_id is None else {"event_id": event_id}),
    }


def places_of(events: Iterable[EventRef]) -> list[tuple[int, str | None]]:
    """Return the events beside their moments, as evidence has them where one of them has an id (A49)."""
    return [(each.n, each.event_id) for each in events]


def _alert(row: Row, *, shadow: bool) -> StoredAlert:
    user_id, t, n, code, edition, (fresh, stored) = row
    return StoredAlert(
        user_id=user_id,
        t=t,
        n=n,
        event_id=stored.get("event_id"),
        code=code,
        edition=edition,
        shadow=shadow,
        fresh=fresh,
        evidence=parse_evidence(stored),
    )


def parse_evidence(stored: Mapping[str, Any]) -> Evidence:
    """Make the domain's value from evidence as it is stored."""
    moments = stored["moments"]
    places = stored.get("events") or [()] * len(moments)
    return Evidence(
        value=stored["value"],
        threshold=stored["limit"],
        count=stored["count"],
        events=tuple(EventRef(at, *place) for at, place in zip(moments, places, strict=True)),
        sentence=stored["sentence"],  # in whichever wording (A45)
    )
