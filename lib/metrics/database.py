"""Metrics of a service's database: failures by reason, the use of the pool, and whether it counts as silent."""

from collections.abc import Sized
from functools import cache
from typing import TYPE_CHECKING, cast
from weakref import ref

import psycopg2

from lib.metrics.kinds import Counter, Gauge

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.pool import QueuePool

ERRORS = Counter("database_errors", "Failures of the database, by reason.", ["reason"])
IN_USE = Gauge(
    "database_pool_connections_in_use",
    "Connections in use, sampled ten times a second.",
    multiprocess_mode="livesum",
)
SIZE = Gauge("database_pool_connections_max", "Connections that the pools may lend.", multiprocess_mode="livesum")
SPARE = Gauge(
    "database_pool_connections_spare",
    "Connections reserved for other requests and for the service's own queries; no event uses them.",
    multiprocess_mode="livesum",
)
SILENT = Gauge(
    "database_silent_workers",
    "Worker processes that count the database as silent and refuse requests at once.",
    multiprocess_mode="livesum",
)

SILENCE = "silent"
DEADLINE = "deadline"
POOL_TIMEOUT = "pool-timeout"
CANNOT_CONNECT = "cannot-connect"
CONNECTION_LOST = "connection-lost"
DRIVER = "driver"
OTHER = "other"
OF_SQLSTATE = {
    "57014": "statement-timeout",
    "55P03": "lock-timeout",
    "40P01": "deadlock",
    "40001": "serialization",
    "25006": "read-only",
    "25P03": "idle-in-transaction",
    "53100": "disk-full",
}
OF_SQLSTATE_CLASS = {
    "08": CONNECTION_LOST,
    "22": "data-exception",
    "23": "constraint-violation",
    "42": "syntax-or-access",
    "53": "resources",
    "57": "shutdown",
    "58": "system",
}
REASONS = (
    *(SILENCE, DEADLINE, POOL_TIMEOUT, CANNOT_CONNECT, CONNECTION_LOST, DRIVER, OTHER),
    *OF_SQLSTATE.values(),
    *OF_SQLSTATE_CLASS.values(),
)

_engines: "tuple[tuple[ref[Engine], int, Sized], ...]" = ()  # each with its spare and its idle connections

error_count = cache(ERRORS.labels)
for _reason in REASONS:
    error_count(_reason)  # starts at zero: Prometheus sees a first failure as a rise only if it saw the zero


def reason_of(error: psycopg2.Error) -> str:
    """Return one of `REASONS` for why a statement failed, by its SQLSTATE."""
    sqlstate = error.pgcode
    if sqlstate is None:
        lost = isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
        return CONNECTION_LOST if lost else DRIVER
    return OF_SQLSTATE.get(sqlstate) or OF_SQLSTATE_CLASS.get(sqlstate[:2], OTHER)


def watch_pool(engine: "Engine", spare: int, idle: Sized) -> None:
    """Include the pool of an engine while the engine exists; `spare` of its connections serve no event.

    The `idle` connections are borrowed from the pool, but not in use.
    """
    global _engines  # noqa: PLW0603  # a new tuple: another thread may be iterating over the old one
    _engines = (*(each for each in _engines if each[0]()), (ref(engine), spare, idle))
    measure_pools()


def measure_pools() -> None:
    """Set the gauges. This runs ten times a second: done at every checkout, it would cost each event."""
    pools = [(cast("QueuePool", engine.pool), spare, idle) for known, spare, idle in _engines if (engine := known())]
    IN_USE.set(sum(pool.checkedout() - len(idle) for pool, _, idle in pools))
    SIZE.set(sum(pool.size() for pool, _, _ in pools))
    SPARE.set(sum(spare for _, spare, _ in pools))
