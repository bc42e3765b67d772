"""Examples of endpoints and deliveries in the API documentation; tests check them against the service."""

from typing import Any

Examples = dict[str, dict[str, Any]]

MOMENT = "2026-11-28T07:00:00.250000Z"
FILTER: dict[str, Any] = {"topics": [], "codes": [123, 1100], "strength": None, "groups": [], "only_fresh": True}
ENDPOINT: dict[str, Any] = {
    "id": 1,
    "name": "case management",
    "url": "https://hooks.example.com/alerts",
    "format": "standard",
    "filter": FILTER,
    "per_second": 10,
    "state": "enabled",
    "reason": "",
    "secret_version": 1,
    "previous_until": None,
    "failing_since": None,
    "hold_until": None,
    "made_by": "anonymous",
    "made_at": MOMENT,
}
SECRET = {"secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"}
DELIVERY: dict[str, Any] = {
    "id": 1,
    "endpoint_id": 1,
    "message_id": "alert_1_28_0_raised_0",
    "topic": "alert.raised",
    "user_id": 1,
    "t": 28,
    "n": 0,
    "codes": [123],
    "state": "dead",
    "attempts": 10,
    "next_at": MOMENT,
    "last_status": 500,
    "last_error": "answered 500: out of order",
    "made_at": MOMENT,
    "done_at": MOMENT,
    "tried": [{"no": 1, "at": MOMENT, "status": 500, "error": "answered 500: out of order", "seconds": 0.25}],
}

NEW: Examples = {
    "alerts": {
        "summary": "the first alert of each code",
        "value": {
            "name": "case management",
            "url": "https://hooks.example.com/alerts",
            "filter": {"codes": [123, 1100], "only_fresh": True},
        },
    },
    "slack": {
        "summary": "a channel",
        "value": {"name": "channel", "url": "https://hooks.example.com/services/T0/B0/x", "format": "slack"},
    },
}
CREATED: Examples = {"created": {"summary": "with its secret", "value": {**ENDPOINT, **SECRET}}}
ALL: Examples = {"one": {"summary": "one endpoint", "value": {"endpoints": [ENDPOINT]}}}
ONE: Examples = {"endpoint": {"summary": "one that is told", "value": ENDPOINT}}
STEPS: Examples = {
    "steps": {
        "summary": "only its creation",
        "value": {
            "steps": [
                {
                    "id": 1,
                    "step": "create",
                    "who": "anonymous",
                    "note": "case management, standard, hooks.example.com",
                    "at": MOMENT,
                }
            ],
            "next_before": None,
        },
    }
}
UPDATES: Examples = {"pause": {"summary": "keep what is due", "value": {"state": "paused"}}}
PAUSED: Examples = {"paused": {"summary": "it is not told", "value": {**ENDPOINT, "state": "paused"}}}
NOTHING: Examples = {"nothing": {"value": {}}}
ROTATED: Examples = {
    "rotated": {
        "summary": "both secrets sign for a day",
        "value": {**ENDPOINT, "secret_version": 2, "previous_until": MOMENT, **SECRET},
    }
}
TESTED: Examples = {
    "answered": {
        "summary": "the receiver took it",
        "value": {"delivered": True, "status": 200, "answer": "ok", "error": "", "seconds": 0.25},
    }
}
REPLAYS: Examples = {
    "range": {
        "summary": "what was numbered since a moment",
        "value": {"since": "2026-11-28T07:00:00Z", "codes": [123]},
    },
    "dead": {"summary": "what was given up", "value": {"dead": True}},
}
REPLAYED: Examples = {"due": {"summary": "one message is due again", "value": {"due": 1}}}
DELIVERIES: Examples = {
    "dead": {"summary": "the only one", "value": {"deliveries": [DELIVERY], "next_before": None}},
}
RETRIED: Examples = {
    "due-again": {"summary": "it is due", "value": {**DELIVERY, "state": "due", "attempts": 0, "done_at": None}}
}
