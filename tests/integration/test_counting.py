"""Migration 0010 on a database with older events, and events that a release stored without numbers (A44)."""

import flask_migrate
import psycopg2.errors
import pytest
from apiflask import APIFlask
from click.testing import Result

from app.datastores import db
from app.seals import controllers
from app.seals.controllers import Chain, Sealing
from tests.integration.clients import codes, send
from tests.integration.conftest import Sql, Unmigrated
from tests.integration.judging import verified
from tests.integration.wiring import wiring

# What the release before does for an event, whether the tables are its own or the newer ones.
CLAIM_BEFORE = """
    INSERT INTO user_clock AS clock (user_id, last_t) VALUES (%s, %s)
    ON CONFLICT (user_id) DO UPDATE SET last_t = excluded.last_t WHERE clock.last_t < excluded.last_t
"""
STORE_BEFORE = """
    INSERT INTO activity_event (user_id, t, type, amount, alert_codes, edition) VALUES (%s, %s, 'deposit', 1, '{}', 1)
"""
FILES = "SELECT relname::text, relfilenode FROM pg_class WHERE relname IN ('activity_event', 'user_clock') ORDER BY 1"


def store_before(sql: Sql, user_id: int, *moments: int) -> None:
    for t in moments:
        sql(CLAIM_BEFORE, user_id, t)
        sql(STORE_BEFORE, user_id, t)


def run(app: APIFlask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["rules", *words])


def counted(app: APIFlask, **changed: object) -> Chain:
    with app.app_context():
        sealing = Sealing(database=wiring(app).database, engine=db.engine, **changed)  # type: ignore[arg-type]  # of many kinds
        return controllers.count(sealing)


def losses(app: APIFlask) -> list[str]:
    return [f"player {each.user_id}: {each.what}" for each in verified(app).losses]


@pytest.mark.usefixtures("backtests_in_this_process")
def test_verify_reports_uncounted_events(app: APIFlask, sql: Sql) -> None:
    store_before(sql, 1, 1, 2, 3)
    store_before(sql, 2, 7)
    codes(send(app.test_client(), "deposit", "1", 4))
    assert sql("SELECT t, seq FROM activity_event WHERE user_id = 1 ORDER BY t") == [
        (1, None),
        (2, None),
        (3, None),
        (4, 1),
    ]
    done = run(app, "verify", "--jobs", "1")
    assert done.exit_code == 0, done.output
    assert "4 events not counted: they are of a release that gave events no number" in done.stdout
    assert run(app, "seal").stdout.startswith("Sealed: 1 events of 1 players.\n")
    assert verified(app).not_counted == 4
    done = run(app, "count")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Counted and sealed: 4 events of 2 players.\n")
    assert done.stdout.endswith("No event is left without a number or a count.\n")
    found = verified(app)
    assert (found.not_counted, found.not_sealed, found.lost, found.different) == (0, 0, 0, 0)
    assert run(app, "count").stdout.startswith("Nothing new to seal.")


TWO_LEFT = "player 1: seal 1 covers 3 events without a number, up to t 3, but 2 of them are stored"
GONE = [
    (
        "the last",
        "DELETE FROM activity_event WHERE t = 3",
        TWO_LEFT,
    ),
    (
        "the first",
        "DELETE FROM activity_event WHERE t = 1",
        TWO_LEFT,
    ),
    (
        "all of one",
        "DELETE FROM activity_event WHERE user_id = 2",
        "player 2: the clock is at t 7, but no event is",
    ),
    (
        "an amount",
        "UPDATE activity_event SET amount = 2 WHERE t = 2",
        "without a number, up to t 3: they or their alerts were changed",
    ),
    ("one more", "INSERT INTO activity_event VALUES (1, 0, 'deposit', 1, '{}')", "up to t 3, but 4 of them are stored"),
    (
        "one more at the end",
        "INSERT INTO activity_event VALUES (1, 9, 'deposit', 1, '{}')",
        "1 events stored without a number after all such events were counted",
    ),
    (
        "a number taken away",
        "UPDATE activity_event SET seq = NULL WHERE t = 4",
        "player 1: 1 events were counted, but 1",
    ),
]


