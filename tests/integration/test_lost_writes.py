"""The tests fail where a write was not committed."""

import pytest

from app.players.domain import NewPlayer
from app.players.queries import PlayerQueries
from lib.database import Database
from tests.integration.conftest import AppWith, Sql
from tests.integration.wiring import wiring

ADA = NewPlayer(name="Ada", email="ada@example.com")


def test_a_write_without_a_commit_fails_the_test(app_with: AppWith, sql: Sql) -> None:
    database = wiring(app_with()).database
    with pytest.raises(pytest.fail.Exception, match="wrote to registered_user"), database.transaction() as current:
        PlayerQueries(current).register(1, ADA)
    assert sql("SELECT count(*) FROM registered_user") == [(0,)]


def test_reads_locks_and_exceptions_pass(app_with: AppWith) -> None:
    database = wiring(app_with()).database
    with database.transaction() as current:
        PlayerQueries(current).lock()
        assert not PlayerQueries(current).is_registered(1)
    with pytest.raises(LookupError):
        insert_without_commit(database)


def insert_without_commit(database: Database) -> None:
    with database.transaction() as current:
        PlayerQueries(current).register(1, ADA)
        raise LookupError
