"""Editions for tests of what is stored: drafted, published, and gone again afterwards."""

from collections.abc import Iterator, Sequence

import pytest
from apiflask import APIFlask

from app.events.rules import Rule
from app.rulebook import controllers, watch
from app.rulebook.controllers import Hand
from tests.integration.conftest import AppWith, Sql

ANN = Hand(who="ann")


def app_that_follows(app_with: AppWith, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> Iterator[APIFlask]:
    """Lend an application that looks at the rule book when it is told to, at no other time."""
    monkeypatch.setattr(watch, "PAUSE", 3600)
    only_edition_1(sql)
    yield app_with()
    only_edition_1(sql)


def draft(app: APIFlask, rules: Sequence[Rule]) -> int:
    return controllers.draft(app.extensions["database"], rules, ANN).edition


def publish(app: APIFlask, rules: Sequence[Rule]) -> int:
    """Have the application judge by these rules from now on."""
    edition = draft(app, rules)
    controllers.publish(app.extensions["database"], edition, ANN, four_eyes=False)
    app.extensions["rule_book"].look()
    return edition


def shadow(app: APIFlask, rules: Sequence[Rule]) -> int:
    """Have the application judge by these rules beside the live ones."""
    edition = draft(app, rules)
    controllers.shadow(app.extensions["database"], edition, ANN)
    app.extensions["rule_book"].look()
    return edition


def only_edition_1(sql: Sql) -> None:
    """Forget all editions but that of the migration, past every guard."""
    sql("ALTER TABLE rule_book_audit DISABLE TRIGGER append_only")
    sql("DELETE FROM rule_book_audit WHERE edition > 1")
    sql("DELETE FROM rule_book WHERE edition > 1")
    sql("UPDATE rule_book SET status = 'live' WHERE edition = 1")
    sql("DELETE FROM rule_book_audit WHERE step = 'retire' OR id > 2")
    sql("ALTER TABLE rule_book_audit ENABLE TRIGGER append_only")
