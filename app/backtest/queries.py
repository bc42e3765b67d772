"""The queries of backtests and verifications, whose rows are read one batch after the other."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from app.backtest.domain import DAY, PlayerRange, Scope
from app.events.rows import EVENT, event_of, events_of
from app.rules.event import ActivityEvent
from app.rules.history import HistoryNeeds
from app.rules.limits import BIGINT_MAX
from app.seals.domain import EventFacts
from app.seals.entries import ALERT, ALL_ENTRIES, MICROSECONDS, Entry
from app.seals.queries import FACTS
from lib.snapshots import Reader, Row

# Of the key alone.
EVENTS_OF_PLAYERS = """
    SELECT user_id, count(*) FROM activity_event
    WHERE user_id BETWEEN %(first)s AND %(last)s AND t >= %(since)s AND t <= %(last_t)s
    GROUP BY user_id ORDER BY user_id
"""
DAYS = """
    SELECT DISTINCT t / %(day)s FROM activity_event
    WHERE user_id BETWEEN %(first)s AND %(last)s AND t >= %(since)s AND t <= %(last_t)s
"""
EVENTS = f"""
    SELECT user_id, t, {EVENT} FROM activity_event
    WHERE user_id BETWEEN %(first)s AND %(last)s AND t >= %(opens)s AND t <= %(last_t)s
"""  # noqa: S608  # ours
# The last events of a type before those above, of the players with events since; as live, a range of one
# value and an order that names the type, which only the index by type serves.
LAST_OF_TYPE = """
    SELECT past.* FROM (
        SELECT DISTINCT user_id FROM activity_event
        WHERE user_id BETWEEN %(first)s AND %(last)s AND t >= %(since)s AND t <= %(last_t)s
    ) AS judged CROSS JOIN LATERAL (
        SELECT user_id, t, {event} FROM activity_event
        WHERE user_id = judged.user_id AND type BETWEEN '{kind}' AND '{kind}' AND t < %(opens)s
        ORDER BY type DESC, t DESC, n DESC LIMIT {count}
    ) AS past
"""
DECISIONS = f"""
    SELECT {FACTS}, received_at < (
        SELECT created_at FROM rule_book ORDER BY edition LIMIT 1
    ) FROM activity_event WHERE user_id BETWEEN %(first)s AND %(last)s ORDER BY user_id, t, n
"""  # noqa: S608  # as above
# As text, whatever is in it: evidence that somebody changed must not end the reading.
ALERTS = f"""
    SELECT user_id, t, n, code, shadow, edition, evidence->>'value', evidence->>'limit', evidence->>'count',
        evidence->>'moments', evidence->>'events', evidence->>'event_id', evidence->>'sentence', evidence->>'wording',
        fresh, {ALERT}
    FROM alert WHERE user_id BETWEEN %(first)s AND %(last)s ORDER BY user_id, t, n, code
"""  # noqa: S608  # as above
CLOCKS = """
    SELECT user_id, last_t, events, sealed, late_events, corrections FROM user_clock
    WHERE user_id BETWEEN %(first)s AND %(last)s ORDER BY user_id
"""
RUNNING_TOTALS = """
    SELECT user_id, type::text, t, since, changes, events, amount FROM running_total
    WHERE user_id BETWEEN %(first)s AND %(last)s ORDER BY user_id, type, series, t
"""
SEALED_PARTS = """
    SELECT user_id, seq, t, events, digest, seal FROM sealed_player
    WHERE user_id BETWEEN %(first)s AND %(last)s ORDER BY user_id, seq
"""
SEALS = "SELECT no, (extract(epoch FROM at) * 1000000)::bigint, all_counted, digest FROM seal ORDER BY no"
PARTS_OF_SEALS = "SELECT user_id, seq, t, events, digest, seal FROM sealed_player ORDER BY seal, user_id, seq"
ANY_COUNTED = "SELECT EXISTS (SELECT FROM seal WHERE all_counted)"

# The groups of each player from each change on.
VERSIONS = """
    SELECT user_id, version, array_to_string(new_groups, ' ') FROM player_change
    WHERE user_id BETWEEN %(first)s AND %(last)s ORDER BY user_id, version
"""
# The groups that an event was judged with if it kept their version, else those in force when it was received.
GROUPS_SEEN = """
    SELECT event.user_id, t, n, groups_version IS NOT NULL, array_to_string(new_groups, ' ')
    FROM activity_event AS event LEFT JOIN player_change AS change ON change.user_id = event.user_id
        AND change.version = coalesce(groups_version, (
            SELECT version FROM player_change WHERE user_id = event.user_id AND changed_at <= received_at
            ORDER BY user_id DESC, version DESC LIMIT 1
        ))
    WHERE event.user_id BETWEEN %(first)s AND %(last)s AND t >= %(since)s AND t <= %(last_t)s
    ORDER BY event.user_id, t, n
"""
# What became known later about the events of a player; each code that it found as a line in the form of an alert.
REVISIONS = """
    SELECT user_id, t, n, no, codes_before, codes_after, edition, found, cause,
        ARRAY(SELECT concat_ws(' ', key, false, edition, value) FROM jsonb_each(found))
    FROM revision WHERE user_id BETWEEN %(first)s AND %(last)s ORDER BY user_id, t, n, no
"""
SUPERSEDED = f"""
    SELECT user_id, seq, t, n, no, type, amount, alert_codes, edition, {MICROSECONDS.format("received_at")}, event_seq,
        event_id, taken_after, groups_version, new_type, new_amount, clock_t,
        received_at < (SELECT created_at FROM rule_book ORDER BY edition LIMIT 1)
    FROM superseded_event WHERE user_id BETWEEN %(first)s AND %(last)s ORDER BY user_id, seq
