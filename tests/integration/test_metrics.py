"""The metrics of events, refusals and the database, and who may read them."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

import psycopg2
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as plain_families
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from app.config import SPARE_CONNECTIONS
from app.datastores import db
from lib.metrics import database as database_metrics
from tests.integration.clients import problem, send
from tests.integration.conftest import AppWith, Sql
from tests.integration.servers import MAX_WAIT
from tests.integration.wiring import wiring
from tests.settings import settings_with

Rise = Callable[..., float]
NOBODY = "postgresql://someone@127.0.0.1:{port}/x"


@pytest.fixture(autouse=True)
def own_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count no pool of an application that another test has left to the garbage collector."""
    monkeypatch.setattr(database_metrics, "_engines", ())
    database_metrics.measure_pools()


@pytest.fixture
def rise() -> Rise:
    """Tell by how much a number rose since the test began; those that were not there were zero."""
    before = {(each.name, *each.labels.items()): each.value for family in REGISTRY.collect() for each in family.samples}

    def since(name: str, **labels: str) -> float:
        return value(name, **labels) - before.get((name, *labels.items()), 0)

    return since


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.fixture
def unreachable(app_with: AppWith) -> Iterator[APIFlask]:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        yield app_with(database_url=NOBODY.format(port=nobody.getsockname()[1]))


def in_use_soon(number: int) -> bool:
    """Wait until so many connections are in use: the pools are looked at ten times a second."""
    deadline = time.monotonic() + MAX_WAIT
    while value("database_pool_connections_in_use") != number and time.monotonic() < deadline:
        time.sleep(0.01)
    return value("database_pool_connections_in_use") == number


@contextmanager
def inside(app: APIFlask) -> Iterator[None]:
    """Run a request that waits for a lock, which the caller holds and releases before the end."""
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(send, app.test_client(), "deposit", "1", 2)
        assert in_use_soon(1)
        yield
    assert waiting.result().status_code == 200


def test_events_count_by_type_once_they_are_stored(client: FlaskClient, rise: Rise) -> None:
    for t, kind in enumerate(("deposit", "deposit", "withdraw")):
        send(client, kind, "1", t)
    send(client, "deposit", "1", 1)  # known already
    send(client, "withdraw", "1", 1)  # this t is taken
    assert rise("activity_events_stored_total", type="deposit") == 2
    assert rise("activity_events_stored_total", type="withdraw") == 1
    assert rise("activity_event_replays_total") == 1


def test_codes_count_once_for_an_event_and_never_for_its_replay(client: FlaskClient, rise: Rise) -> None:
    for t in (1, 2, 3, 3):
        send(client, "withdraw", "150", t)
    assert rise("activity_alert_codes_raised_total", code="1100") == 3
    assert rise("activity_alert_codes_raised_total", code="30") == 1
    assert rise("activity_alert_codes_raised_total", code="300") == 0


def test_late_events_count_with_the_codes_that_they_change(app_with: AppWith, rise: Rise) -> None:
    client = app_with(late_events="keep").test_client()
    for t in (10, 30, 20, 20):  # the third is late, and then sent again
        send(client, "withdraw", "1", t)
    assert rise("activity_late_events_total") == 1
    assert rise("activity_codes_found_late_total", code="30") == 1
    assert rise("activity_codes_retracted_total", code="30") == 0
    send(client, "deposit", "1", 25)
    assert rise("activity_late_events_total") == 2
    assert rise("activity_codes_found_late_total", code="30") == 1
    assert rise("activity_codes_retracted_total", code="30") == 1
    assert rise("activity_alert_codes_raised_total", code="30") == 0, "no answer had it"


def test_corrections_count_by_kind_with_the_codes_that_they_change(client: FlaskClient, rise: Rise) -> None:
    for kind, t in (("withdraw", 10), ("deposit", 20), ("withdraw", 30), ("withdraw", 40)):
        send(client, kind, "150", t)
    for what in ("20/reversal", "10/amendment", "10/amendment", "30/amendment"):  # the third is the second again
        wish = {"reason": "it was wrong", **({"amount": "7"} if "amendment" in what else {})}
        assert client.post(f"/users/1/events/{what}", json=wish).status_code == 200
    assert rise("activity_corrections_total", kind="reversal") == 1
    assert rise("activity_corrections_total", kind="amendment") == 2
    assert rise("activity_codes_found_late_total", code="30") == 1
    assert rise("activity_codes_retracted_total", code="1100") == 2


def test_refusals_count_by_kind(client: FlaskClient, rise: Rise) -> None:
    send(client, "deposit", "1", 5)
    send(client, "deposit", "1", 4)
    send(client, "deposit", "2", 5)
    send(client, "bet", "1", 6)
    client.post("/event", data=b"[", content_type="application/json")
    client.get("/nowhere")
    for kind in ("out-of-order", "duplicate-event", "invalid-event", "malformed-json", "not-found"):
        assert rise("http_refusals_total", problem=kind) == 1, kind


