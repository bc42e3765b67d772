"""The queries of a comparison: alerts of both sides at the events that both judged."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import psycopg2

from app.backtest.comparing.domain import MAX_COMPARED, Compared, Subject
from app.backtest.domain import ALL_PLAYERS, DAY, PlayerRange
from app.rules.limits import BIGINT_MAX
from lib.snapshots import Reader
from lib.statements import Statement
from lib.transactions import Transaction

# Every process sees a new shadow within a second, and nothing records whether it had, so events count from then on.
FOLLOWED = timedelta(seconds=1)
QUICKLY = Statement("compare_quickly", (), "SELECT set_config('statement_timeout', '1s', true)")

# Every alert meets `code > 0` and `edition > 0`, which open the indexes by `t` and by edition (app.alerts.queries).
RAISED = """
    SELECT user_id, t, n, code, shadow, edition, evidence FROM alert
    WHERE code > 0 AND edition > 0 AND shadow AND edition = :edition
        AND user_id BETWEEN :first AND :last AND t BETWEEN :since AND :last_t
    UNION ALL
    SELECT user_id, t, n, code, shadow, edition, evidence FROM alert
    WHERE code > 0 AND edition > 0 AND NOT shadow AND edition = ANY (CAST(:live AS integer[]))
        AND user_id BETWEEN :first AND :last AND t BETWEEN :since AND :last_t
"""
# First answers count on both sides: `alert_codes` has those of the live edition, also for a corrected event, and one
# that was reversed is where corrections are kept. What the live edition found late is in neither. The event is looked
# up by its key, alert by alert: when it was received is in no index, and most events raise nothing.
COMPARED = f"""
    ({RAISED}) AS alert CROSS JOIN LATERAL (
        SELECT edition, alert_codes, received_at FROM activity_event AS event
        WHERE event.user_id = alert.user_id AND event.t = alert.t AND event.n = alert.n
        UNION ALL
        SELECT edition, alert_codes, received_at FROM superseded_event AS event
        WHERE event.user_id = alert.user_id AND event.t = alert.t AND event.n = alert.n AND new_type IS NULL
    ) AS event
    WHERE (shadow OR alert.edition = event.edition AND code = ANY (alert_codes)) AND EXISTS (
        SELECT FROM unnest(
            CAST(:begins AS timestamptz[]), CAST(:ends AS timestamptz[]), CAST(:beside AS integer[])
        ) AS stretch (begins, ends, live)
        WHERE received_at >= begins AND received_at < coalesce(ends, now()) AND event.edition = live
    )
"""  # noqa: S608  # ours
FOUND = f"""
    SELECT user_id, t, n, code, max(evidence->>'event_id'),
        max(evidence->>'sentence') FILTER (WHERE NOT shadow), max(evidence->>'sentence') FILTER (WHERE shadow)
    FROM {COMPARED}
    GROUP BY user_id, t, n, code ORDER BY user_id, t, n, code
"""  # noqa: S608  # as above
FEW = text(f"{FOUND} LIMIT {MAX_COMPARED + 1}")


def _for_the_driver(sql: str) -> str:
    """Return the text with its parameters in the driver's form."""
    return str(text(sql).compile(dialect=psycopg2.dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy's gap


ALL = _for_the_driver(FOUND)
DAYS = _for_the_driver(f"SELECT DISTINCT t / {DAY} FROM {COMPARED}")  # noqa: S608  # as above
ALERTS_OF_PLAYERS = _for_the_driver(
    f"SELECT user_id, count(*) FROM ({RAISED}) AS alert GROUP BY user_id ORDER BY user_id"  # noqa: S608  # as above
)


def find_few(current: Transaction, subject: Subject) -> Sequence[Compared]:
    """Return what is to be compared, by player, t, n and code: at most one more than a request may compare.

    Raises `StatementTimeout` if finding it takes longer than a second.
    """
    current.write(QUICKLY)
    values = parameters(subject, *ALL_PLAYERS)
    return list(map(Compared._make, current.execute(FEW.bindparams(**values))))


class ComparisonQueries:
    """The queries of one reader; each yields its rows in batches."""

    def __init__(self, reader: Reader, subject: Subject) -> None:
        self._reader, self._subject = reader, subject

    def alerts_of_players(self, players: PlayerRange) -> Iterator[Sequence[tuple[int, int]]]:
        """Yield how many alerts each player has of these editions, compared or not, by player."""
        return self._reader.rows(ALERTS_OF_PLAYERS, parameters(self._subject, players))

    def days(self, players: PlayerRange) -> Iterator[Sequence[tuple[int]]]:
        """Yield the days of `t` on which there is anything to compare."""
        return self._reader.rows(DAYS, parameters(self._subject, players))

    def found(self, players: PlayerRange) -> Iterator[Sequence[Compared]]:
        """Yield what is to be compared, by player, t, n and code."""
        batches = self._reader.rows(ALL, parameters(self._subject, players))
        return (list(map(Compared._make, rows)) for rows in batches)


def parameters(subject: Subject, players: PlayerRange) -> Mapping[str, Any]:
    """Return the values of the parameters of all queries."""
    scope = subject.scope
    beside = [(stretch, live) for stretch in subject.stretches for live in stretch.live]
    return {
        "edition": subject.shadow.number,
        "live": subject.live_numbers,
        "first": players.first,
        "last": players.last,
        "since": scope.since,
        "last_t": BIGINT_MAX if scope.until is None else scope.until - 1,
        "begins": [stretch.began_at + FOLLOWED for stretch, _ in beside],
        "ends": [stretch.ended_at for stretch, _ in beside],
        "beside": [live for _, live in beside],
    }
