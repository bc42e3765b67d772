"""Each thread keeps its connection for events; a connection that was lost meanwhile costs no event."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from prometheus_client import REGISTRY

from lib import kept_sessions
from lib.database import Database
from lib.database_errors import Unavailable
from lib.metrics.database import CONNECTION_LOST
from lib.statements import Statement
from lib.transactions import Transaction
from tests.integration.clients import send
from tests.integration.conftest import AppWith, Sql
from tests.integration.wiring import wiring

MAX_WAIT = 30  # seconds
THREADS = 4
PID = Statement("own_pid", (), "SELECT pg_backend_pid()")
ADD = Statement("add_nobody", (), "INSERT INTO user_clock (user_id, last_t) VALUES (7777, 1)")
TERMINATE = "SELECT pg_terminate_backend(%s, 5000)"
TERMINATE_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)

Work = Callable[[Transaction], int]


@pytest.fixture
def database_of_app(app_with: AppWith) -> Database:
    found: Database = wiring(app_with(web_threads=THREADS)).database
    return found


def pid(current: Transaction) -> int:
    [(number,)] = current.fetch(PID)
    current.commit()
    return int(number)


def test_a_thread_keeps_its_connection_for_itself(database_of_app: Database) -> None:
    kept = database_of_app.run(pid)
    with database_of_app.transaction() as current:
        assert pid(current) != kept
    assert database_of_app.run(pid) == kept


def failures() -> dict[str, float | None]:
    reasons = CONNECTION_LOST, "shutdown"
    return {reason: REGISTRY.get_sample_value("database_errors_total", {"reason": reason}) for reason in reasons}


@pytest.mark.parametrize("rested", [0.0, 1000.0], ids=["looked at", "trusted"])
def test_connections_lost_while_idle_cost_no_request(
    app_with: AppWith, sql: Sql, rested: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restart of the server, with all of them just used."""
    monkeypatch.setattr(kept_sessions, "CHECK_AFTER", rested)
    app, together, failed = app_with(web_threads=THREADS), Barrier(THREADS), failures()
    database: Database = wiring(app).database

    def use(_: int) -> int:
        return database.run(lambda current: (together.wait(MAX_WAIT), pid(current))[1])

    with ThreadPoolExecutor(THREADS) as threads:
        used = set(threads.map(use, range(THREADS)))
        assert len(used) == THREADS
        sql(TERMINATE_OTHERS)
        assert not used & set(threads.map(use, range(THREADS)))
    assert send(app.test_client(), "deposit", "1", 1).status_code == 200
    assert failures() == failed


def lost_after_an_answer(current: Transaction) -> int:
    current.fetch(PID)
    return 0


def lost_at_the_commit(current: Transaction) -> int:
    current.write(ADD)
    return 0


@pytest.mark.parametrize("begin", [lost_after_an_answer, lost_at_the_commit])
def test_work_that_may_have_been_committed_is_not_retried(database_of_app: Database, sql: Sql, begin: Work) -> None:
    done = []
    kept = database_of_app.run(pid)

    def work(current: Transaction) -> None:
        done.append(begin(current))
        sql(TERMINATE, kept)
        current.commit()

    with pytest.raises(Unavailable):
        database_of_app.run(work)
    assert len(done) == 1


def test_threads_return_their_connection_when_done(database_of_app: Database, sql: Sql) -> None:
    assert database_of_app.run(pid) == database_of_app.run(pid)
    database_of_app.close()
    with database_of_app.transaction() as first, database_of_app.transaction() as second:
        assert len({pid(first), pid(second)}) == 2
    assert sql("SELECT count(*) FROM user_clock WHERE user_id = 7777") == [(0,)]
