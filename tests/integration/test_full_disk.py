"""A full database disk: events and readiness report it until there is room again."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask.testing import FlaskClient

from app.datastores import db
from app.factory import create_app
from app.health import controllers
from lib.local.postgres import temporary_cluster
from testkit.disk import full, small_disk
from tests.integration.clients import problem, send
from tests.integration.conftest import FAST
from tests.integration.test_read_only import ready, ready_within
from tests.integration.wiring import wiring
from tests.settings import settings_with

pytestmark = pytest.mark.root  # who alone can mount a small disk

SMALL = {**FAST, "max_wal_size": "32MB", "min_wal_size": "32MB", "autovacuum": "off"}
MOST = 5000  # events; a page holds about a hundred


@pytest.fixture
def disk(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = open_folder / "disk"
    with small_disk(folder):
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        yield folder


@pytest.fixture
def client(disk: Path) -> Iterator[FlaskClient]:  # noqa: ARG001  # on which the cluster is
    with temporary_cluster(settings=SMALL) as url:
        app = create_app(settings_with(database_url=url, database_owner_url=url))
        with app.app_context():
            flask_migrate.upgrade("migrations")
            yield app.test_client()
            wiring(app).stop()
            db.engine.dispose()


def test_the_service_is_not_ready_until_the_full_disk_has_room(
    client: FlaskClient, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an event meanwhile: a load balancer sends none to what is not ready."""
    monkeypatch.setattr(controllers, "TRIAL_PAUSE", 0.1)
    assert send(client, "deposit", "1", 1).status_code == 200
    assert ready_within(client, 10, "ready")
    with full(disk):
        refused = next(answer for t in range(2, MOST) if (answer := send(client, "deposit", "1", t)).status_code != 200)
        assert problem(refused) == (503, "unavailable")
        assert send(client, "deposit", "1", 1).status_code == 200, "a replay, which needs no room"
        assert [ready(client) for _ in range(3)] == ["database-writes-fail"] * 3
    assert ready_within(client, 10, "ready")
    assert send(client, "deposit", "1", MOST).status_code == 200
