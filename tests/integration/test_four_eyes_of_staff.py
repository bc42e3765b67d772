"""Four eyes between people, against plain SQL with the service's login: two accounts, signed in and audited (A82)."""

from collections.abc import Callable, Iterator
from functools import partial

import flask_migrate
import pytest
from psycopg2.errors import RaiseException

from app.datastores import db
from app.factory import create_app
from tests.integration.conftest import Sql, fresh_database, run_sql
from tests.settings import settings_with

ACCOUNTS = """
    INSERT INTO staff_account (email, name, roles, state, made_by) VALUES
        ('ann@example.com', 'Ann', '{author,publisher}', 'active', 'root'),
        ('ben@example.com', 'Ben', '{publisher}', 'active', 'root'),
        ('cat@example.com', 'Cat', '{author}', 'active', 'root'),
        ('dan@example.com', 'Dan', '{publisher}', 'disabled', 'root')
    RETURNING id
"""
KEYS = """
    INSERT INTO api_key (prefix, name, digest, scopes, owner)
    SELECT prefix, name, decode(repeat('00', 32), 'hex'), '{}', owner
    FROM (VALUES ('a1', 'ann', 'Ann'), ('b1', 'ben', 'Ben')) AS key (prefix, name, owner)
"""
SIGNED_IN = """
    INSERT INTO staff_session (digest, account_id, ends_at, address, agent)
    SELECT sha256(id::text::bytea), id, now() + interval '1 hour', '', '' FROM staff_account;
    INSERT INTO staff_audit (account_id, step, who) SELECT id, 'signed-in', 'staff:' || id FROM staff_account
"""
DRAFT = """
    INSERT INTO rule_book (edition, status, rules, author, note, based_on)
    SELECT 2, 'draft', rules, %s, '', 1 FROM rule_book WHERE edition = 1
"""
RETIRE = "UPDATE rule_book SET status = 'retired' WHERE status = 'live';"
PUBLISH = "UPDATE rule_book SET status = 'live', published_at = now(), published_by = %s WHERE edition = %s;"
AUDIT = "INSERT INTO rule_book_audit (edition, step, who, note, four_eyes) VALUES (%s, 'publish', %s, '', true)"
LIVE = "SELECT edition, published_by FROM rule_book WHERE status = 'live'"
REFUSED = "somebody signed in with another account"
KEY_OF_BEN = "key:b1 ben"
Type = Callable[..., object]


class Team:
    """The names of the accounts, as the audits record them."""

    def __init__(self, ids: list[tuple[int]]) -> None:
        (ann,), (ben,), (cat,), (dan,) = ids
        self.ids = {"ann": ann, "ben": ben, "cat": cat, "dan": dan}

    def name(self, who: str) -> str:
        """Return a name as it is recorded; what is no account stays as it is."""
        return f"staff:{self.ids[who]} {who.capitalize()}" if who in self.ids else who


@pytest.fixture
def team(sql: Sql) -> Team:
    sql(KEYS)
    return Team(list(sql(ACCOUNTS)))


@pytest.fixture
def typed(service_url: str, team: Team) -> Type:  # noqa: ARG001  # the accounts must be there
    """Run SQL as the service's login; four eyes are on, and everybody is signed in."""
    run_sql(service_url, "INSERT INTO rule_policy_change (step, who, note) VALUES ('on', 'FOUR_EYES=true', '')")
    run_sql(service_url, SIGNED_IN)
    return partial(run_sql, service_url)


def publish(typed: Type, who: str, edition: int = 2) -> None:
    typed(RETIRE + PUBLISH + AUDIT, who, edition, edition, who)


@pytest.mark.parametrize("author", ["ann", "cat", "dan"])
def test_another_account_that_is_signed_in_publishes(typed: Type, team: Team, sql: Sql, author: str) -> None:
    typed(DRAFT, team.name(author))
    publish(typed, team.name("ben"))
    assert sql(LIVE) == [(2, team.name("ben"))]


