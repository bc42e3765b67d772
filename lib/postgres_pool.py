"""How a pooled connection to PostgreSQL is opened, and how a dead one is noticed before it is used."""

import math
import select
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

# A peer that is gone without a word (a network that swallows, a machine without power) is noticed within half a minute.
IDLE = 15  # seconds without a word, after which it is asked whether it is there
INTERVAL = 5  # seconds between two such questions
COUNT = 3  # of them that may stay without an answer
UNACKNOWLEDGED = (IDLE + INTERVAL * COUNT) * 1000  # milliseconds that something sent may stay so

# Ours, as libpq's parameters; and the server's, which would hold a session and its locks for hours otherwise.
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
    """Return libpq's parameters beside those of the address; the time in seconds.

    What the address says of the name and of keepalives goes before these, what it says of the time does not.
    """
    return {
        **{name: value for name, value in OUR_KEEPALIVES.items() if name not in address},
        "fallback_application_name": application_name,
        "connect_timeout": max(2, math.ceil(connect_timeout)),  # libpq takes whole seconds and no fewer than 2
    }


def session_settings(*, statement_timeout: float, lock_timeout: float, idle_timeout: float) -> dict[str, str]:
    """Return what each session is set to (lib.postgres_sessions); times in seconds, 0 for no bound.

    Durability, isolation and plans are set here rather than hoped for: a server's defaults may differ. `idle_timeout`
    is how long a transaction may wait for its owner's next word: one whose process was stopped must not hold its
    locks for ever (A36).
    """
    return {
        "synchronous_commit": "on",
        "default_transaction_isolation": "read committed",
        "statement_timeout": f"{statement_timeout * 1000:.0f}ms",
        "lock_timeout": f"{lock_timeout * 1000:.0f}ms",
        "idle_in_transaction_session_timeout": f"{idle_timeout * 1000:.0f}ms",
        **THEIR_KEEPALIVES,
        "timezone": "UTC",
        # Prepared once, planned once: every statement here has one right plan, an index probe, whatever the values.
        "plan_cache_mode": "force_generic_plan",
        "max_parallel_workers_per_gather": "0",
    }


def discard_closed_connections(engine: Engine) -> None:
    """Have the pool look at a connection before it lends it, so that a restart of the server costs no request."""

    @event.listens_for(engine, "checkout")
    def look(dbapi_connection: Any, *_: object) -> None:  # noqa: ANN401  # psycopg2's, as SQLAlchemy hands it over
        if has_hung_up(dbapi_connection):
            raise DisconnectionError("the server has hung up")


def has_hung_up(connection: Any) -> bool:  # noqa: ANN401  # psycopg2's
    """Tell whether the server has closed a connection on which nothing is under way.

    It has nothing to say then: if the socket is readable, the server has hung up. Looking costs a system call where
    asking (`SELECT 1`) costs a round trip.
    """
    return bool(connection.closed) or _readable(connection.fileno())


def _readable(descriptor: int) -> bool:
    """Tell whether a read would return at once. Not `select`: it refuses descriptors of 1024 and above."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
