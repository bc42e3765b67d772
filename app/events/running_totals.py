"""Sums of long windows at a cost that does not depend on how many events they hold (A59).

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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from app.rules.event import EventType
from app.rules.history import HistoryNeeds, Window, WindowSum
from app.rules.limits import BIGINT_MAX
from app.rules.spans import Period, Seconds
from lib.statements import Statement
from lib.transactions import Transaction

BLOCK = 64  # events from one running total to the next; as many are read at most before another one is written
MAX_COUNTED = 20_000  # events that one event adds to running totals

# The rows of sums are (part, first t, type, amount, count, windows, NULL): `windows` has a bit for each window of the
# type that they belong to. Several windows of a type read the events of the tail once.
TAIL, HEAD = 1_000, 1_001  # the events after the last running total, and for each window what lies before

LATEST = """
        SELECT series, t, events, amount FROM (
            SELECT series, t, since, changes, events, amount FROM running_total
            WHERE user_id = $1 AND type = '{kind}' ORDER BY series DESC, t DESC LIMIT 1
        ) AS newest
        WHERE since <= {earliest}
            AND changes = (SELECT late_events + corrections FROM user_clock WHERE user_id = $1)"""
# An index-only scan, as the index has the amounts. A range of one type and an order that names it let only the index on
# (user_id, type, t, n) serve, or all events of other types would be walked as well; the planner takes a limit that it
# does not know for a small one, so it never sorts instead. `{before}` as in app.events.history_query.
EVENTS = f"""
            SELECT t, amount FROM activity_event
            WHERE user_id = $1 AND type BETWEEN {{kind}} AND {{kind}} AND {{within}}
            ORDER BY type, t, n LIMIT (SELECT {BIGINT_MAX})"""  # noqa: S608  # a number of ours
SUMS_PART = """
    (SELECT sums.* FROM (SELECT) AS always LEFT JOIN ({latest}
    ) AS latest ON true CROSS JOIN LATERAL (
        SELECT {tail}, min(t), '{kind}'::activity_type, sum(amount), count(*), {windows}, NULL::text FROM ({after}
        ) AS events GROUP BY 6
        UNION ALL
        SELECT {head}, within.t, '{kind}'::activity_type, latest.amount - first.amount + within.amount,
            latest.events - first.events + within.events, place, NULL::text
        FROM (VALUES {openings}) AS open_window (place, opens) CROSS JOIN LATERAL (
            SELECT t, events, amount FROM running_total
            WHERE user_id = $1 AND type = '{kind}' AND series = latest.series AND t >= opens ORDER BY t LIMIT 1
        ) AS first CROSS JOIN LATERAL (
            SELECT min(t) AS t, sum(amount) AS amount, count(*) AS events FROM ({up_to}
            ) AS events
        ) AS within
    ) AS sums)"""

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

WindowsOf = Mapping[EventType, Sequence[Window]]


class SumRow(NamedTuple):
    """A part of the sums of some windows of a type; `windows` has a bit for each of them."""

    part: int
    first_t: int
    kind: EventType
    total: Decimal
    events: int
    windows: int


class Lag(NamedTuple):
    """How many events of a type lie after its last running total, and when the longest window opened."""

    kind: EventType
    opens: int
    events: int


def periods_of(needs: HistoryNeeds) -> list[Period]:
    """Return the periods of the calendar that the windows are of, each once."""
    return sorted({window.span for window in needs.sums if isinstance(window.span, Period)}, key=str)


def opening(window: Window, openings: Mapping[Period, str]) -> str:
    """Return the SQL for the first second of a window that ends at $2; `openings` has that of each period."""
    # Never below 0, or no series that begins there would reach back far enough.
    return f"greatest($2 - {window.span.seconds}, 0)" if isinstance(window.span, Seconds) else openings[window.span]


def opens(window: Window, t: int) -> int:
    """Return the first second of a window that ends at `t`."""
    return max(window.span.opens(t), 0)


def windows_of(needs: HistoryNeeds) -> WindowsOf:
    """Return the windows of each type whose sums are read, always in the same order."""
    ordered = sorted(needs.sums, key=repr)
    of_types = ((kind, tuple(window for window in ordered if window.type is kind)) for kind in EventType)
    return {kind: windows for kind, windows in of_types if windows}


def sums_parts(of_types: WindowsOf, before: str, of_periods: Mapping[Period, str]) -> Iterator[str]:
    """Return, for each type, the query for the sums of its windows that end at $2, of player $1."""
    for kind, windows in of_types.items():
        openings = [opening(window, of_periods) for window in windows]
        earliest = openings[0] if len(openings) == 1 else f"least({', '.join(openings)})"
        after = f"t >= {earliest} AND t > coalesce(latest.t, -1) AND t {before} $2"
        yield SUMS_PART.format(
            latest=LATEST.format(kind=kind, earliest=earliest),
            tail=TAIL,
            head=HEAD,
            kind=kind,
            windows=_windows_holding_t(openings),
            after=EVENTS.format(kind=f"'{kind}'", within=after),
            openings=", ".join(f"({1 << place}, {opens_at})" for place, opens_at in enumerate(openings)),
            up_to=EVENTS.format(kind=f"'{kind}'", within="t >= opens AND t <= first.t"),
        )


def _windows_holding_t(openings: Sequence[str]) -> str:
    """Return the SQL for the bits of the windows that an event of the tail lies in."""
    if len(openings) == 1:
        return "1"
    return " + ".join(f"(t >= {opens_at})::integer * {1 << place}" for place, opens_at in enumerate(openings))


def added_up(rows: Iterable[SumRow], of_types: WindowsOf) -> dict[Window, WindowSum]:
    """Return the sum of each window that is not empty."""
    sums: dict[Window, WindowSum] = {}
    for row in rows:
        own = WindowSum(row.total, row.events, row.first_t)
        for place, window in enumerate(of_types[row.kind]):
            if row.windows >> place & 1:
                other = sums.get(window)
                sums[window] = _together(own, other) if other else own
    return sums


def _together(one: WindowSum, other: WindowSum) -> WindowSum:
    # Exact: fewer than 28 digits, whatever a window holds.
    return WindowSum(one.total + other.total, one.count + other.count, min(one.first_t, other.first_t))


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
