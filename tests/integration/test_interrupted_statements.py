"""Ctrl-C during a statement of SQLAlchemy's Core: the command is interrupted, and the database is not to blame."""

import os
import signal
from threading import Timer

import pytest
from sqlalchemy import func, select

from lib.statements import Statement
from lib.transactions import Transaction
from tests.integration.conftest import AppWith
from tests.integration.wiring import wiring

ONE = Statement("one", (), "SELECT 1")


def test_an_interrupted_statement_is_no_outage(app_with: AppWith) -> None:
    """Before, it was reported as a lost connection."""
    database = wiring(app_with()).database
    with pytest.raises(KeyboardInterrupt), database.transaction() as current:
        sleep_interrupted(current)
    assert not database.silent
    with database.transaction() as current:
        assert current.fetch(ONE) == [(1,)]


def sleep_interrupted(current: Transaction) -> None:
    interrupt = Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    current.execute(select(func.pg_sleep(1)))
    interrupt.join()
    pytest.fail("it was not interrupted")
