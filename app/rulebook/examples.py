"""Examples of editions and steps in the API documentation; tests check them against the service."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from app.rulebook.approval import written_by_publisher
from app.rulebook.bases import based_on_another
from app.rulebook.domain import Edition, Status
from app.rulebook.forms import parse_rules
from app.rulebook.template_files import Template, templates
from app.rulebook.toml import format_toml

Examples = dict[str, dict[str, Any]]

BOTH = ["deposit", "withdraw"]
CONTRACT: list[dict[str, Any]] = [
    {
        "code": 30,
        "kind": "streak",
        "name": "withdraws in a row",
        "description": "three consecutive withdraws",
        "type": "withdraw",
        "evaluated_on": BOTH,
        "count": 3,
    },
    {
        "code": 123,
        "kind": "window_total",
        "name": "much deposited at once",
        "description": "deposits within 30 seconds add up to above 200",
        "type": "deposit",
        "evaluated_on": BOTH,
        "above": "200.00",
        "seconds": 30,
    },
    {
        "code": 300,
        "kind": "rising_streak",
        "name": "rising deposits",
        "description": "three consecutive rising deposits, withdraws ignored",
        "type": "deposit",
        "evaluated_on": BOTH,
        "count": 3,
    },
    {
        "code": 1100,
        "kind": "threshold",
        "name": "large withdraw",
        "description": "a withdraw above 100",
        "type": "withdraw",
        "evaluated_on": BOTH,
        "above": "100.00",
    },
]
MIGRATION, WHY = "migration 0004", "the rules of the contract"
MOMENT = "2026-11-22T09:30:00.250000Z"
STRICTER = [*CONTRACT[:3], {**CONTRACT[3], "description": "a withdraw above 80", "above": "80.00"}]

FIRST = {"edition": 1, "status": "live", "author": MIGRATION, "note": WHY, "created_at": MOMENT}
FIRST |= {"based_on": None, "published_at": MOMENT, "published_by": MIGRATION, "time_zones": None}
SECOND = {"edition": 2, "status": "draft", "author": "anonymous", "note": "80 is enough", "created_at": MOMENT}
SECOND |= {"based_on": 1, "published_at": None, "published_by": None, "time_zones": None}
PUBLISHED = {"status": "live", "published_at": MOMENT, "published_by": "anonymous"}

DRAFTS: Examples = {
    "rules": {"summary": "new rules", "value": {"rules": STRICTER, "based_on": 1, "note": "80 is enough"}},
    "edition": {"summary": "the rules of an edition again", "value": {"edition": 1}},
    "template": {"summary": "a template", "value": {"template": "statement", "note": "a fresh start"}},
}
STEPS: Examples = {"note": {"summary": "with a reason", "value": {"note": "tried for a week"}}}
PUBLICATIONS: Examples = {
    **STEPS,
    "over": {"summary": "to replace edition 1 and no other", "value": {"note": "tried for a week", "over": 1}},
}

LIST: Examples = {
    "list": {
        "summary": "the live edition, and a draft",
        "value": {
            "live": 1,
            "shadow": None,
            "editions": [{**SECOND, "rule_count": 4}, {**FIRST, "rule_count": 4}],
            "next_before": None,
        },
    }
}
EDITION: Examples = {"contract": {"summary": "the rules of the contract", "value": {**FIRST, "rules": CONTRACT}}}
DRAFTED: Examples = {"drafted": {"summary": "it is not in force yet", "value": {**SECOND, "rules": STRICTER}}}
SHADOWED: Examples = {
    "in-the-shadow": {
        "summary": "it runs beside the live one",
        "value": {**SECOND, "status": "shadow", "rules": STRICTER},
    }
}
LIVE: Examples = {"published": {"summary": "it is live", "value": {**SECOND, **PUBLISHED, "rules": STRICTER}}}
RETIRED: Examples = {
    "retired": {"summary": "it is retired", "value": {**SECOND, "status": "retired", "rules": STRICTER}}
}
DIFFERENCES: Examples = {
    "changed": {
        "summary": "one threshold was changed",
        "value": {
            "differences": [
                "1100: description a withdraw above 100 → a withdraw above 80",
                "1100: above 100.00 → 80.00",
            ]
        },
    }
}


def _template(each: Template) -> dict[str, Any]:
    shown = asdict(each)
    del shown["toml"]
    return shown


TEMPLATES: Examples = {
    "templates": {"summary": "all templates", "value": {"templates": list(map(_template, templates()))}}
}


def _step(edition: int, step: str) -> dict[str, Any]:
    entry = {"edition": edition, "step": step, "who": "", "note": "", "based_on": None, "over": None}
    return {**entry, "at_shell": None, "four_eyes": None, "at": MOMENT}


AUDIT: Examples = {
    "audit": {
        "summary": "of a book with a draft",
        "value": {
            "steps": [
                {**_step(2, "draft"), "who": "anonymous", "note": "80 is enough", "based_on": 1},
                {**_step(1, "publish"), "who": MIGRATION, "note": WHY},
                {**_step(1, "draft"), "who": MIGRATION, "note": WHY},
            ],
            "next_before": None,
        },
    }
}
TOML_TYPES = ("application/toml", "text/plain")  # the first by default; client generators know the second
WHEN = datetime.fromisoformat(MOMENT)
BOOK = Edition(edition=1, status=Status.LIVE, author=MIGRATION, note=WHY, created_at=WHEN, rules=parse_rules(CONTRACT))
TOML: Examples = {"toml": {"summary": "the rules of the contract", "value": format_toml(BOOK)}}
PUBLISHED_MEANWHILE = based_on_another(
    replace(BOOK, edition=2, status=Status.DRAFT),
    base=1,
    live=replace(BOOK, edition=3, rules=parse_rules(STRICTER), published_at=WHEN, published_by="anonymous"),
)
WRITTEN_BY_ITS_PUBLISHER = written_by_publisher("key:0123456789ab rules", 2)
