"""What the service's login may do: each table's columns as its model declares, and nothing of the owner's (A42)."""

from contextlib import closing

import psycopg2
import pytest
from psycopg2 import errors
from sqlalchemy import Column, Integer, MetaData, Table

from app.datastores import db
from app.factory import create_app
from lib.database_url import read_address
from lib.privileges import May, Undeclared, declared
from tests.integration.conftest import Sql, run_sql
from tests.integration.wiring import wiring
from tests.settings import settings_with

# What changes of a case.
CHANGING = (
    *("status", "strength", "priority", "codes", "alert_count", "first_t", "last_t", "last_alert_at", "due_at"),
    *("assignee", "first_seen_at", "first_action_at", "snoozed_until", "outcome", "closed_at", "closed_by"),
    *("sentence", "version", "events"),
)
# All privileges, declared here a second time: an undeclared table or column fails.
ALLOWED = {
    "activity_event": May(
        insert=(
            *("user_id", "t", "type", "amount", "alert_codes", "edition", "key_id", "seq", "n", "event_id"),
            *("taken_after", "groups_version"),
        )
    ),
    "alembic_version": May(),
    "action_step": May(
        insert=(
            "action_id",
            "step",
            "happened_at",
            "at",
            "who",
            "staff_id",
            "review",
            "text",
            "contest_until",
            "digest",
        )
    ),
    "alert_feed": May(insert=("number", "user_id", "t", "n", "kind", "no", "code", "edition", "quiet")),
    "automated_action": May(
        insert=(
            *("user_id", "case_id", "external_id", "given_digest", "by", "who", "staff_id", "recorded_at", "kind"),
            *("amount", "period", "reason", "codes", "decided_at", "action_until", "review_due_at", "next_step"),
            *("follow_up_due_at", "behaviour", "digest"),
        )
    ),
    "awaited": May(insert=("kind", "ref_id", "user_id", "case_id", "due_at"), delete=True),
    "care_case": May(insert=("user_id", "opened_at", "reopened_from", "indicator", *CHANGING), update=CHANGING),
    "case_alert": May(
        insert=(*("user_id", "t", "n", "code", "case_id", "number", "edition", "at", "value", "sentence", "muted"),),
        update=("retracted_at",),
    ),
    "case_draft": May(insert=("staff_id", "case_id", "text", "saved_at"), update=("text", "saved_at"), delete=True),
    "case_event": May(
        insert=(
            *("case_id", "seq", "version", "step", "who", "staff_id", "at", "form_id", "note", "detail", "status"),
            *("priority", "assignee", "snoozed_until", "due_at", "outcome", "alert_count"),
        )
    ),
    "case_head": May(update=("number",)),
    "case_mute": May(
        insert=("case_id", "user_id", "code", "until", "reason", "value", "made_by", "made_at"),
        update=("in_force", "ended_at", "ended"),
    ),
    "evaluation": May(
        insert=(
            *("user_id", "case_id", "interaction_id", "made_at", "who", "staff_id", "since", "since_t", "due_at"),
            *("window_days", "expected", "before", "digest"),
        )
    ),
    "evaluation_conclusion": May(
        insert=(
            *("evaluation_id", "at", "who", "staff_id", "proposed", "verdict", "reason", "further_action", "after"),
            *("comparison", "digest"),
        )
    ),
    "interaction": May(
        insert=(
            *("user_id", "case_id", "corrects_id", "correction_reason", "external_id", "given_digest", "by", "who"),
            *("staff_id", "recorded_at", "occurred_at", "channel", "directness", "attempt", "reached", "concern"),
            *("prompt", "prompt_alerts", "sources", "template", "template_version", "said", "response", "understood"),
            *("vulnerability", "offered", "accepted", "actions", "marketing_stopped_at", "bonus_stopped_at"),
            *("action_from", "action_until", "told_of_contest", "next_step", "follow_up_due_at"),
            *("not_contacted_reason", "behaviour", "digest"),
        )
    ),
    "case_presence": May(insert=("case_id", "staff_id", "seen_at"), update=("seen_at",), delete=True),
    "customer_view": May(insert=("staff_id", "user_id")),
    "export_log": May(insert=("staff_id", "who", "kind", "user_id", "rows", "sha256")),
    "saved_view": May(insert=("staff_id", "name", "query"), update=("query",), delete=True),
    "delivery": May(
        insert=("message_id", "endpoint_id", "topic", "user_id", "t", "n", "no", "codes", "notice_id"),
        update=("state", "codes", "attempts", "next_at", "lease_until", "last_status", "last_error", "done_at"),
        delete=True,
    ),
    "delivery_attempt": May(insert=("delivery_id", "no", "status", "error", "seconds"), delete=True),
    "endpoint": May(
        insert=(
            *("name", "url", "format", "topics", "codes", "strength", "groups", "only_fresh", "per_second", "state"),
            *("reason", "key", "made_by"),
        ),
        update=(
            *("name", "url", "format", "topics", "codes", "strength", "groups", "only_fresh", "per_second", "state"),
            *(
                "reason",
                "key",
                "secret_version",
                "previous_key",
                "previous_until",
                "failing_since",
                "hold_until",
                "ready_at",
            ),
        ),
    ),
    "endpoint_event": May(insert=("endpoint_id", "step", "who", "note")),
    "notice": May(insert=("topic", "body"), update=("taken_up",), delete=True),
    "feed_head": May(update=("number", "stage", "user_id", "t", "n")),
    "outbox": May(insert=("user_id", "t", "n", "kind", "no", "quiet"), delete=True),
    "work_beat": May(update=("host", "pid", "seen_at")),
    "work_trouble": May(insert=("host", "pid", "duty", "since", "cause"), delete=True),
    "alert": May(insert=("user_id", "t", "n", "code", "edition", "shadow", "evidence", "fresh")),
    "api_key": May(
        insert=("prefix", "name", "digest", "scopes", "created_at", "expires_at", "created_by", "owner"),
        update=("last_used_at", "expires_at", "revoked_at", "revoked_by", "refusals", "owner"),
    ),
    "import_fault": May(insert=("job_id", "line", "field", "reason", "text"), delete=True),
    "import_job": May(
        insert=("file", "digest", "form", "edition", "shadow", "made_by"),
        update=("state", "lines", "ignored", "imported", "ended_at"),
    ),
    "import_line": May(insert=("job_id", "line", "user_id", "t", "type", "amount", "event_id"), delete=True),
    "import_span": May(
        insert=("job_id", "no", "first_user", "first_t", "last_user", "last_t", "lines"),
        update=("imported",),
        delete=True,
    ),
    "key_event": May(insert=("key_id", "step", "who", "replaces")),
    "player_change": May(call=("change_player",)),
    "registered_user": May(insert=("user_id", "name", "email")),
    "revision": May(insert=("user_id", "t", "n", "no", "codes_before", "codes_after", "edition", "found", "cause")),
    "rule_book": May(
        insert=("edition", "status", "rules", "author", "note", "based_on", "time_zones"),
        update=("status", "published_at", "published_by"),
        delete=True,
    ),
    "rule_book_audit": May(
        insert=("edition", "step", "who", "note", "published_over", "at_shell", "four_eyes", "form")
    ),
    "backtest_job": May(
        insert=("edition", "against", "days", "asked_by", "form"),
        update=(
            *("state", "worker", "attempts", "started_at", "beat_at", "ended_at", "events", "judged", "cancelled_by"),
            *("cause", "summary", "report"),
        ),
        delete=True,
    ),
    "rule_policy_change": May(insert=("step", "who", "owner", "note", "at_shell")),
    "running_total": May(
        insert=("user_id", "type", "series", "t", "since", "changes", "events", "amount"),
        update=("changes", "events", "amount"),
    ),
    "seal": May(insert=("no", "all_counted", "digest")),
    "sealed_player": May(insert=("user_id", "seq", "t", "events", "seal", "digest")),
    "superseded_event": May(call=("correct_event",)),
    "user_clock": May(insert=("user_id", "last_t", "events"), update=("last_t", "events", "sealed", "late_events")),
    "user_total": May(
        insert=("user_id", "counted_t", "counted_n", "deposits", "deposited", "withdraws", "withdrawn"),
        update=("counted_t", "counted_n", "deposits", "deposited", "withdraws", "withdrawn"),
    ),
    "write_trial": May(update=("tried_at",)),
    "staff_account": May(
        insert=("email", "name", "roles", "state", "made_by"),
        update=(
            *("name", "roles", "state", "password_hash", "totp_key", "totp_version", "totp_offered", "totp_step"),
            *("zone", "theme", "density", "single_keys"),
        ),
    ),
    "staff_attempt": May(insert=("subject", "failures", "last_at"), update=("failures", "last_at"), delete=True),
    "staff_audit": May(insert=("account_id", "step", "who", "note", "address")),
    "staff_recovery": May(insert=("account_id", "digest"), delete=True),
    "staff_session": May(
        insert=("digest", "account_id", "ends_at", "address", "agent"), update=("seen_at", "confirmed_at"), delete=True
    ),
    "staff_token": May(insert=("digest", "account_id", "kind", "expires_at", "made_by"), update=("used_at",)),
}
COLUMNS = """
    SELECT table_name::text, column_name::text,
        array_remove(ARRAY[
            CASE WHEN has_column_privilege(%(login)s, table_name::regclass, column_name, 'SELECT') THEN 'SELECT' END,
            CASE WHEN has_column_privilege(%(login)s, table_name::regclass, column_name, 'INSERT') THEN 'INSERT' END,
            CASE WHEN has_column_privilege(%(login)s, table_name::regclass, column_name, 'UPDATE') THEN 'UPDATE' END,
            CASE WHEN has_column_privilege(%(login)s, table_name::regclass, column_name, 'REFERENCES')
                THEN 'REFERENCES' END
        ], NULL)
    FROM information_schema.columns WHERE table_schema = 'public'
"""
TABLES = """
    SELECT relname::text, array_remove(ARRAY[
        CASE WHEN has_table_privilege(%(login)s, oid, 'DELETE') THEN 'DELETE' END,
        CASE WHEN has_table_privilege(%(login)s, oid, 'TRUNCATE') THEN 'TRUNCATE' END,
        CASE WHEN has_table_privilege(%(login)s, oid, 'TRIGGER') THEN 'TRIGGER' END
    ], NULL) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
"""
REPRODUCED_ELSEWHERE = """
    SELECT has_database_privilege(%(login)s, current_database(), 'CREATE'),
        has_database_privilege(%(login)s, current_database(), 'TEMPORARY'),
        has_schema_privilege(%(login)s, 'public', 'CREATE'),
        (SELECT array_agg(proname::text ORDER BY proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            AND has_function_privilege(%(login)s, oid, 'EXECUTE')),
        (SELECT count(*) FROM pg_sequences WHERE schemaname = 'public'
            AND has_sequence_privilege(%(login)s, sequencename::text, 'USAGE, SELECT, UPDATE')),
        (SELECT count(*) FROM pg_auth_members JOIN pg_roles ON pg_roles.oid = member WHERE rolname = %(login)s)
"""
ATTACKS = {
    "disable a trigger": "ALTER TABLE rule_book_audit DISABLE TRIGGER append_only",
    "drop a trigger": "DROP TRIGGER append_only ON rule_book_audit",
    "replace what the triggers do": "CREATE OR REPLACE FUNCTION refuse_this() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'",
    "pass the triggers by": "SET session_replication_role = replica",
    "rewrite the audit": "UPDATE rule_book_audit SET who = 'somebody else'",
    "cut the audit": "DELETE FROM rule_book_audit",
    "backdate the audit": "INSERT INTO rule_book_audit (edition, step, who, note, at)"
    " VALUES (1, 'retire', 'me', '', now())",
    "empty the audit": "TRUNCATE rule_book_audit",
    "rewrite an edition": "UPDATE rule_book SET rules = '[]'",
    "delete alerts": "DELETE FROM alert",
    "rewrite evidence": "UPDATE alert SET evidence = '{}'",
    "delete events": "DELETE FROM activity_event",
    "rewrite answers": "UPDATE activity_event SET alert_codes = '{}'",
    "backdate an event": "INSERT INTO activity_event (user_id, t, type, amount, alert_codes, received_at)"
    " VALUES (1, 1, 'deposit', 1, '{}', now())",
    "turn a clock over to another user": "UPDATE user_clock SET user_id = 2",
    "rename users": "UPDATE registered_user SET name = 'x'",
    "put players into groups": "UPDATE registered_user SET groups = '{vip}'",
    "register players in groups": "INSERT INTO registered_user (user_id, name, email, groups)"
    " VALUES (1, 'x', 'x@example.com', '{vip}')",
    "make up a change of groups": "INSERT INTO player_change (user_id, version) VALUES (1, 1)",
    "rewrite changes of groups": "UPDATE player_change SET new_groups = '{}'",
    "rewrite the journal of a case": "UPDATE case_event SET who = 'somebody else'",
    "cut the journal of a case": "DELETE FROM case_event",
    "forget who looked at a customer": "DELETE FROM customer_view",
    "backdate a look at a customer": "INSERT INTO customer_view (staff_id, user_id, at) VALUES (1, 1, now())",
    "forget an export": "DELETE FROM export_log",
    "rewrite an export": "UPDATE export_log SET rows = 0",
    "delete a case": "DELETE FROM care_case",
    "turn a case over to another player": "UPDATE care_case SET user_id = 2",
    "make a key do more": "UPDATE api_key SET scopes = '{rules:publish}'",
    "run a program": "COPY alembic_version TO PROGRAM 'id'",
    "read a file of the server": "COPY alembic_version FROM '/etc/hostname'",
    "read the passwords": "SELECT rolpassword FROM pg_authid",
    "make a table": "CREATE TABLE public.mine ()",
    "make a temporary table": "CREATE TEMPORARY TABLE rule_book (edition integer)",
    "make a schema": "CREATE SCHEMA mine",
    "make a login": "CREATE ROLE mine LOGIN",
    "make itself a superuser": "ALTER ROLE CURRENT_USER SUPERUSER",
    "say that a migration was applied": "UPDATE alembic_version SET version_num = '0001'",
    "give itself more": "GRANT ALL ON alert TO CURRENT_USER WITH GRANT OPTION; DELETE FROM alert",
    "take it from the owner": "REASSIGN OWNED BY CURRENT_USER TO CURRENT_USER; ALTER TABLE alert OWNER TO CURRENT_USER",
}