"""  # noqa: S608  # as above

AlertRow = tuple[int, int, int, int, bool, int, *tuple[str | bool | None, ...]]
SealRow = tuple[int, int, bool, memoryview]
PartRow = tuple[int, int, int, int, memoryview, int]


class StoredEvent(NamedTuple):
    """An event as it was judged, its facts as they are sealed, and whether that was before alerts were stored."""

    event: ActivityEvent
    facts: EventFacts
    before_alerts: bool


class BacktestQueries:
    """The queries of one reader; each yields its rows in batches. Those about players are ordered by player."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def events_of_players(self, scope: Scope, players: PlayerRange) -> Iterator[Sequence[tuple[int, int]]]:
        """Yield how many events each player has in the scope."""
        return self._reader.rows(EVENTS_OF_PLAYERS, _within(players, scope))

    def days(self, scope: Scope, players: PlayerRange) -> Iterator[Sequence[tuple[int]]]:
        """Yield the days of `t` on which any of the players has events in the scope."""
        return self._reader.rows(DAYS, {**_within(players, scope), "day": DAY})

    def events(self, scope: Scope, players: PlayerRange, needs: HistoryNeeds) -> Iterator[Sequence[ActivityEvent]]:
        """Yield the events in the scope and those before it that rules may need, by player, t and n.

        The events before the scope have gaps, but none where a rule can look.
        """
        opens = max(scope.since - needs.longest, 0)
        batches = self._reader.rows(_events_sql(needs, opens), {**_within(players, scope), "opens": opens})
        return map(events_of, batches)

    def decisions(self, players: PlayerRange) -> Iterator[Sequence[StoredEvent]]:
        """Yield all events with their decisions, by player, t and n."""
        batches = self._reader.rows(DECISIONS, {"first": players.first, "last": players.last})
        return map(_stored_events, batches)

    def alerts(self, players: PlayerRange) -> Iterator[Sequence[AlertRow]]:
        """Yield the stored alerts, by player, t, n and code."""
        return self._reader.rows(ALERTS, {"first": players.first, "last": players.last})

    def revisions(self, players: PlayerRange) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Yield the revisions, by player, t, n and number."""
        return self._reader.rows(REVISIONS, {"first": players.first, "last": players.last})

    def superseded(self, players: PlayerRange) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Yield the corrections with what stood before, by player and number."""
        return self._reader.rows(SUPERSEDED, {"first": players.first, "last": players.last})

    def entries(self, user_id: int) -> Iterator[Sequence[Entry]]:
        """Yield all that was received about a player, as it is sealed."""
        batches = self._reader.rows(ALL_ENTRIES, {"user_id": user_id})
        return ([Entry._make(row) for row in rows] for rows in batches)

    def versions(self, players: PlayerRange) -> Iterator[Sequence[tuple[int, int, str]]]:
        """Yield the groups from each change of a player on, by player and version."""
        return self._reader.rows(VERSIONS, {"first": players.first, "last": players.last})

    def groups_seen(self, scope: Scope, players: PlayerRange) -> Iterator[Sequence[tuple[int, int, int, bool, str]]]:
        """Yield the groups of each event in the scope, and whether it kept their version, by player, t and n."""
        return self._reader.rows(GROUPS_SEEN, _within(players, scope))

    def clocks(self, players: PlayerRange) -> Iterator[Sequence[tuple[int, ...]]]:
        """Yield the clocks."""
        return self._reader.rows(CLOCKS, {"first": players.first, "last": players.last})

    def running_totals(self, players: PlayerRange) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Yield the running totals, by player, type, series and t."""
        return self._reader.rows(RUNNING_TOTALS, {"first": players.first, "last": players.last})

    def sealed_parts(self, players: PlayerRange) -> Iterator[Sequence[PartRow]]:
        """Yield the parts of seals that cover these players, by player and number."""
        return self._reader.rows(SEALED_PARTS, {"first": players.first, "last": players.last})

    def seals(self) -> Iterator[Sequence[SealRow]]:
        """Yield the seals, by number."""
        return self._reader.rows(SEALS, {})

    def parts_of_seals(self) -> Iterator[Sequence[PartRow]]:
        """Yield the parts of all seals, by seal and player, in the order in which they were sealed."""
        return self._reader.rows(PARTS_OF_SEALS, {})

    def all_counted(self) -> bool:
        """Return whether any seal says that all events without a number are counted."""
        return any(counted for rows in self._reader.rows(ANY_COUNTED, {}) for (counted,) in rows)


def _stored_events(rows: Sequence[Row]) -> list[StoredEvent]:
    facts = [EventFacts._make(row[:-1]) for row in rows]
    events = events_of([(each.user_id, each.t, each.type, each.amount, each.n, each.event_id) for each in facts])
    return [StoredEvent(event, sealed, row[-1]) for event, sealed, row in zip(events, facts, rows, strict=True)]


def event_from(facts: EventFacts) -> ActivityEvent:
    """Return the event of which these are the facts."""
    return event_of(facts.user_id, facts.t, facts.type, facts.amount, facts.n, facts.event_id)


def _within(players: PlayerRange, scope: Scope) -> dict[str, object]:
    last_t = BIGINT_MAX if scope.until is None else scope.until - 1
    return {"first": players.first, "last": players.last, "since": scope.since, "last_t": last_t}


def _events_sql(needs: HistoryNeeds, opens: int) -> str:
    parts = [EVENTS]
    if opens > 0:
        # Whichever of the last events are meant, they are among the last of their own type.
        counts = needs.last_of.items()
        parts += [LAST_OF_TYPE.format(event=EVENT, kind=kind, count=count) for kind, count in counts if count]
    return " UNION ALL ".join(f"({part})" for part in parts) + " ORDER BY user_id, t, n"
