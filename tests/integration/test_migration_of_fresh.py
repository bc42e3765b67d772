"""Migration 0019 on filled tables: up, down, up, while the release before keeps storing alerts (A58)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import flask_migrate
import pytest

from tests.integration.clients import codes, send
from tests.integration.conftest import Unmigrated, run_sql
from tests.integration.judging import verified
from tests.integration.test_migration_of_event_ids import VALID, ReleaseBefore


@pytest.fixture
def filled(unmigrated: Unmigrated) -> Unmigrated:
    """Tables that the release before filled with alerts of one player."""
    unmigrated.migrate("0016")
    ReleaseBefore(unmigrated.url).take(1, range(100, 120))
    return unmigrated


def test_alerts_from_before_have_no_mark_and_later_ones_do(filled: Unmigrated) -> None:
    files = filled.sql("SELECT relfilenode FROM pg_class WHERE relname = 'alert'")
    filled.migrate("head")
    assert filled.sql("SELECT relfilenode FROM pg_class WHERE relname = 'alert'") == files, "no row is rewritten"
    client = filled.app.test_client()
    assert codes(send(client, "withdraw", "150", 200)) == [30, 1100]
    ReleaseBefore(filled.url).take(1, range(201, 202))
    assert codes(send(client, "withdraw", "150", 202)) == [30, 1100]
    shown = [(each["t"], each["code"], each["fresh"]) for each in client.get("/alerts?limit=6").get_json()["alerts"]]
    assert shown == [
        *((202, 1100, False), (202, 30, True)),  # the release before judged by one rule
        (201, 1100, None),
        *((200, 1100, False), (200, 30, True)),
        (119, 1100, None),
    ]
    assert not any("fresh" in each.what for each in verified(filled.app).differences)


def test_the_release_before_stores_alerts_while_it_runs(filled: Unmigrated) -> None:
    done = Event()
    with ThreadPoolExecutor(1) as threads, filled.app.app_context():
        playing = threads.submit(ReleaseBefore(filled.url).take, 2, range(10**6), done.is_set)
        try:
            flask_migrate.upgrade("migrations", "head")
            flask_migrate.downgrade("migrations", "0017")
            flask_migrate.upgrade("migrations", "head")
        finally:
            done.set()
        taken = playing.result(timeout=60)
    assert run_sql(filled.url, "SELECT count(*), count(fresh) FROM alert WHERE user_id = 2") == [(len(taken), 0)]
    assert run_sql(filled.url, VALID) == [(0,)]
    with filled.app.app_context():
        flask_migrate.check("migrations")
