"""The questions that are asked of the stored alerts.

Every page costs what a page costs, whatever is stored: it is read by an index, and no further than it goes.
"""

from collections.abc import Mapping, Sequence
from json import JSONEncoder
from typing import Any

from app.alerts.domain import AlertsAsked, Evidence, Place, StoredAlert
from app.rules.limits import INTEGER_MAX
from lib.fields import BIGINT_MAX
from lib.transactions import BY_INDEX, Statement, Transaction

KEEP = Statement(
    "keep_alert",
    ("bigint", "bigint", "integer", "boolean", "integer", "jsonb"),
    "INSERT INTO alert (user_id, t, code, shadow, edition, evidence) VALUES ($1, $2, $3, $4, $5, $6)",
)
TRY_KEEP = Statement(
    "try_keep",
    (),
    """
    INSERT INTO alert (user_id, t, code, shadow, edition, evidence)
    SELECT 1, 0, 1, false, 1, '{}'::jsonb WHERE false
    """,
)
_encode = JSONEncoder(separators=(",", ":")).encode

LAST = INTEGER_MAX  # no code and no edition is greater
OF_A_PAGE = ("boolean", "bigint", "bigint", "bigint", "integer", "bigint")  # shadow, since, up to which place, most

# Each question is answered by one index and could be answered by no other: two of the three are for those only who
# say what is true of every alert, `code > 0` or `edition > 0`. A planner may believe that all alerts are of one user,
# code and edition; then any index looks as good as another, and one that does not begin with what was asked for
# would be walked from end to end.
NEWEST = Statement(
    "newest_alerts",
    OF_A_PAGE,
    """
    SELECT user_id, t, code, edition, evidence FROM alert
    WHERE code > 0 AND shadow = $1 AND t >= $2 AND (t, user_id, code) <= ($3, $4, $5)
    ORDER BY t DESC, user_id DESC, code DESC LIMIT $6
    """,
)

# Of all alerts, or of a user's, those of a code or an edition may be few, or none; so those of one kind (an edition
# and a code) stand together in the index, in the order of the list. There are few kinds, however many alerts there
# are: step from one to the next, take the latest alerts of each that was asked for, and of those the latest. Where
# one code was asked for, a step leaves out the others of its edition.
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
    """The questions about alerts that one transaction asks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def try_to_keep(self) -> None:
        """Can an alert be kept, as far as that can be seen without one?"""
        self._transaction.write(TRY_KEEP)

    def keep(self, alert: StoredAlert) -> None:
        """Keep an alert with its evidence."""
        evidence = {name: getattr(alert.evidence, name) for name in ("value", "limit", "count", "moments", "sentence")}
        self._transaction.write(
            KEEP, alert.user_id, alert.t, alert.code, alert.shadow, alert.edition, _encode(evidence)
        )

    def latest(self, asked: AlertsAsked, most: int) -> Sequence[StoredAlert]:
        """Which alerts come first of those that were asked for? In the order of their places, falling."""
        last = _last_place(asked.before)
        page = (asked.shadow, asked.since, last.t, last.user_id, last.code, most)
        self._transaction.write(BY_INDEX)
        kinds = (asked.edition or 0, asked.edition or LAST, asked.code)
        if asked.user_id is not None:
            rows: Sequence[Row] = self._transaction.fetch(LATEST_OF_USER, *page, *kinds, asked.user_id)
        elif asked.code is not None or asked.edition is not None:
            rows = self._transaction.fetch(LATEST, *page, *kinds)
        else:
            rows = self._transaction.fetch(NEWEST, *page)
        return [_alert(row, shadow=asked.shadow) for row in rows]

    def one(self, at: Place, *, shadow: bool) -> StoredAlert | None:
        """Which alert stands at this place?"""
        just_before = Place(at.t, at.user_id, at.code + 1)
        asked = AlertsAsked(limit=1, since=at.t, before=just_before, shadow=shadow, code=at.code, user_id=at.user_id)
        return next(iter(self.latest(asked, 1)), None)


def _last_place(before: Place | None) -> Place:
    """Return the last place that may be read."""
    return Place(before.t, before.user_id, before.code - 1) if before else Place(BIGINT_MAX, BIGINT_MAX, LAST)


def _alert(row: Row, *, shadow: bool) -> StoredAlert:
    user_id, t, code, edition, told = row
    evidence = Evidence(
        value=told["value"],
        limit=told["limit"],
        count=told["count"],
        moments=tuple(told["moments"]),
        sentence=told["sentence"],  # whichever wording it is of (A45)
    )
    return StoredAlert(user_id=user_id, t=t, code=code, edition=edition, shadow=shadow, evidence=evidence)
