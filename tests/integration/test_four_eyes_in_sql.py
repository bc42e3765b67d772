"""Four eyes against plain SQL with the service's login: the database itself asks for the keys of two owners (A46)."""

from collections.abc import Callable, Iterator
from functools import partial

import flask_migrate
import pytest
from psycopg2.errors import RaiseException

from app.datastores import db
from app.factory import create_app
from tests.integration.conftest import Sql, fresh_database, run_sql
from tests.settings import settings_with

KEYS = """
    INSERT INTO api_key (prefix, name, digest, scopes, owner, revoked_at, expires_at)
    SELECT prefix, name, decode(repeat('00', 32), 'hex'), '{}', owner, revoked_at::timestamptz, expires_at::timestamptz
    FROM (VALUES
        ('a1', 'ann', 'Ann', NULL, NULL), ('a2', 'ann', E' aNN\\t', NULL, NULL), ('b1', 'ben', 'Ben', NULL, NULL),
        ('c1', 'old', NULL, NULL, NULL), ('d1', 'dan', 'Dan', '2026-01-01', NULL),
        ('e1', 'eve', 'Eve', NULL, '2026-01-01')
    ) AS key (prefix, name, owner, revoked_at, expires_at)
"""
ANN, ANN_AGAIN, BEN, OLD = "key:a1 ann", "key:a2 ann", "key:b1 ben", "key:c1 old"
REVOKED, EXPIRED, INVENTED = "key:d1 dan", "key:e1 eve", "key:x1 mallory"
NO_OTHER_OWNER, UNAUDITED = "published with a key whose owner is not", "together with its step in the audit"
DRAFT = """
    INSERT INTO rule_book (edition, status, rules, author, note, based_on)
    SELECT 2, 'draft', rules, %s, '', 1 FROM rule_book WHERE edition = 1
"""
# Steps of one transaction; an attacker leaves some out.
RETIRE = "UPDATE rule_book SET status = 'retired' WHERE status = 'live';"
PUBLISH = "UPDATE rule_book SET status = 'live', published_at = now(), published_by = %s WHERE edition = %s;"
AUDIT = "INSERT INTO rule_book_audit (edition, step, who, note, four_eyes) VALUES (%s, %s, %s, '', %s)"
CHANGE = "INSERT INTO rule_policy_change (step, who, owner, note) VALUES (%s, %s, %s, '')"
LIVE = "SELECT edition, published_by FROM rule_book WHERE status = 'live'"
Type = Callable[..., object]


@pytest.fixture
def typed(service_url: str, sql: Sql) -> Type:
    """Run SQL as the service's login; four eyes are on, and some people have keys."""
    sql(KEYS)
    run_sql(service_url, CHANGE, "on", "FOUR_EYES=true", None)
    return partial(run_sql, service_url)


def publish(typed: Type, who: str, edition: int = 2) -> None:
    step = (edition, "publish", who, True)
    typed(RETIRE + PUBLISH + AUDIT, who, edition, *step)


@pytest.mark.parametrize(
    "who", [ANN, ANN_AGAIN, OLD, REVOKED, EXPIRED, INVENTED, "ben", "key:", "Key:b1 ben", "service"]
)
def test_a_publication_needs_the_key_of_another_owner(typed: Type, who: str, sql: Sql) -> None:
    typed(DRAFT, ANN)
    with pytest.raises(RaiseException, match=NO_OTHER_OWNER):
        publish(typed, who)
    assert sql(LIVE) == [(1, "migration 0004")]


@pytest.mark.parametrize("author", ["ann", "anonymous", "migration 0004", OLD, INVENTED])
def test_a_publication_needs_an_author_whose_owner_is_known(typed: Type, author: str) -> None:
    typed(DRAFT, author)
    with pytest.raises(RaiseException, match=NO_OTHER_OWNER):
        publish(typed, BEN)


def test_no_edition_is_live_from_the_start(typed: Type) -> None:
    with pytest.raises(RaiseException, match=NO_OTHER_OWNER):
        typed(RETIRE + DRAFT.replace("'draft'", "'live'"), ANN)


@pytest.mark.parametrize(
    "step",
    [(2, "publish", BEN, False), (2, "shadow", BEN, True), (1, "publish", BEN, True), (2, "publish", ANN, True)],
    ids=["four eyes off", "another step", "another edition", "another person"],
)
def test_a_publication_needs_its_own_step_in_the_audit(typed: Type, step: tuple[object, ...]) -> None:
    typed(DRAFT, ANN)
    with pytest.raises(RaiseException, match=UNAUDITED):
        typed(RETIRE + PUBLISH + AUDIT, BEN, 2, *step)


def test_temporary_tables_do_not_stand_in_for_ours(typed: Type, sql: Sql, service_url: str) -> None:
    [(login, database)] = run_sql(service_url, "SELECT current_user::text, current_database()::text")
    sql(f'GRANT TEMPORARY ON DATABASE "{database}" TO "{login}"')
    typed(DRAFT, ANN)
    step = (2, "publish", ANN, True)
    policy = "CREATE TEMPORARY TABLE rule_policy_change AS SELECT * FROM rule_policy_change WITH NO DATA;"
    try:
        with pytest.raises(RaiseException, match=NO_OTHER_OWNER):
            typed(policy + RETIRE + PUBLISH + AUDIT, ANN, 2, *step)
    finally:
        sql(f'REVOKE TEMPORARY ON DATABASE "{database}" FROM "{login}"')
    assert sql(LIVE) == [(1, "migration 0004")]


