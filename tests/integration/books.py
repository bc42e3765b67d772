"""Fills the database for tests: many events, and editions."""

from collections.abc import Sequence
from decimal import Decimal

from apiflask import APIFlask

from app.rulebook import controllers
from app.rulebook.approval import Change
from app.rules.event import EventType
from app.rules.rule import Rule
from app.rules.window_total import WindowTotal
from tests.integration.conftest import Sql
from tests.integration.wiring import wiring

ANN = Change(actor="ann")


def draft(app: APIFlask, rules: Sequence[Rule]) -> int:
    return controllers.draft(wiring(app).database, rules, ANN).edition


def publish(app: APIFlask, rules: Sequence[Rule]) -> int:
    """Have the application judge by these rules from now on."""
    edition = draft(app, rules)
    controllers.publish(wiring(app).database, edition, ANN, four_eyes=False)
    wiring(app).rule_book.refresh()
    return edition


def shadow(app: APIFlask, rules: Sequence[Rule]) -> int:
    """Have the application judge by these rules beside the live ones."""
    edition = draft(app, rules)
    controllers.shadow(wiring(app).database, edition, ANN)
    wiring(app).rule_book.refresh()
    return edition


def a_minute_later(sql: Sql) -> None:
    """Let all steps and events be a minute older, past the guard of the audit: every process has followed the steps."""
    sql("ALTER TABLE rule_book_audit DISABLE TRIGGER append_only")
    sql("UPDATE rule_book_audit SET at = at - interval '1 minute'")
    sql("ALTER TABLE rule_book_audit ENABLE TRIGGER append_only")
    sql("UPDATE activity_event SET received_at = received_at - interval '1 minute'")


def write_into(sql: Sql, edition: int, rules: str) -> None:
    """Let an edition hold other rules, in JSON, past its guard: what only a hand in the database can do."""
    sql("ALTER TABLE rule_book DISABLE TRIGGER as_drafted")
    sql("UPDATE rule_book SET rules = %s WHERE edition = %s", rules, edition)
    sql("ALTER TABLE rule_book ENABLE TRIGGER as_drafted")


# Alerts that edition 2 raised in the shadow, one of each player, and edition 1 did not.
TEN_THOUSAND_AND_ONE = """
    WITH event AS (
        INSERT INTO activity_event (user_id, t, type, amount, alert_codes, edition)
        SELECT user_id, 1, 'withdraw', 90, '{}', 1 FROM generate_series(1, 10001) AS user_id RETURNING user_id, t
    )
    INSERT INTO alert (user_id, t, n, code, shadow, edition, evidence)
    SELECT user_id, t, 0, 1100, true, 2, '{"sentence": "90.00 withdrawn"}' FROM event
"""
MANY = """
    INSERT INTO activity_event (user_id, t, type, amount, alert_codes)
    SELECT user_id, {first} + n * 400 + hashint8(user_id * 7 + n) % 30,
        (CASE WHEN hashint8(user_id * 1000 + n) % 3 = 0 THEN 'withdraw' ELSE 'deposit' END)::activity_type,
        1 + abs(hashint8(user_id + n * 77)) % 300, '{{}}'
    FROM generate_series(1, {users}) AS user_id, generate_series(1, {each}) AS n
"""
FIRST = 1_767_225_600  # midnight of 2026-01-01


def store(sql: Sql, users: int, each: int) -> None:
    sql(MANY.format(users=users, each=each, first=FIRST))
    sql("VACUUM ANALYZE activity_event")


def window(code: int, seconds: int) -> Rule:
    kind = EventType.DEPOSIT
    return WindowTotal(code=code, name="much", description="much", type=kind, above=Decimal(500), seconds=seconds)
