"""Reading the sums of long windows: with the help of running totals, where a player has any (A59)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from app.rules.event import EventType
from app.rules.history import HistoryNeeds, Window, WindowSum
from app.rules.limits import BIGINT_MAX
from app.rules.spans import Period, Seconds

# The rows of sums are (part, first t, type, amount, count, windows, NULL): `windows` has a bit for each window of the
# type that they belong to. Several windows of a type read the events of the tail once.
TAIL, HEAD = 1_000, 1_001  # the events after the last running total, and for each window what lies before

LATEST = """
            SELECT series, t, events, amount FROM (
                SELECT series, t, since, changes, events, amount FROM running_total
                WHERE user_id = $1 AND type BETWEEN {kind} AND {kind} ORDER BY type DESC, series DESC, t DESC LIMIT 1
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
# One part for all types, since PostgreSQL sets up each part of a plan at every event, whether or not it runs. For the
# same reason running totals have a statement of their own, which is sent only for players who have any: with windows of
# four types, the history of the others costs PostgreSQL 280 µs instead of 347 (measured).
TAIL_PART = """
    (SELECT {tail}, min(events.t), of_type.kind, sum(events.amount), count(*), {windows}, NULL::text
    FROM (VALUES {types}) AS of_type (kind, earliest, {columns}){latest} CROSS JOIN LATERAL ({after}
    ) AS events {only}
    GROUP BY 3, 6)"""
LATEST_OF_TYPE = f"""
    LEFT JOIN LATERAL ({LATEST.format(kind="of_type.kind", earliest="of_type.earliest")}
    ) AS latest ON true"""
HEAD_PART = """
    (SELECT {head}, within.t, open_window.kind, latest.amount - first.amount + within.amount,
        latest.events - first.events + within.events, place, NULL::text
    FROM (VALUES {windows}) AS open_window (kind, earliest, opens, place)
    CROSS JOIN LATERAL ({latest}
    ) AS latest CROSS JOIN LATERAL (
        SELECT t, events, amount FROM running_total
        WHERE user_id = $1 AND type = open_window.kind AND series = latest.series AND t >= opens ORDER BY t LIMIT 1
    ) AS first CROSS JOIN LATERAL (
        SELECT min(t) AS t, sum(amount) AS amount, count(*) AS events FROM ({up_to}
        ) AS events
    ) AS within)"""
# The order lets only the primary key serve: where few players have running totals, a plan may not walk theirs.
HAS_TOTALS = "(SELECT 1::numeric FROM running_total WHERE user_id = $1 ORDER BY type, series, t LIMIT 1)"

WindowsOf = Mapping[EventType, Sequence[Window]]


class SumRow(NamedTuple):
    """A part of the sums of some windows of a type; `windows` has a bit for each of them."""

    part: int
    first_t: int
    kind: EventType
    total: Decimal
    events: int
    windows: int


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


class SumsSql:
    """The SQL for the sums of windows that end at $2, of player $1.

    `before` as in `EVENTS`; `of_periods` has the SQL of when each period began.
    """

    def __init__(self, of_types: WindowsOf, before: str, of_periods: Mapping[Period, str]) -> None:
        self._before = before
        self._opens = {kind: [opening(each, of_periods) for each in windows] for kind, windows in of_types.items()}

    def without_totals(self) -> str:
        """Return the query for a player without running totals; of others it returns nothing."""
        return self._tail(only=f"WHERE {HAS_TOTALS} IS NULL")

    def with_totals(self) -> Sequence[str]:
        """Return the queries for any player."""
        windows = [
            f"('{kind}'::activity_type, {_earliest(opens_at)}, {each}, {1 << place})"
            for kind, opens_at in self._opens.items()
            for place, each in enumerate(opens_at)
        ]
        head = HEAD_PART.format(
            head=HEAD,
            windows=", ".join(windows),
            latest=LATEST.format(kind="open_window.kind", earliest="open_window.earliest"),
            up_to=EVENTS.format(kind="open_window.kind", within="t >= opens AND t <= first.t"),
        )
        return self._tail(latest=LATEST_OF_TYPE, after=" AND t > coalesce(latest.t, -1)"), head

    def _tail(self, *, latest: str = "", after: str = "", only: str = "") -> str:
        most = max(map(len, self._opens.values()))
        columns = [f"opens_{place}" for place in range(most)]
        types = []
        for kind, opens_at in self._opens.items():
            never = [str(BIGINT_MAX)] * (most - len(opens_at))
            types.append(f"('{kind}'::activity_type, {', '.join([_earliest(opens_at), *opens_at, *never])})")
        return TAIL_PART.format(
            tail=TAIL,
            windows=" + ".join(f"(events.t >= {each})::integer * {1 << place}" for place, each in enumerate(columns)),
            types=", ".join(types),
            columns=", ".join(columns),
            latest=latest,
            after=EVENTS.format(kind="of_type.kind", within=f"t >= of_type.earliest{after} AND t {self._before} $2"),
            only=only,
        )


def _earliest(opens_at: Sequence[str]) -> str:
    return opens_at[0] if len(opens_at) == 1 else f"least({', '.join(opens_at)})"


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
