"""What a player did within some spans before a moment, for records about them; bounded, and by index alone."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.interactions.services import Played
from app.rules.event import EventType
from lib.statements import BY_INDEX, Statement, array_literal
from lib.transactions import Transaction

MOST = 20_000  # events of a type that are added up
ZERO = Decimal("0.00")

# A range of one type and an order that names it let only the index on (user_id, type, t, n) serve; it has the amounts.
EVENTS = """
        (SELECT type, t, amount FROM activity_event
        WHERE user_id = $1 AND type BETWEEN '{kind}' AND '{kind}' AND t > $2 AND t <= $3
        ORDER BY type DESC, t DESC, n DESC LIMIT $4)"""
OF_ALL = " UNION ALL".join(EVENTS.format(kind=kind.value) for kind in EventType)
# Rows by span and type, and by span alone for the days.
PLAYED = Statement(
    "played_within",
    ("bigint", "bigint", "bigint", "integer", "bigint[]"),
    f"""
    SELECT span, type::text, count(*), sum(amount), max(amount), count(DISTINCT t / 86400)
    FROM ({OF_ALL}) AS played JOIN unnest($5) AS span ON t > $3 - span
    GROUP BY GROUPING SETS ((span, type), (span))""",  # noqa: S608  # ours
)
LAST_T = Statement("last_t_of_player", ("bigint",), "SELECT last_t FROM user_clock WHERE user_id = $1")

Row = tuple[int, Decimal, Decimal | None, int]
NOTHING: Row = (0, ZERO, None, 0)


def moment_in_seconds(_: Transaction, __: int, at: datetime) -> int:
    """Return the `t` of every player at a time, where `t` is in Unix seconds."""
    return int(at.timestamp())


def latest_moment(current: Transaction, user_id: int, _: datetime) -> int:
    """Return the player's latest `t`, where `t` is no time of day; 0 before any event."""
    rows = current.fetch(LAST_T, user_id)
    return max(0, int(rows[0][0])) if rows else 0


def played_within(current: Transaction, user_id: int, until: int, spans: Sequence[int]) -> Sequence[Played]:
    """Return what a player did in each of these spans, in seconds, that end at `until`."""
    current.write(BY_INDEX)
    rows = current.fetch(PLAYED, user_id, until - max(spans), until, MOST, array_literal(spans))
    return [_played(span, {row[1]: row[2:] for row in rows if row[0] == span}) for span in spans]


def _played(span: int, rows: dict[str | None, Any]) -> Played:
    deposits, withdrawals, failed, cancelled = _in_order(rows)
    return Played(
        seconds=span,
        deposits=deposits[0],
        deposited=deposits[1],
        largest_deposit=deposits[2],
        withdrawals=withdrawals[0],
        withdrawn=withdrawals[1],
        failed_deposits=failed[0],
        cancelled_withdrawals=cancelled[0],
        cancelled=cancelled[1],
        days=rows.get(None, NOTHING)[3],
        is_cut=any(rows.get(kind.value, NOTHING)[0] >= MOST for kind in EventType),
    )


def _in_order(rows: dict[str | None, Any]) -> Iterable[Row]:
    kinds = (EventType.DEPOSIT, EventType.WITHDRAW, EventType.DEPOSIT_FAILED, EventType.WITHDRAW_CANCELLED)
    return [rows.get(kind.value, NOTHING) for kind in kinds]