def test_requests_count_by_method_route_and_status(client: FlaskClient, rise: Rise) -> None:
    send(client, "deposit", "1", 1)
    send(client, "deposit", "2", 1)
    client.get("/event")
    requests = {"method": "POST", "route": "/event"}
    assert rise("http_requests_total", **requests, status="200") == 1
    assert rise("http_requests_total", **requests, status="409") == 1
    assert rise("http_requests_total", method="GET", route="unmatched", status="405") == 1
    assert rise("http_request_duration_seconds_count", route="/event") == 2


def test_a_request_turned_away_counts_for_its_route(app_with: AppWith, database: str, rise: Rise) -> None:
    app = app_with(web_threads=1, db_deadline=MAX_WAIT, db_lock_timeout=MAX_WAIT, db_statement_timeout=MAX_WAIT)
    send(app.test_client(), "deposit", "1", 1)
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor, app.app_context():
        cursor.execute("SELECT FROM user_clock FOR UPDATE")
        with inside(app):
            assert problem(send(app.test_client(), "deposit", "1", 3)) == (503, "unavailable")
            assert rise("http_requests_total", method="POST", route="/event", status="503") == 1
            assert rise("http_refusals_total", problem="unavailable") == 1
            assert app.test_client().get("/metrics").status_code == 200
            other.rollback()


def test_failures_of_the_database_count_by_reason(app_with: AppWith, database: str, rise: Rise) -> None:
    app = app_with(db_lock_timeout=0.1)
    send(app.test_client(), "deposit", "1", 1)
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM user_clock WHERE user_id = 1 FOR UPDATE")
        send(app.test_client(), "deposit", "1", 2)
    assert rise("database_errors_total", reason="lock-timeout") == 1


def test_an_unreachable_database_is_counted_and_metrics_are_still_served(unreachable: APIFlask, rise: Rise) -> None:
    client = unreachable.test_client()
    send(client, "deposit", "1", 1)
    assert rise("database_errors_total", reason="cannot-connect") == 1
    assert client.get("/metrics").status_code == 200


def test_the_pool_has_the_configured_size_and_reports_spare_connections(app_with: AppWith) -> None:
    size, spare = value("database_pool_connections_max"), value("database_pool_connections_spare")
    app = app_with(web_threads=4, read_threads=2)
    assert value("database_pool_connections_max") - size == settings_with(web_threads=4, read_threads=2).pool_size == 11
    assert value("database_pool_connections_spare") - spare == 2 + SPARE_CONNECTIONS == 7
    with app.app_context(), ExitStack() as held:
        for _ in range(4 + 2 + SPARE_CONNECTIONS):
            held.enter_context(db.engine.connect())
        with pytest.raises(PoolTimeoutError):
            db.engine.connect()


def test_an_exhausted_pool_is_counted_by_reason(app_with: AppWith, rise: Rise) -> None:
    app = app_with(web_threads=1, read_threads=1, db_pool_timeout=0.1)
    app.test_client().get("/alerts")  # the watch starts with the first transaction
    with app.app_context(), ExitStack() as held:
        for _ in range(1 + 1 + SPARE_CONNECTIONS):
            held.enter_context(db.engine.connect())
        send(app.test_client(), "deposit", "1", 2)
        assert in_use_soon(1 + 1 + SPARE_CONNECTIONS)
    assert rise("database_errors_total", reason="pool-timeout") >= 1
    assert in_use_soon(0)


def test_connections_closed_by_the_server_do_not_stay_in_use(client: FlaskClient, sql: Sql, rise: Rise) -> None:
    for t in range(3):
        send(client, "deposit", "1", t)
        sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert rise("activity_events_stored_total", type="deposit") == 3
    assert in_use_soon(0)


def test_metrics_require_their_own_scope(app_with: AppWith) -> None:
    app = app_with(access=Access.KEYS)
    with app.app_context():
        database = wiring(app).database
        wrong, right = (create_key(database, "x", [each], None) for each in (Scope.EVENTS_READ, Scope.METRICS_READ))
    client = app.test_client()
    assert problem(client.get("/metrics")) == (401, "unauthorized")
    assert problem(client.get("/metrics", headers={"Authorization": f"Bearer {wrong}"})) == (403, "forbidden")
    assert client.get("/metrics", headers={"Authorization": f"Bearer {right}"}).status_code == 200


def test_the_response_has_the_requested_format(client: FlaskClient) -> None:
    plain = client.get("/metrics")
    assert plain.content_type.startswith("text/plain; version=0.0.4")
    assert "activity_events_stored" in {each.name for each in plain_families(plain.text)}
    prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
    newer = client.get("/metrics", headers={"Accept": prometheus})
    assert newer.content_type.startswith("application/openmetrics-text; version=1.0.0")
    families = openmetrics_families(newer.text)  # type: ignore[no-untyped-call]
    assert "activity_events_stored" in {each.name for each in families}


@pytest.mark.parametrize("accept", ["", "nonsense", "application/openmetrics-text;version=x", "*/*;q=none", "é" * 500])
def test_any_accept_header_is_accepted(client: FlaskClient, accept: str) -> None:
    assert client.get("/metrics", headers={"Accept": accept}).status_code == 200
