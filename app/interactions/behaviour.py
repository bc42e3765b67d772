"""What a player did before a moment, as records keep it: play and alerts within some spans."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.interactions.domain import Behaviour
from app.interactions.services import Play, Played
from lib.statements import Statement, array_literal
from lib.transactions import Transaction

DAY = 86_400  # seconds
SPANS = (DAY, 7 * DAY, 30 * DAY)
MOST = 5_000  # alerts that are counted

# By the primary key, which begins with the player and `t`.
ALERTS = Statement(
    "alerts_within",
    ("bigint", "bigint", "bigint", "integer", "bigint[]"),
    """
    SELECT span, code, count(*) FROM (
        SELECT t, code FROM case_alert WHERE user_id = $1 AND t > $2 AND t <= $3 ORDER BY t DESC LIMIT $4
    ) AS alerts JOIN unnest($5) AS span ON t > $3 - span
    GROUP BY span, code ORDER BY code""",
)


def behaviour_until(
    play: Play, current: Transaction, user_id: int, until: int, spans: Sequence[int] = SPANS
) -> Behaviour:
    """Return what a player did in the spans, in seconds, that end at `until`; codes are of alerts in cases."""
    played = play.within(current, user_id, until, spans)
    rows = current.fetch(ALERTS, user_id, until - max(spans), until, MOST, array_literal(spans))
    codes = {span: {str(code): int(count) for of, code, count in rows if of == span} for span in spans}
    return {"t": until, "windows": [_window(each, codes[each.seconds]) for each in played]}


def behaviour_at(play: Play, current: Transaction, user_id: int, at: datetime) -> Behaviour:
    """Return what a player did in the last day, week and 30 days before a time."""
    return behaviour_until(play, current, user_id, play.moment_of(current, user_id, at))


def _window(played: Played, codes: Mapping[str, int]) -> dict[str, Any]:
    largest = played.largest_deposit
    return {
        "seconds": played.seconds,
        "deposits": played.deposits,
        "deposited": f"{played.deposited:.2f}",
        "largest_deposit": None if largest is None else f"{largest:.2f}",
        "withdrawals": played.withdrawals,
        "withdrawn": f"{played.withdrawn:.2f}",
        "net": f"{played.deposited - played.withdrawn + played.cancelled:.2f}",
        "failed_deposits": played.failed_deposits,
        "cancelled_withdrawals": played.cancelled_withdrawals,
        "days": played.days,
        "is_cut": played.is_cut,
        "alerts": sum(codes.values()),
        "codes": dict(codes),
    }
