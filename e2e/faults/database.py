"""The database, read past the service: what it stores, and ways to make it hard to reach."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class

SERVICE = "activity-alerts"  # how the service names its connections
STORED = "SELECT user_id, t, coalesce(event_id, ''), type::text, amount, alert_codes FROM activity_event"
# What events raise by what is known by now.
BELIEVED = """
    SELECT user_id, t, coalesce(event_id, ''), coalesce((
        SELECT codes_after FROM revision WHERE user_id = event.user_id AND t = event.t AND n = event.n
        ORDER BY no DESC LIMIT 1
    ), alert_codes) FROM activity_event AS event WHERE user_id = ANY (%s)
"""
# Events whose alerts are not those of their codes, answered or found late, and players whose clock does not count what
# they have.
HALF_STORED = """
    WITH met AS (
        SELECT user_id, t, n, unnest(alert_codes) AS code FROM activity_event
        UNION SELECT user_id, t, n, jsonb_object_keys(found)::integer FROM revision
    ), raised AS (SELECT user_id, t, n, code FROM alert WHERE NOT shadow)
    SELECT user_id, t, coalesce(event_id, '') FROM (
        (TABLE met EXCEPT TABLE raised) UNION ALL (TABLE raised EXCEPT TABLE met)
    ) AS different LEFT JOIN activity_event USING (user_id, t, n)
    UNION ALL
    SELECT user_id, coalesce(last_t, t), '' FROM (
        SELECT user_id, max(t) AS t, count(*) AS stored FROM activity_event GROUP BY user_id
    ) AS player FULL JOIN user_clock USING (user_id)
    WHERE user_id > 0 AND (t, stored) IS DISTINCT FROM (last_t, events)
"""
# Codes that the feed must have and lacks, or has and must not have or has twice; players of an import are left out. The
# numbers must have no gap.
UNFED = """
    WITH due AS (
        SELECT user_id, t, n, 'raised' AS kind, 0 AS no, unnest(alert_codes) AS code FROM activity_event
        UNION ALL
        SELECT user_id, t, n, 'found-late', no, code FROM revision, unnest(codes_after) AS code
        WHERE code <> ALL (codes_before)
        UNION ALL
        SELECT user_id, t, n, 'retracted', no, code FROM revision, unnest(codes_before) AS code
        WHERE code <> ALL (codes_after)
    ), fed AS (SELECT user_id, t, n, kind::text, no, code FROM alert_feed)
    SELECT user_id, t, kind FROM (
        (TABLE due EXCEPT ALL TABLE fed) UNION ALL (TABLE fed EXCEPT ALL TABLE due)
    ) AS differs WHERE user_id <> ALL (%s)
    UNION ALL
    SELECT 0, max(number) - count(*), 'gap' FROM alert_feed HAVING max(number) <> count(*)
"""
NOTES = "SELECT count(*) FROM outbox"
TERMINATE = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s"
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = %s ORDER BY pid"
LOCK = "LOCK TABLE user_clock IN EXCLUSIVE MODE"  # every event claims a row of it
LOCK_OF_SYSTEM = "SELECT FROM user_clock WHERE user_id = 0 FOR UPDATE"  # and in the system's order this one first


Key = tuple[int, int, str]  # user_id, t, and the event's id or ""
Row = tuple[str, Decimal, object]  # type, amount and codes


def connect(url: str) -> Connection:
    connection = psycopg2.connect(url, connect_timeout=5)
    connection.autocommit = True
    return connection


def ask(url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def stored(url: str) -> list[tuple[Key, Row]]:
    """Read all stored events with their decisions."""
    return [(row[:3], row[3:]) for row in ask(url, STORED)]


def half_stored(url: str) -> set[Key]:
    """Find events that are stored without an alert of theirs, or not counted for their player."""
    return set(ask(url, HALF_STORED))


def believed(url: str, players: Iterable[int]) -> dict[Key, object]:
    """Read the codes that the events of some players raise by what is known by now."""
    return {row[:3]: row[3] for row in ask(url, BELIEVED, list(players))}


def unfed(url: str, imported: Iterable[int], *, seconds: float) -> set[Key]:
    """Find alerts that are not in the feed, or not once, when the outbox is empty, for which it waits so long."""
    limit = time.monotonic() + seconds
    while ask(url, NOTES) != [(0,)] and time.monotonic() < limit:
        time.sleep(0.1)
    return set(ask(url, UNFED, list(imported)))


def backends_of_the_service(url: str) -> list[int]:
    return [pid for (pid,) in ask(url, BACKENDS, SERVICE)]


@contextlib.contextmanager
def events_held_up(url: str, lock: str = LOCK) -> Iterator[None]:
    """Let every event wait in the midst of its transaction until the end."""
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(lock)
        yield
        connection.rollback()


def take_all_connections(url: str, *, seconds: float) -> int:
    """Hold every connection that the server has, for a while ending the service's own; return how many we got."""
    taken = [connect(url)]
    try:
        take_the_rest(taken, url)
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            with taken[0].cursor() as cursor:
                cursor.execute(TERMINATE, (SERVICE,))
            take_the_rest(taken, url)
        return len(taken)
    finally:
        for connection in taken:
            connection.close()


def take_the_rest(taken: list[Any], url: str) -> None:
    with contextlib.suppress(psycopg2.OperationalError):
        while True:
            taken.append(connect(url))