@pytest.mark.parametrize(
    ("author", "publisher"),
    [
        ("ann", "ann"),
        ("ann", "cat"),  # not a publisher
        ("ann", "dan"),  # disabled
        ("ann", "staff:999999 Eve"),
        ("ann", "staff: Ben"),
        ("ann", "Ben"),
        ("staff:999999 Eve", "ben"),
        ("eve", "ben"),
        ("anonymous", "ben"),
        ("migration 0004", "ben"),  # forged: edition 1 is the only one of a migration
    ],
)
def test_nobody_else_does(typed: Type, team: Team, sql: Sql, author: str, publisher: str) -> None:
    typed(DRAFT, team.name(author))
    with pytest.raises(RaiseException, match=REFUSED):
        publish(typed, team.name(publisher))
    assert sql(LIVE) == [(1, "migration 0004")]


@pytest.mark.parametrize(("author", "publisher"), [(KEY_OF_BEN, "ann"), ("ann", KEY_OF_BEN)])
def test_a_person_and_a_key_are_never_two(typed: Type, team: Team, author: str, publisher: str) -> None:
    typed(DRAFT, team.name(author))
    with pytest.raises(RaiseException, match=REFUSED):
        publish(typed, team.name(publisher))


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM staff_session",
        "UPDATE staff_session SET confirmed_at = now() - interval '12 minutes'",
        "UPDATE staff_account SET state = 'disabled'",
        "UPDATE staff_account SET roles = '{author}'",
    ],
)
def test_the_publisher_is_signed_in_and_gave_a_code_lately(typed: Type, team: Team, change: str) -> None:
    typed(DRAFT, team.name("ann"))
    typed(change)
    with pytest.raises(RaiseException, match=REFUSED):
        publish(typed, team.name("ben"))


def test_a_session_without_its_step_in_the_audit_does_not_count(typed: Type, team: Team, sql: Sql) -> None:
    typed(DRAFT, team.name("ann"))
    sql("ALTER TABLE staff_audit DISABLE TRIGGER append_only")
    sql("UPDATE staff_audit SET at = at - interval '12 minutes'")
    sql("ALTER TABLE staff_audit ENABLE TRIGGER append_only")
    with pytest.raises(RaiseException, match=REFUSED):
        publish(typed, team.name("ben"))


def test_a_publication_needs_its_step_in_the_audit(typed: Type, team: Team) -> None:
    typed(DRAFT, team.name("ann"))
    with pytest.raises(RaiseException, match="together with its step in the audit"):
        typed(RETIRE + PUBLISH, team.name("ben"), 2)


def test_a_person_goes_back_to_the_first_edition(typed: Type, team: Team, sql: Sql) -> None:
    typed(DRAFT, team.name("ann"))
    publish(typed, team.name("ben"))
    publish(typed, team.name("ann"), 1)
    assert sql(LIVE) == [(1, team.name("ann"))]


@pytest.fixture
def migrated_back(server: str) -> Iterator[str]:
    """The address of a database as the release before has it, with people, keys and four eyes."""
    with fresh_database(server) as url:
        app = create_app(settings_with(database_url=url))
        with app.app_context():
            flask_migrate.upgrade("migrations")
            flask_migrate.downgrade("migrations", "0025")
            run_sql(url, KEYS)
            run_sql(url, "INSERT INTO rule_policy_change (step, who, note) VALUES ('on', 'FOUR_EYES=true', '')")
            yield url
            db.engine.dispose()


def test_back_and_forth_keys_publish_as_ever(migrated_back: str) -> None:
    typed = partial(run_sql, migrated_back)
    team = Team(list(typed(ACCOUNTS)))
    typed(SIGNED_IN)
    typed(DRAFT, team.name("ann"))
    with pytest.raises(RaiseException, match="published with a key whose owner is not the owner of its author's key"):
        publish(typed, team.name("ben"))
    typed(DRAFT.replace("SELECT 2", "SELECT 3"), "key:a1 ann")
    publish(typed, KEY_OF_BEN, 3)
    flask_migrate.upgrade("migrations")
    assert typed(LIVE) == [(3, KEY_OF_BEN)]
    publish(typed, team.name("ben"))
    assert typed(LIVE) == [(2, team.name("ben"))]