@pytest.fixture
def login(service_url: str) -> str:
    return read_address(service_url)["user"]


def test_each_column_grants_the_service_exactly_what_is_declared(login: str, database: str) -> None:
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(COLUMNS, {"login": login})
        columns = {(table, column): set(granted) for table, column, granted in cursor.fetchall()}
        cursor.execute(TABLES, {"login": login})
        tables = {table: set(granted) for table, granted in cursor.fetchall()}
    assert tables == {table: {"DELETE"} if may.delete else set() for table, may in ALLOWED.items()}
    for (table, column), granted in columns.items():
        may = ALLOWED[table]
        decided = {"INSERT": column in may.insert, "UPDATE": column in may.update, "SELECT": True}
        assert granted == {verb for verb, given in decided.items() if given}, f"{table}.{column}"
    named = {(table, column) for table, may in ALLOWED.items() for column in (*may.insert, *may.update)}
    assert named <= columns.keys()


def test_the_service_login_has_no_rights_beyond_its_tables(login: str, database: str) -> None:
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(REPRODUCED_ELSEWHERE, {"login": login})
        assert cursor.fetchall() == [(False, False, False, ["change_player", "correct_event"], 0, 0)]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_attacks_with_the_service_login_are_refused(service_url: str, attack: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        run_sql(service_url, attack)


def test_the_service_login_cannot_become_the_owner(service_url: str, database: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        run_sql(service_url, f"SET ROLE {read_address(database)['user']}")


@pytest.fixture
def draft(sql: Sql) -> int:
    sql(
        "INSERT INTO rule_book (edition, status, rules, author, note, based_on)"
        " SELECT 2, 'draft', rules, 'ann', '', 1 FROM rule_book WHERE edition = 1"
    )
    sql("INSERT INTO rule_book_audit (edition, step, who, note) VALUES (2, 'draft', 'ann', '')")
    return 2


def test_drafts_can_be_deleted_but_not_their_numbers_or_audit(service_url: str, draft: int, sql: Sql) -> None:
    run_sql(service_url, "DELETE FROM rule_book WHERE edition = %s AND status = 'draft'", draft)
    assert sql("SELECT count(*) FROM rule_book_audit WHERE edition = %s", draft) == [(1,)]
    app = create_app(settings_with(database_url=service_url))
    answer = app.test_client().post("/rules", json={"edition": 1, "note": "the next"})
    assert answer.get_json()["edition"] == draft + 1
    steps = app.test_client().get("/rules/audit").get_json()["steps"]
    assert [step["edition"] for step in steps] == [3, 2, 1, 1]
    wiring(app).stop()
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("status", ["live", "shadow", "retired"])
def test_nothing_but_drafts_can_be_deleted(service_url: str, draft: int, sql: Sql, status: str) -> None:
    sql("UPDATE rule_book SET status = 'retired' WHERE edition = 1")
    sql("UPDATE rule_book SET status = %s WHERE edition = %s", status, draft)
    with pytest.raises(errors.RaiseException, match="never removed"):
        run_sql(service_url, "DELETE FROM rule_book WHERE edition = %s", draft)


def test_an_edition_once_in_force_cannot_become_a_deletable_draft(service_url: str) -> None:
    with pytest.raises(errors.RaiseException, match="never taken back"):
        run_sql(service_url, "UPDATE rule_book SET published_at = NULL, status = 'draft'")
    run_sql(service_url, "UPDATE rule_book SET status = 'draft'")
    with pytest.raises(errors.RaiseException, match="never removed"):
        run_sql(service_url, "DELETE FROM rule_book WHERE edition = 1")


def test_a_table_without_declared_privileges_is_reported() -> None:
    metadata = MetaData()
    Table("forgotten", metadata, Column("id", Integer))
    with pytest.raises(Undeclared, match="forgotten: say with"):
        declared(metadata)


def test_a_new_table_grants_nothing_by_default(sql: Sql, service_url: str) -> None:
    sql("CREATE TABLE of_nobody (id integer)")
    try:
        with pytest.raises(errors.InsufficientPrivilege):
            run_sql(service_url, "SELECT FROM of_nobody")
    finally:
        sql("DROP TABLE of_nobody")
