"""Running totals: sums of long windows at a cost that does not depend on how many events they hold (A59).

Of a type that a long window in force looks at, about every 64th event of a player leaves a running total: the number
and the sum of the player's events from some second up to another. A sum is then the difference of two of these, plus
the events between the window's opening and the first, and those after the last. Without running totals it is the sum
of all events in the window.

A series of running totals counts from one second, `since`. It is believed only if the player's clock still shows as
many late events and corrections as when it was written, whichever release changed the past meanwhile, and if it
reaches back to the opening of the longest window; otherwise the next series begins. Only seconds that are over are
counted: all later events, but late ones, come after them.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from app.events.window_sums import EVENTS, TAIL, SumRow, WindowsOf, opens
from app.rules.event import EventType
from lib.statements import Statement
from lib.transactions import Transaction

BLOCK = 64  # events from one running total to the next; as many are read at most before another one is written
MAX_COUNTED = 20_000  # events that one event adds to running totals

# Goes on from the player's last running total of the type if that is believed, else begins a series at $3, the opening
# of the longest window; $4 is the `t` of the present event, $5 and $6 are the limits above. OFFSET 0 has
# `until` found once.
BASE = """
    SELECT base.*, coalesce((
        SELECT t FROM activity_event
        WHERE user_id = $1 AND type BETWEEN $2 AND $2 AND t > base.t AND t < $4
        ORDER BY type, t, n OFFSET $6 LIMIT 1
    ), $4) AS until FROM (
        SELECT coalesce(series, clock.events) AS series, coalesce(since, $3) AS since, coalesce(t, $3 - 1) AS t,
            coalesce(newest.events, 0) AS events, coalesce(amount, 0) AS amount, late_events + corrections AS changes
        FROM user_clock AS clock LEFT JOIN (
            SELECT series, t, since, changes, events, amount FROM running_total
            WHERE user_id = $1 AND type = $2 ORDER BY series DESC, t DESC LIMIT 1
        ) AS newest ON since <= $3 AND changes = late_events + corrections
        WHERE clock.user_id = $1
    ) AS base OFFSET 0"""
NEW_TOTAL = "INSERT INTO running_total (user_id, type, series, t, since, changes, events, amount)"
ADVANCE = Statement(
    "advance_running_total",
    ("bigint", "activity_type", "bigint", "bigint", "bigint", "bigint"),
    f"""
    {NEW_TOTAL}
    SELECT $1, $2, series, t, since, changes, events, amount FROM (
        SELECT series, second.t, since, changes, in_second,
            base.events + (sum(in_second) OVER so_far)::bigint AS events,
            base.amount + sum(second.amount) OVER so_far AS amount
        FROM ({BASE}) AS base CROSS JOIN LATERAL (
            SELECT t, count(*) AS in_second, sum(amount) AS amount FROM ({
        EVENTS.format(kind="$2", within="t > base.t AND t < base.until")
    }
            ) AS events GROUP BY t
        ) AS second
        WINDOW so_far AS (ORDER BY second.t)
    ) AS seconds
    WHERE events / $5 > (events - in_second) / $5
    """,  # noqa: S608  # constants of ours
)
# The same write, but of no rows: it still needs the table's lock and the right to write each column.
TRY_ADVANCE = Statement(
    "try_advance", (), f"{NEW_TOTAL} SELECT 1, 'deposit'::activity_type, 1, 0, 0, 0, 1, 1 WHERE false"
)
# After the clock has counted the late event. All that were believed stay so, of other types as well.
ADD_LATE = Statement(
    "add_to_running_totals",
    ("bigint", "activity_type", "bigint", "numeric"),
    """
    UPDATE running_total AS kept SET changes = changes + 1,
        events = kept.events + (kept.type = $2 AND $3 BETWEEN kept.since AND kept.t)::integer,
        amount = kept.amount + (kept.type = $2 AND $3 BETWEEN kept.since AND kept.t)::integer * $4
    FROM user_clock AS clock
    WHERE kept.user_id = $1 AND clock.user_id = $1 AND kept.changes + 1 = late_events + corrections
    """,
)


class Lag(NamedTuple):
    """How many events of a type lie after its last running total, and when the longest window opened."""

    kind: EventType
    opens: int
    events: int


def lags(rows: Iterable[SumRow], of_types: WindowsOf, t: int, n: int) -> tuple[Lag, ...]:
    """Return the types of which an event at `t` has to write running totals; its second has `n` events before it."""
    read: Counter[EventType] = Counter()
    for row in rows:
        if row.part == TAIL:
            read[row.kind] += row.events
    return tuple(
        [
            Lag(kind, min(opens(window, t) for window in of_types[kind]), events)
            for kind, events in read.items()
            if events - n > BLOCK
        ]
    )


def advance(transaction: Transaction, user_id: int, t: int, behind: Iterable[Lag]) -> None:
    """Write running totals up to the second before `t`, the latest of the player, whose clock is claimed."""
    for lag in behind:
        transaction.write(ADVANCE, user_id, str(lag.kind), lag.opens, t, BLOCK, MAX_COUNTED)
