"""How pooled connections to PostgreSQL are opened, and how a dead one is noticed before it is used."""

import math
import select
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

# TCP keepalives notice within half a minute that the peer is gone without a sign (dropped packets, a power failure).
IDLE = 15  # seconds without traffic before the first keepalive probe
INTERVAL = 5  # seconds between two probes
COUNT = 3  # probes that may stay unanswered
UNACKNOWLEDGED = (IDLE + INTERVAL * COUNT) * 1000  # milliseconds that sent data may stay unacknowledged

# For our side, as libpq's parameters; and for the server's, which would otherwise hold a session's locks for hours.
OUR_KEEPALIVES = {
    "keepalives_idle": IDLE,
    "keepalives_interval": INTERVAL,
    "keepalives_count": COUNT,
    "tcp_user_timeout": UNACKNOWLEDGED,
}
THEIR_KEEPALIVES = {
    "tcp_keepalives_idle": str(IDLE),
    "tcp_keepalives_interval": str(INTERVAL),
    "tcp_keepalives_count": str(COUNT),
    "tcp_user_timeout": str(UNACKNOWLEDGED),
}


def connect_options(address: Mapping[str, Any], *, application_name: str, connect_timeout: float) -> dict[str, Any]:
    """Return libpq's parameters besides those of the address; the timeout in seconds.

    The address overrides the application's name and the keepalives, but not the timeout.
    """
    return {
        **{name: value for name, value in OUR_KEEPALIVES.items() if name not in address},
        "fallback_application_name": application_name,
        "connect_timeout": max(2, math.ceil(connect_timeout)),  # libpq accepts whole seconds, at least 2
    }


def session_settings(*, statement_timeout: float, lock_timeout: float, idle_timeout: float) -> dict[str, str]:
    """Return the settings of each session (lib.postgres_sessions); times in seconds, 0 for no limit.

    Durability, isolation and plans are set explicitly, because a server's defaults may differ. `idle_timeout` is how
    long a transaction may wait for its client's next statement: if the client's process was stopped, the transaction
    must not hold its locks for ever (A36).
    """
    return {
        "synchronous_commit": "on",
        "default_transaction_isolation": "read committed",
        "statement_timeout": f"{statement_timeout * 1000:.0f}ms",
        "lock_timeout": f"{lock_timeout * 1000:.0f}ms",
        "idle_in_transaction_session_timeout": f"{idle_timeout * 1000:.0f}ms",
        **THEIR_KEEPALIVES,
        "timezone": "UTC",
        # Planned once per connection: every statement here has one right plan, an index scan, whatever the values.
        "plan_cache_mode": "force_generic_plan",
        "max_parallel_workers_per_gather": "0",
    }


def discard_closed_connections(engine: Engine) -> None:
    """Make the pool check a connection before it lends it, so that a restart of the server fails no request."""

    @event.listens_for(engine, "checkout")
    def check(dbapi_connection: Any, *_: object) -> None:  # noqa: ANN401  # psycopg2's, as SQLAlchemy hands it over
        if has_hung_up(dbapi_connection):
            raise DisconnectionError("the server has hung up")


def has_hung_up(connection: Any) -> bool:  # noqa: ANN401  # psycopg2's
    """Return whether the server has closed an idle connection.

    The server sends nothing on an idle connection, so if the socket is readable, it was closed. This check costs a
    system call; `SELECT 1` would cost a round trip.
    """
    return bool(connection.closed) or _readable(connection.fileno())


def _readable(descriptor: int) -> bool:
    """Return whether a read would return at once. `select` would refuse descriptors of 1024 and above."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
