"""Examples of events and answers in the API documentation; tests check them against the service."""

from typing import Any

EVENTS: dict[str, dict[str, Any]] = {
    "deposit": {"summary": "a deposit", "value": {"type": "deposit", "amount": "42.00", "user_id": 1, "t": 10}},
    "withdraw": {
        "summary": "a withdrawal; the amount as a JSON number, `t` by its other name",
        "value": {"type": "withdraw", "amount": 150.25, "user_id": 1, "time": 20},
    },
    "with-id": {
        "summary": "a deposit with the platform's own id; others may follow in the same second",
        "value": {"type": "deposit", "amount": "42.00", "user_id": 1, "t": 30, "event_id": "tx-1a2b"},
    },
}
DECISIONS: dict[str, dict[str, Any]] = {
    "no-alert": {
        "summary": "no rule is met",
        "value": {"alert": False, "alert_codes": [], "user_id": 1},
    },
    "alerts": {
        "summary": "a third withdrawal in a row, after deposits of more than 200 within 30 seconds",
        "value": {"alert": True, "alert_codes": [30, 123], "user_id": 1},
    },
    "replay": {
        "summary": "the same withdrawal again: its first answer, with `Idempotent-Replay: true`",
        "value": {"alert": True, "alert_codes": [1100], "user_id": 1},
    },
}
