"""The deadline watch survives whatever happens to the connections that it watches."""

import threading
import time
from contextlib import closing

import psycopg2
import pytest

from lib.deadlines import Watch, hang_up

MAX_WAIT = 10  # seconds


@pytest.mark.parametrize("closed_here", [False, True], ids=["the server has gone", "closed by its owner"])
def test_aborting_a_closed_connection_is_no_error(server: str, closed_here: bool) -> None:  # noqa: FBT001
    with closing(psycopg2.connect(server)) as connection:
        hang_up(connection)
        time.sleep(0.2)  # until the server has closed its side as well
        if closed_here:
            connection.close()
        hang_up(connection)


def test_a_failing_abort_does_not_stop_the_deadline_watch(server: str) -> None:
    watch, shown = Watch(), threading.Event()

    def fail() -> None:
        raise RuntimeError("can't start new thread")

    with closing(psycopg2.connect(server)) as first, closing(psycopg2.connect(server)) as second:
        watch.begin(first, time.monotonic(), fail)
        with pytest.raises(psycopg2.OperationalError), first.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(%s)", [MAX_WAIT])
        watch.begin(second, time.monotonic(), shown.set)
        assert shown.wait(MAX_WAIT)
        watch.end(second)
