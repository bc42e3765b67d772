"""Clients that stop in the middle of a body: what they do to the others, with the shipped nginx and without."""

import socket
import time

from lib.probe import fault
from tests.integration.conftest import Sql
from tests.integration.deploy.conftest import Instances
from tests.integration.deploy.half_sent import event, half_sent
from tests.integration.deploy.nginx import Nginx
from tests.integration.servers import MAX_WAIT, Serve, await_answer, post

CLIENTS = 50
PROMPTLY = 5.0  # seconds for all of the others; without nginx not one of them would be answered


def test_half_sent_bodies_behind_nginx_delay_no_other_request(nginx: Nginx, instances: Instances, sql: Sql) -> None:
    instances.start(instances.ports[0], WEB_THREADS="4")
    with half_sent(nginx.connect, CLIENTS) as holding, nginx.client() as other:
        began = time.monotonic()
        answers = [other.post("/event", json=event(1, t)).status_code for t in range(1, 21)]
        assert answers == [200] * 20
        assert time.monotonic() - began < PROMPTLY
        # Who goes on in time is served; who does not is hung up on, and leaves no trace.
        finishing, staying = holding[: CLIENTS // 2], holding[CLIENTS // 2 :]
        assert [client.finish() for client in finishing] == [200] * len(finishing)
        assert all(client.given_up() for client in staying)
        assert other.post("/event", json=event(1, 21)).status_code == 200
    assert sql("SELECT count(*) FROM activity_event WHERE user_id = 1") == [(21,)]
    assert sql("SELECT min(user_id), count(*) FROM activity_event WHERE user_id > 1") == [(1001, CLIENTS // 2)]


def test_half_sent_bodies_without_nginx_delay_no_other_request(serve: Serve, port: int) -> None:
    """A33. Before, twelve held every thread, and each event of others was a 503."""
    serve(WEB_THREADS="4")
    await_answer(port, 1)
    with half_sent(lambda: socket.create_connection(("127.0.0.1", port), MAX_WAIT), CLIENTS) as holding:
        assert [post(port, t) for t in range(2, 22)] == [200] * 20
        assert fault("127.0.0.1", port, "/health/live") == ""
        assert [client.finish() for client in holding] == [200] * CLIENTS
