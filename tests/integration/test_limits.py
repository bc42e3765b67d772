"""Rate limits: off by default, counted per key, in memory or in Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from testkit.ports import free_port
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql
from tests.integration.redis_servers import running
from tests.integration.wiring import wiring

LIMIT = "3 per hour"


def statuses(client: FlaskClient, count: int, key: str = "") -> list[int]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return [client.get("/users/1", headers=headers).status_code for _ in range(count)]


def test_there_is_no_rate_limit_by_default(app_with: AppWith) -> None:
    client = app_with().test_client()
    assert statuses(client, 20) == [200] * 20
    assert "X-RateLimit-Limit" not in client.get("/users/1").headers


def test_beyond_the_rate_limit_a_request_gets_retry_after_and_leaves_no_trace(app_with: AppWith, sql: Sql) -> None:
    client = app_with(rate_limit=LIMIT).test_client()
    for t in range(3):
        assert codes(send(client, "deposit", "1", t)) == []
    refused = send(client, "deposit", "1", 3)
    assert problem(refused) == (429, "too-many-requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert refused.headers["X-RateLimit-Limit"] == "3"
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert sql("SELECT count(*) FROM activity_event") == [(3,)]


def test_each_key_has_its_own_count_and_unknown_keys_have_none(app_with: AppWith) -> None:
    app = app_with(rate_limit=LIMIT, access=Access.KEYS)
    one, other = (create_key(wiring(app).database, "x", [Scope.EVENTS_READ], None) for _ in range(2))
    client = app.test_client()
    assert statuses(client, 9) == [401] * 9
    assert statuses(client, 4, one) == [200] * 3 + [429]
    assert statuses(client, 4, other) == [200] * 3 + [429]


def test_health_has_no_limit(app_with: AppWith) -> None:
    client = app_with(rate_limit=LIMIT).test_client()
    assert [client.get("/health/live").status_code for _ in range(9)] == [200] * 9


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    with running(free_port(), tmp_path) as url:
        yield url


def test_all_processes_share_one_count_in_redis(app_with: AppWith, redis_url: str) -> None:
    one, other = (app_with(rate_limit=LIMIT, rate_limit_storage=redis_url).test_client() for _ in range(2))
    assert statuses(one, 2) == [200, 200]
    assert statuses(other, 2) == [200, 429]


def test_without_redis_each_process_counts_for_itself(app_with: AppWith) -> None:
    client = app_with(rate_limit=LIMIT, rate_limit_storage=f"redis://127.0.0.1:{free_port()}/0").test_client()
    assert statuses(client, 4) == [200] * 3 + [429]
