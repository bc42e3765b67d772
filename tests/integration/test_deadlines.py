"""The deadline watch survives whatever happens to the connections that it watches."""

import threading
import time
from contextlib import closing

import psycopg2
import pytest

from lib.deadlines import Watch, hang_up

LONGEST = 10  # seconds


@pytest.mark.parametrize("closed_here", [False, True], ids=["the server has gone", "closed by its owner"])
def test_hanging_up_on_a_connection_that_has_gone_is_no_fault(server: str, closed_here: bool) -> None:  # noqa: FBT001
    with closing(psycopg2.connect(server)) as connection:
        hang_up(connection)
        time.sleep(0.2)  # until the server has closed its side as well
        if closed_here:
            connection.close()
        hang_up(connection)


def test_one_that_cannot_be_told_does_not_end_the_watch(server: str) -> None:
    watch, shown = Watch(), threading.Event()

    def fail() -> None:
        raise RuntimeError("can't start new thread")

    with closing(psycopg2.connect(server)) as first, closing(psycopg2.connect(server)) as second:
        watch.begin(first, time.monotonic(), fail)
        with pytest.raises(psycopg2.OperationalError), first.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(%s)", [LONGEST])
        watch.begin(second, time.monotonic(), shown.set)
        assert shown.wait(LONGEST)
        watch.end(second)
