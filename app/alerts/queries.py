"""The queries on stored alerts.

A page costs the same however many alerts are stored: an index serves it, and nothing beyond the page is read.
"""

from collections.abc import Mapping, Sequence
from json import JSONEncoder
from typing import Any

from app.alerts.domain import AlertQuery, Cursor, Evidence, StoredAlert
from app.rules.limits import INTEGER_MAX
from app.rules.wording import PRESENT
from lib.fields import BIGINT_MAX
from lib.statements import BY_INDEX, Statement
from lib.transactions import Transaction

NEW_ALERT = "INSERT INTO alert (user_id, t, code, shadow, edition, evidence) {row}"
KEEP = Statement(
    "keep_alert",
    ("bigint", "bigint", "integer", "boolean", "integer", "jsonb"),
    NEW_ALERT.format(row="VALUES ($1, $2, $3, $4, $5, $6)"),
)
NO_ALERT = "SELECT 1, 0, 1, false, 1, '{}'::jsonb WHERE false"
TRY_KEEP = Statement("try_keep", (), NEW_ALERT.format(row=NO_ALERT))
_encode = JSONEncoder(separators=(",", ":")).encode

LAST = INTEGER_MAX  # no code and no edition is greater
OF_A_PAGE = ("boolean", "bigint", "bigint", "bigint", "integer", "bigint")  # shadow, since, last t, user_id, code; most

# Each query can use exactly one index. Two of the three indexes are partial, on a condition that every alert meets,
# `code > 0` or `edition > 0`, and only serve queries that repeat it. Otherwise a planner that believes all alerts to be
# of one player, code and edition finds any index as good as another, and may walk one from end to end that does not
# begin with the columns of the query.
NEWEST = Statement(
    "newest_alerts",
    OF_A_PAGE,
    """
    SELECT user_id, t, code, edition, evidence FROM alert
    WHERE code > 0 AND shadow = $1 AND t >= $2 AND (t, user_id, code) <= ($3, $4, $5)
    ORDER BY t DESC, user_id DESC, code DESC LIMIT $6
    """,
)

# Few of all alerts, or of a player's, may have the code or edition of the query, or none; so alerts of one kind (an
# edition and a code) are adjacent in the index, in the order of the list. There are few kinds, however many alerts:
# step from one kind to the next, take the latest alerts of each kind of the query, and of those the latest. If the
# query names a code, a step skips the other codes of its edition.
LATEST_OF_KINDS = """
    WITH RECURSIVE kind (edition, code) AS (
        (SELECT edition, code FROM alert
         WHERE {of} AND shadow = $1 AND (edition, code) > ($7, coalesce($9, 1) - 1) AND edition <= $8
         ORDER BY edition, code LIMIT 1)
        UNION ALL
        SELECT later.* FROM kind CROSS JOIN LATERAL (
            SELECT edition, code FROM alert
            WHERE {of} AND shadow = $1 AND edition <= $8 AND (edition, code) > (
                CASE WHEN kind.code >= $9 THEN kind.edition + 1::bigint ELSE kind.edition END,
                coalesce($9 - 1, kind.code))
            ORDER BY edition, code LIMIT 1
        ) AS later
    )
    SELECT page.*, (
        SELECT evidence FROM alert
        WHERE user_id = page.user_id AND shadow = $1 AND edition = page.edition AND code = page.code AND t = page.t
    ) FROM (
        SELECT latest.* FROM kind CROSS JOIN LATERAL (
            SELECT user_id, t, code, edition FROM alert
            WHERE {of} AND shadow = $1 AND edition = kind.edition AND code = kind.code
                AND t >= $2 AND (t, user_id) <= ($3, $4) AND (t, user_id, code) <= ($3, $4, $5)
            ORDER BY t DESC, user_id DESC LIMIT $6
        ) AS latest
        WHERE $9 IS NULL OR kind.code = $9
        ORDER BY t DESC, user_id DESC, code DESC LIMIT $6
    ) AS page
    """
OF_KINDS = (*OF_A_PAGE, "integer", "integer", "integer")  # the first edition, the last one, the code
LATEST = Statement("latest_alerts", OF_KINDS, LATEST_OF_KINDS.format(of="edition > 0"))
LATEST_OF_USER = Statement("latest_alerts_of_user", (*OF_KINDS, "bigint"), LATEST_OF_KINDS.format(of="user_id = $10"))

Row = tuple[int, int, int, int, Mapping[str, Any]]


class AlertQueries:
    """Queries of alerts within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def try_to_keep(self) -> None:
        """Check that an alert could be stored, as far as that shows without one."""
        self._transaction.write(TRY_KEEP)

    def keep(self, alert: StoredAlert) -> None:
        """Store an alert with its evidence."""
        evidence = _encode(_members(alert.evidence))
        self._transaction.write(KEEP, alert.user_id, alert.t, alert.code, alert.shadow, alert.edition, evidence)

    def latest(self, query: AlertQuery, most: int) -> Sequence[StoredAlert]:
        """Return the first alerts that the query selects, by descending cursor."""
        last = _last_cursor(query.before)
        page = (query.shadow, query.since, last.t, last.user_id, last.code, most)
        self._transaction.write(BY_INDEX)
        kinds = (query.edition or 0, query.edition or LAST, query.code)
        if query.user_id is not None:
            rows: Sequence[Row] = self._transaction.fetch(LATEST_OF_USER, *page, *kinds, query.user_id)
        elif query.code is not None or query.edition is not None:
            rows = self._transaction.fetch(LATEST, *page, *kinds)
        else:
            rows = self._transaction.fetch(NEWEST, *page)
        return [_alert(row, shadow=query.shadow) for row in rows]

    def one(self, at: Cursor, *, shadow: bool) -> StoredAlert | None:
        """Return the alert at this cursor, or None if there is none."""
        before = Cursor(at.t, at.user_id, at.code + 1)
        query = AlertQuery(limit=1, since=at.t, before=before, shadow=shadow, code=at.code, user_id=at.user_id)
        return next(iter(self.latest(query, 1)), None)


def _last_cursor(before: Cursor | None) -> Cursor:
    """Return the greatest cursor that the page may contain."""
    return Cursor(before.t, before.user_id, before.code - 1) if before else Cursor(BIGINT_MAX, BIGINT_MAX, LAST)


def _members(evidence: Evidence) -> dict[str, object]:
    """Return the members of evidence as it is stored, in the present wording; the threshold has its name of 0.1."""
    return {
        "value": evidence.value,
        "limit": evidence.threshold,
        "count": evidence.count,
        "moments": evidence.moments,
        "sentence": evidence.sentence,
        "wording": PRESENT,
    }


def _alert(row: Row, *, shadow: bool) -> StoredAlert:
    user_id, t, code, edition, stored = row
    evidence = Evidence(
        value=stored["value"],
        threshold=stored["limit"],
        count=stored["count"],
        moments=tuple(stored["moments"]),
        sentence=stored["sentence"],  # in whichever wording (A45)
    )
    return StoredAlert(user_id=user_id, t=t, code=code, edition=edition, shadow=shadow, evidence=evidence)