def test_no_publication_is_left_out_of_the_audit(typed: Type, sql: Sql) -> None:
    typed(DRAFT, ANN)
    with pytest.raises(RaiseException, match=UNAUDITED):
        typed(RETIRE + PUBLISH, BEN, 2)
    assert sql(LIVE) == [(1, "migration 0004")]


def test_a_step_of_an_earlier_transaction_does_not_cover_a_publication(typed: Type) -> None:
    typed(DRAFT, ANN)
    publish(typed, BEN)
    publish(typed, BEN, 1)
    with pytest.raises(RaiseException, match=UNAUDITED):
        typed(RETIRE + PUBLISH, BEN, 2)


def test_the_publisher_of_the_live_edition_is_not_replaced(typed: Type, sql: Sql) -> None:
    typed(DRAFT, ANN)
    publish(typed, BEN)
    for who in (ANN, None):
        with pytest.raises(RaiseException, match=NO_OTHER_OWNER):
            typed("UPDATE rule_book SET published_by = %s WHERE edition = 2", who)
    assert sql(LIVE) == [(2, BEN)]


def test_another_owner_publishes_and_goes_back_and_forth(typed: Type, sql: Sql) -> None:
    typed(DRAFT, ANN)
    for who, edition in ((BEN, 2), (ANN, 1), (BEN, 2)):
        publish(typed, who, edition)
        assert sql(LIVE) == [(edition, who)]
    with pytest.raises(RaiseException, match=NO_OTHER_OWNER):
        publish(typed, INVENTED, 1)


def test_a_former_release_publishes_without_the_column_of_the_policy(typed: Type, sql: Sql) -> None:
    typed(DRAFT, ANN)
    typed(RETIRE + PUBLISH + AUDIT, BEN, 2, 2, "publish", BEN, None)
    assert sql(LIVE) == [(2, BEN)]


def turn_off(typed: Type, proposed: tuple[str, str], approved: tuple[str, str]) -> None:
    typed(CHANGE, "propose-off", *proposed)
    typed(CHANGE, "off", *approved)


@pytest.mark.parametrize(
    ("proposed", "approved"),
    [
        (("somebody", "Somebody"), ("else", "Else")),
        ((ANN, "Ann"), (INVENTED, "Mallory")),
        ((INVENTED, "Mallory"), (BEN, "Ben")),
        ((ANN, "Ann"), (ANN, "Ben")),
        ((ANN, "Ben"), (ANN, "Ann")),
        ((ANN, "Ann"), (ANN_AGAIN, " aNN\t")),
        ((ANN, "Ann"), (OLD, "Ben")),
        ((ANN, "Ann"), (REVOKED, "Dan")),
        ((EXPIRED, "Eve"), (ANN, "Ann")),
    ],
)
def test_two_owners_of_valid_keys_turn_four_eyes_off(
    typed: Type, proposed: tuple[str, str], approved: tuple[str, str], sql: Sql
) -> None:
    with pytest.raises(RaiseException, match="two different owners"):
        turn_off(typed, proposed, approved)
    assert sql("SELECT count(*) FROM rule_policy_change WHERE step = 'off'") == [(0,)]


def test_after_two_owners_turned_four_eyes_off_anybody_publishes(typed: Type, sql: Sql) -> None:
    turn_off(typed, (ANN, "Ann"), (BEN, "Ben"))
    typed(DRAFT, "ann")
    publish(typed, "ann")
    assert sql(LIVE) == [(2, "ann")]


def test_a_proposal_counts_although_its_key_was_revoked_since(typed: Type, sql: Sql) -> None:
    typed(CHANGE, "propose-off", ANN, "Ann")
    typed("UPDATE api_key SET revoked_at = now() WHERE prefix = 'a1'")
    typed(CHANGE, "off", BEN, "Ben")
    assert sql("SELECT step FROM rule_policy_change ORDER BY id DESC LIMIT 1") == [("off",)]


@pytest.mark.parametrize("owner", ["Mallory", "ann", None])
def test_the_owner_of_a_key_is_named_once(typed: Type, owner: str | None, sql: Sql) -> None:
    with pytest.raises(RaiseException, match="named once"):
        typed("UPDATE api_key SET owner = %s WHERE prefix = 'a1'", owner)
    typed("UPDATE api_key SET owner = 'Ann' WHERE prefix IN ('a1', 'c1')")
    assert sql("SELECT DISTINCT owner FROM api_key WHERE prefix IN ('a1', 'c1')") == [("Ann",)]


@pytest.fixture
def migrated_back(server: str) -> Iterator[str]:
    """The address of a database as the release before has it, with keys and four eyes."""
    with fresh_database(server) as url:
        app = create_app(settings_with(database_url=url))
        with app.app_context():
            flask_migrate.upgrade("migrations")
            flask_migrate.downgrade("migrations", "0012")
            run_sql(url, KEYS)
            run_sql(url, CHANGE, "on", "FOUR_EYES=true", None)
            yield url
            db.engine.dispose()


def test_the_release_before_let_them_pass_and_what_it_wrote_stays(migrated_back: str) -> None:
    typed = partial(run_sql, migrated_back)
    typed(DRAFT, ANN)
    typed(RETIRE + PUBLISH, "somebody", 2)
    turn_off(typed, ("somebody", "Somebody"), ("else", "Else"))
    typed("UPDATE api_key SET owner = 'Mallory' WHERE prefix = 'a1'")
    flask_migrate.upgrade("migrations")
    assert typed(LIVE) == [(2, "somebody")]
    typed(CHANGE, "on", ANN, "Mallory")
    with pytest.raises(RaiseException, match=NO_OTHER_OWNER):
        publish(typed, "somebody", 1)
    with pytest.raises(RaiseException, match="two different owners"):
        turn_off(typed, ("somebody", "Somebody"), ("else", "Else"))
