"""The database, read past the service: what it stores, and ways to make it hard to reach."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg2

SERVICE = "activity-alerts"  # how the service names its connections
STORED = "SELECT user_id, t, type::text, amount, alert_codes FROM activity_event"
TERMINATE = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s"
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = %s ORDER BY pid"
LOCK = "LOCK TABLE user_clock IN EXCLUSIVE MODE"  # every event claims a row of it
LOCK_OF_SYSTEM = "SELECT FROM user_clock WHERE user_id = 0 FOR UPDATE"  # and in the system's order this one first


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A stored event with its decision."""

    user_id: int
    t: int
    type: str
    amount: Decimal
    codes: list[int]


def connect(url: str) -> Any:  # noqa: ANN401 - psycopg2's
    connection = psycopg2.connect(url, connect_timeout=5)
    connection.autocommit = True
    return connection


def ask(url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def stored(url: str) -> list[Row]:
    """Read all stored events."""
    return [Row(user_id=u, t=t, type=kind, amount=a, codes=codes) for u, t, kind, a, codes in ask(url, STORED)]


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