@pytest.mark.parametrize(("statement", "expected"), [row[1:] for row in GONE], ids=[row[0] for row in GONE])
def test_deleted_events_are_found_after_counting(app: APIFlask, sql: Sql, statement: str, expected: str) -> None:
    store_before(sql, 1, 1, 2, 3)
    store_before(sql, 2, 7)
    counted(app)
    codes(send(app.test_client(), "deposit", "1", 4))
    assert losses(app) == []
    sql(statement)
    assert any(expected in each for each in losses(app)), losses(app)


def test_a_deleted_last_event_is_missed_even_before_counting(app: APIFlask, sql: Sql) -> None:
    store_before(sql, 1, 1, 2, 3)
    sql("DELETE FROM activity_event WHERE t = 3")
    assert losses(app) == ["player 1: the clock is at t 3, but the latest event is at t 2"]


def test_an_interrupted_count_resumes(app: APIFlask, sql: Sql) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    for user_id in (1, 2, 3):
        store_before(sql, user_id, 1, 2)
    with pytest.raises(KeyboardInterrupt):
        counted(app, players=1, progress=interrupt)
    assert verified(app).not_counted == 4
    assert counted(app, players=1).events == 4
    assert losses(app) == []
    assert sql("SELECT user_id, seq, events FROM sealed_player ORDER BY 1") == [(1, 0, 2), (2, 0, 2), (3, 0, 2)]


def test_events_stored_by_an_older_release_again_are_reported_and_countable(app: APIFlask, sql: Sql) -> None:
    """Both at once while instances are replaced, or after a way back: numbers go on past what has none."""
    store_before(sql, 1, 1, 2)
    counted(app)
    codes(send(app.test_client(), "deposit", "1", 3))
    store_before(sql, 1, 4, 5)
    codes(send(app.test_client(), "deposit", "1", 6))
    assert losses(app) == ["player 1: 2 events stored without a number after all such events were counted"]
    assert counted(app).events == 2
    assert run(app, "seal").exit_code == 0
    assert losses(app) == []
    assert sql("SELECT seq, t, events FROM sealed_player ORDER BY seq") == [(-1, 5, 2), (0, 2, 2), (2, 6, 2)]
    sql("DELETE FROM activity_event WHERE t = 4")
    assert losses(app) == ["player 1: seal 3 covers 2 events without a number, up to t 5, but 1 of them are stored"]


def test_a_database_numbered_from_the_start_has_nothing_to_count(app: APIFlask, sql: Sql) -> None:
    codes(send(app.test_client(), "deposit", "1", 1))
    run(app, "seal")
    assert sql("SELECT no, all_counted FROM seal") == [(1, True)]
    store_before(sql, 2, 1)
    assert losses(app) == ["player 2: 1 events stored without a number after all such events were counted"]


def test_the_migration_rewrites_no_table_and_the_previous_release_works(unmigrated: Unmigrated) -> None:
    app, sql = unmigrated.app, unmigrated.sql
    with app.app_context():
        flask_migrate.upgrade("migrations", "0006")
        store_before(sql, 1, 1, 2)
        kept, files = sql("SELECT * FROM activity_event ORDER BY t"), sql(FILES)
        flask_migrate.upgrade("migrations")
        assert sql(FILES) == files
    store_before(sql, 1, 3)
    store_before(sql, 2, 3)
    codes(send(app.test_client(), "deposit", "1", 4))
    store_before(sql, 1, 5)
    assert counted(app).events == 5
    assert run(app, "seal").exit_code == 0
    assert (losses(app), verified(app).different) == ([], 0)
    with app.app_context():
        flask_migrate.downgrade("migrations", "0006")
        assert sql("SELECT * FROM activity_event WHERE t <= 2 ORDER BY t") == kept
        store_before(sql, 1, 6)
        flask_migrate.upgrade("migrations")
    assert verified(app).not_counted == 7
    with pytest.raises(psycopg2.errors.RaiseException, match="seals are only added to"):
        sql("DELETE FROM seal")
