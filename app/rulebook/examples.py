"""Editions and steps as readers of the API see them; tests hold them against the service."""

from typing import Any

from app.rulebook.forms import read_rules
from app.rulebook.toml import written_toml

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
FIRST |= {"published_at": MOMENT, "published_by": MIGRATION}
SECOND = {"edition": 2, "status": "draft", "author": "anonymous", "note": "80 is enough", "created_at": MOMENT}
SECOND |= {"published_at": None, "published_by": None}
PUBLISHED = {"status": "live", "published_at": MOMENT, "published_by": "anonymous"}

DRAFTS: Examples = {
    "rules": {"summary": "new rules", "value": {"rules": STRICTER, "note": "80 is enough"}},
    "edition": {"summary": "the rules of an edition once more", "value": {"edition": 1}},
}
STEPS: Examples = {"note": {"summary": "with a reason", "value": {"note": "tried for a week"}}}

LIST: Examples = {
    "list": {
        "summary": "the edition that judges, and a draft",
        "value": {
            "live": 1,
            "shadow": None,
            "editions": [{**SECOND, "rule_count": 4}, {**FIRST, "rule_count": 4}],
            "next_before": None,
        },
    }
}
EDITION: Examples = {"contract": {"summary": "the rules of the contract", "value": {**FIRST, "rules": CONTRACT}}}
DRAFTED: Examples = {"drafted": {"summary": "it judges nothing yet", "value": {**SECOND, "rules": STRICTER}}}
SHADOWED: Examples = {
    "in-the-shadow": {
        "summary": "it judges beside the live one",
        "value": {**SECOND, "status": "shadow", "rules": STRICTER},
    }
}
LIVE: Examples = {"published": {"summary": "it judges", "value": {**SECOND, **PUBLISHED, "rules": STRICTER}}}
RETIRED: Examples = {
    "retired": {"summary": "it was put away", "value": {**SECOND, "status": "retired", "rules": STRICTER}}
}
DIFFERENCES: Examples = {
    "changed": {
        "summary": "one limit is another",
        "value": {
            "differences": [
                "1100: description a withdraw above 100 → a withdraw above 80",
                "1100: above 100.00 → 80.00",
            ]
        },
    }
}
AUDIT: Examples = {
    "audit": {
        "summary": "of a book with a draft",
        "value": {
            "steps": [
                {"edition": 2, "step": "draft", "who": "anonymous", "note": "80 is enough", "at": MOMENT},
                {"edition": 1, "step": "publish", "who": MIGRATION, "note": WHY, "at": MOMENT},
                {"edition": 1, "step": "draft", "who": MIGRATION, "note": WHY, "at": MOMENT},
            ],
            "next_before": None,
        },
    }
}
TOML_TYPES = ("application/toml", "text/plain")  # the first unless another is asked for; generators know the second
TOML: Examples = {"toml": {"summary": "the rules of the contract", "value": written_toml(read_rules(CONTRACT))}}
