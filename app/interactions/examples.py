"""Examples of records in the API documentation; tests check them against the service."""

from typing import Any

Examples = dict[str, dict[str, Any]]

MOMENT = "2026-11-28T07:00:00.250000Z"
FACTS: dict[str, Any] = {
    "occurred_at": "2026-01-31T09:30:00Z",
    "channel": "pop_up",
    "template": "time-to-think",
    "template_version": "3",
}
TOLD: Examples = {"pop-up": {"summary": "a pop-up", "value": {"id": "msg-1", "user_id": 1, "facts": FACTS}}}
ACTION: dict[str, Any] = {
    "id": "act-1",
    "user_id": 1,
    "kind": "deposit_block",
    "decided_at": "2026-01-31T09:30:00Z",
    "reason": "net deposits above the bound",
}
TOLD_ACTION: Examples = {"block": {"summary": "a block of deposits", "value": ACTION}}
STEP: Examples = {
    "executed": {"summary": "it holds", "value": {"step": "executed", "happened_at": "2026-01-31T09:30:01Z"}}
}
RECORDED: Examples = {"recorded": {"summary": "recorded", "value": {"id": 1, "case_id": None, "replayed": False}}}
NOTHING: dict[str, Any] = {
    "deposits": 0,
    "deposited": "0.00",
    "largest_deposit": None,
    "withdrawals": 0,
    "withdrawn": "0.00",
    "net": "0.00",
    "failed_deposits": 0,
    "cancelled_withdrawals": 0,
    "days": 0,
    "is_cut": False,
    "alerts": 0,
    "codes": {},
}


def page(name: str) -> Examples:
    """Return the example of an empty page."""
    return {f"no-{name}": {"summary": "none", "value": {name: [], "next_after": None}}}


def nothing_in(*days: int) -> dict[str, Any]:
    """Return the behaviour of a player who did nothing in some spans."""
    return {"t": 0, "windows": [{"seconds": each * 86_400, **NOTHING} for each in days]}


ONE: Examples = {
    "interaction": {
        "summary": "a pop-up",
        "value": {
            "id": 1,
            "external_id": "msg-1",
            "user_id": 1,
            "by": "platform",
            "who": "anonymous",
            "recorded_at": MOMENT,
            "facts": {
                "occurred_at": "2026-01-31T09:30:00.000000Z",
                "channel": "pop_up",
                "directness": "indirect",
                "attempt": 1,
                "reached": "unknown",
                "template": "time-to-think",
                "template_version": "3",
            },
            "behaviour": nothing_in(1, 7, 30),
        },
    }
}
ONE_ACTION: Examples = {
    "action": {
        "summary": "a block that nobody has reviewed",
        "value": {
            "id": 1,
            "external_id": "act-1",
            "user_id": 1,
            "who": "anonymous",
            "recorded_at": MOMENT,
            "kind": "deposit_block",
            "by": "platform",
            "decided_at": "2026-01-31T09:30:00.000000Z",
            "reason": "net deposits above the bound",
            "review_due_at": "2026-02-01T09:30:00.000000Z",
            "awaits_review": True,
            "behaviour": nothing_in(1, 7, 30),
        },
    }
}
ONE_EVALUATION: Examples = {
    "evaluation": {
        "summary": "one that nobody has decided",
        "value": {
            "id": 1,
            "user_id": 1,
            "case_id": 1,
            "who": "staff:1 Ann",
            "since": MOMENT,
            "due_at": MOMENT,
            "window_days": 7,
            "before": nothing_in(7),
        },
    }
}
