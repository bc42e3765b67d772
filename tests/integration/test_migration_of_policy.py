"""Migration 0009 on a rule book with editions: up, down, up, while the previous release keeps writing."""

import flask_migrate
import psycopg2.errors
import pytest
from apiflask import APIFlask

from app.rulebook.approval import Change
from app.rulebook.policy.controllers import turn_on
from tests.integration.clients import problem
from tests.integration.conftest import Sql, Unmigrated
from tests.integration.wiring import wiring

# As the release before writes: a draft, with its step, and a key that has no owner.
DRAFTED = """
    INSERT INTO rule_book (edition, status, rules, author, note, based_on)
    SELECT coalesce(max(edition), 0) + 1, 'draft', (SELECT rules FROM rule_book WHERE edition = 1), 'ann', '', 1
    FROM rule_book;
    INSERT INTO rule_book_audit (edition, step, who, note, published_over)
    SELECT max(edition), 'draft', 'ann', '', NULL FROM rule_book;
    INSERT INTO api_key (prefix, name, digest, scopes)
    VALUES (gen_random_uuid(), 'old', decode(repeat('00', 32), 'hex'), '{}')
"""
STEPS = "SELECT edition, step::text, who FROM rule_book_audit ORDER BY id"


@pytest.fixture
def app(unmigrated: Unmigrated) -> APIFlask:
    return unmigrated.app


@pytest.fixture
def past(unmigrated: Unmigrated) -> Sql:
    """Ask a database as the release before left it."""
    unmigrated.migrate("0006")
    unmigrated.sql(DRAFTED)
    return unmigrated.sql


def test_a_downgrade_keeps_the_audit_in_words_of_the_previous_release(app: APIFlask, past: Sql) -> None:
    client = app.test_client()
    with app.app_context():
        flask_migrate.upgrade("migrations")
        past(DRAFTED)  # the release before, beside this one
        assert client.delete("/rules/2").status_code == client.delete("/rules/3").status_code == 204
        turn_on(wiring(app).database, Change(actor="ann"))
        flask_migrate.downgrade("migrations", "0006")
        assert past(STEPS)[2:] == [
            (2, "draft", "ann"),
            (3, "draft", "ann"),
            (2, "retire", "anonymous"),
            (3, "retire", "anonymous"),
        ]
        past(DRAFTED)
        with pytest.raises(psycopg2.errors.RaiseException, match="an edition is never removed"):
            past("DELETE FROM rule_book WHERE edition = 2")
        with pytest.raises(psycopg2.errors.ForeignKeyViolation):
            past("INSERT INTO rule_book_audit (edition, step, who, note) VALUES (9, 'draft', 'x', '')")
        flask_migrate.upgrade("migrations")
    assert client.get("/rules/four-eyes").get_json() == {"on": False, "proposal": None, "changes": []}
    assert client.delete("/rules/2").status_code == 204


def test_earlier_drafts_become_deletable_and_earlier_keys_have_no_owner(app: APIFlask, past: Sql) -> None:
    with app.app_context():
        flask_migrate.upgrade("migrations")
    assert past("SELECT owner FROM api_key") == [(None,)]
    assert past("SELECT DISTINCT at_shell, four_eyes FROM rule_book_audit") == [(None, None)]
    assert problem(app.test_client().delete("/rules/1")) == (409, "wrong-step")
    assert app.test_client().delete("/rules/2").status_code == 204
