"""Two instances behind the shipped nginx, one ended after the other under load: no client sees anything of it."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.integration.conftest import Sql
from tests.integration.deploy.conftest import Instances
from tests.integration.deploy.half_sent import event
from tests.integration.deploy.nginx import Nginx
from tests.integration.servers import MAX_WAIT

CLIENTS = 4


@contextmanager
def load(nginx: Nginx) -> Iterator[Callable[[], Sequence[int]]]:
    """Let clients send events, each for its own player, one after the other; yield a way to read the statuses."""
    statuses: list[int] = []
    over = threading.Event()

    def send(user_id: int) -> None:
        with nginx.client() as client:
            t = 0
            while not over.is_set():
                t += 1
                statuses.append(client.post("/event", json=event(user_id, t)).status_code)
                over.wait(0.01)  # so that an instance that starts has a processor

    clients = [threading.Thread(target=send, args=(user_id,)) for user_id in range(1, CLIENTS + 1)]
    for client in clients:
        client.start()
    try:
        yield lambda: tuple(statuses)
    finally:
        over.set()
        for client in clients:
            client.join(MAX_WAIT)


def await_more(statuses: Callable[[], Sequence[int]], more: int) -> None:
    """Return when so many more were answered."""
    enough, deadline = len(statuses()) + more, time.monotonic() + MAX_WAIT
    while len(statuses()) < enough:
        assert time.monotonic() < deadline, "nobody is answered any more"
        time.sleep(0.02)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["restarted", "killed"])
def test_a_rolling_restart_fails_no_request(nginx: Nginx, instances: Instances, sql: Sql, end: signal.Signals) -> None:
    running = [instances.start(port) for port in instances.ports]
    with load(nginx) as statuses:
        for process, port in zip(running, instances.ports, strict=True):
            await_more(statuses, 200)
            process.send_signal(end)
            process.communicate(timeout=MAX_WAIT)
            await_more(statuses, 200)
            instances.start(port)
        await_more(statuses, 200)
    assert set(statuses()) == {200}
    assert sql("SELECT count(*) FROM activity_event") == [(len(statuses()),)]
