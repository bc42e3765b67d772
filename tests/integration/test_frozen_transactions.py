"""The server ends sessions whose peer is silent, so that their locks block nobody (A36)."""

import time
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.datastores import db
from app.events.domain import EventOrder
from app.events.queries import EventQueries
from app.events.system_clock import SystemClock
from app.sessions import IDLE_BEYOND
from lib.database import Database
from lib.database_errors import Unavailable
from lib.postgres_pool import COUNT, IDLE, INTERVAL, UNACKNOWLEDGED
from lib.statements import Statement
from tests.integration.clients import problem, send
from tests.integration.conftest import AppWith
from tests.integration.wiring import wiring

MAX_WAIT = 60  # seconds
ONE = Statement("one", (), "SELECT 1")
KEEPALIVES = Statement(
    "keepalives",
    (),
    """
    SELECT current_setting('tcp_keepalives_idle'), current_setting('tcp_keepalives_interval'),
        current_setting('tcp_keepalives_count'), current_setting('tcp_user_timeout'),
        current_setting('idle_in_transaction_session_timeout')
    """,
)


def test_a_frozen_transaction_holding_the_system_clock_is_ended(app_with: AppWith) -> None:
    """As in a stopped worker: nothing aborts the connection when the deadline has passed."""
    frozen = wiring(app_with(event_order=EventOrder.SYSTEM, db_deadline=0.2)).database
    client = app_with(event_order=EventOrder.SYSTEM, db_lock_timeout=0.5).test_client()
    SystemClock(frozen).start()
    with pytest.raises(Unavailable):  # it resumes in the end: having been stopped is no defect
        freeze(frozen, until=lambda: taken(client))


def freeze(database: Database, *, until: Callable[[], None]) -> None:
    with database.transaction(deadline=MAX_WAIT) as current:
        assert EventQueries(current).claim_system_moment(1)
        until()
        current.fetch(ONE)


def taken(client: FlaskClient) -> None:
    """Send an event until it is taken."""
    deadline = time.monotonic() + MAX_WAIT / 2
    while (answer := send(client, "deposit", "1", 2)).status_code != 200:
        assert problem(answer) == (503, "unavailable")
        assert time.monotonic() < deadline, "nobody ends the session that holds the lock"


def test_a_transaction_that_continues_in_time_is_not_ended(app_with: AppWith) -> None:
    database = wiring(app_with(db_deadline=0.5)).database
    with database.transaction(deadline=MAX_WAIT) as current:
        current.fetch(ONE)
        time.sleep(0.5 + IDLE_BEYOND / 4)
        assert current.fetch(ONE) == [(1,)]


def test_both_sides_send_tcp_keepalives(app_with: AppWith) -> None:
    app = app_with(db_deadline=3)
    with app.app_context(), db.engine.connect() as connection:
        ours = parameters(connection.connection.dbapi_connection)
    assert (ours["keepalives_idle"], ours["tcp_user_timeout"]) == (str(IDLE), str(UNACKNOWLEDGED))
    database: Database = wiring(app).database
    with database.transaction() as current:
        [theirs] = current.fetch(KEEPALIVES)
    assert theirs == (str(IDLE), str(INTERVAL), str(COUNT), str(UNACKNOWLEDGED), "4s")


def test_options_in_the_database_url_take_precedence(app_with: AppWith, database: str) -> None:
    app = app_with(database_url=f"{database}?keepalives_idle=77&tcp_user_timeout=12345")
    with app.app_context(), db.engine.connect() as connection:
        ours = parameters(connection.connection.dbapi_connection)
    assert (ours["keepalives_idle"], ours["tcp_user_timeout"]) == ("77", "12345")
    assert ours["keepalives_count"] == str(COUNT)


def parameters(connection: object) -> dict[str, str]:
    shown: dict[str, str] = connection.info.dsn_parameters  # type: ignore[attr-defined]  # psycopg2's
    return shown
