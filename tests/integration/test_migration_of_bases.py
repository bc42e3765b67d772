"""Migration 0006 on a rule book with editions: up, down, up, while the previous release keeps writing."""

import flask_migrate
import psycopg2.errors
import pytest
from apiflask import APIFlask

from tests.integration.clients import problem
from tests.integration.conftest import Sql, Unmigrated

# As the release before writes: edition 2 was drafted while 1 was live, 3 and 4 while 2 was.
PAST = """
    INSERT INTO rule_book (edition, status, rules, author, note, published_at, published_by)
    SELECT number, stands::edition_status, rules, 'ann', '', published, by
    FROM rule_book, (VALUES (2, 'retired', now(), 'ann'), (3, 'draft', NULL, NULL), (4, 'shadow', NULL, NULL))
        AS former (number, stands, published, by)
    WHERE edition = 1;
    INSERT INTO rule_book_audit (edition, step, who, note) VALUES
        (2, 'draft', 'ann', ''), (1, 'retire', 'ann', ''), (2, 'publish', 'ann', ''), (3, 'draft', 'ann', ''),
        (4, 'draft', 'ann', ''), (4, 'shadow', 'ann', ''), (2, 'retire', 'ann', ''), (1, 'publish', 'ann', '')
"""
DRAFTED_BY_THE_RELEASE_BEFORE = """
    INSERT INTO rule_book (edition, status, rules, author, note)
    SELECT coalesce(max(edition), 0) + 1, 'draft', (SELECT rules FROM rule_book WHERE edition = 1), 'ann', ''
    FROM rule_book
"""
KEPT = "SELECT edition, status, rules, author, note, created_at, published_at FROM rule_book ORDER BY edition"
BASES = "SELECT edition, based_on FROM rule_book ORDER BY edition"


@pytest.fixture
def app(unmigrated: Unmigrated) -> APIFlask:
    return unmigrated.app


@pytest.fixture
def past(unmigrated: Unmigrated) -> Sql:
    """Ask a database as the release before left it."""
    unmigrated.migrate("0005")
    unmigrated.sql(PAST)
    return unmigrated.sql


def test_the_edition_live_at_the_time_of_a_draft_becomes_its_base(app: APIFlask, past: Sql) -> None:
    steps = past("SELECT * FROM rule_book_audit ORDER BY id")
    kept = past(KEPT)
    with app.app_context():
        flask_migrate.upgrade("migrations")
        assert past(BASES) == [(1, None), (2, 1), (3, 2), (4, 2)]
        flask_migrate.downgrade("migrations", "0005")
        assert past("SELECT * FROM rule_book_audit ORDER BY id") == steps
        with pytest.raises(psycopg2.errors.RaiseException, match="an edition never changes"):
            past("UPDATE rule_book SET rules = '[]'")
        flask_migrate.upgrade("migrations")
    assert past(BASES) == [(1, None), (2, 1), (3, 2), (4, 2)]
    assert past(KEPT) == kept
    answer = app.test_client().post("/rules/3/publish")
    assert problem(answer) == (409, "live-edition-changed"), "edition 2 is in it, which was taken back"


def test_drafts_of_the_previous_release_have_no_base_and_say_so(app: APIFlask, past: Sql) -> None:
    with app.app_context():
        flask_migrate.upgrade("migrations")
    past(DRAFTED_BY_THE_RELEASE_BEFORE)
    answer = app.test_client().post("/rules/5/publish")
    assert problem(answer) == (409, "live-edition-changed")
    assert "based on an unknown edition" in answer.get_json()["detail"]
    assert app.test_client().post("/rules/5/publish", json={"over": 1}).status_code == 200
