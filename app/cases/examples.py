"""Examples of cases in the API documentation; tests check them against the service."""

from typing import Any

Examples = dict[str, dict[str, Any]]

MOMENT = "2026-11-28T07:00:00.250000Z"
DUE = "2026-11-29T07:00:00.250000Z"
SENTENCE = "150.00 withdrawn at once (threshold 100.00)"
CASE: dict[str, Any] = {
    "id": 1,
    "user_id": 1,
    "status": "new",
    "strength": "normal",
    "priority": 3,
    "codes": [1100],
    "alert_count": 1,
    "first_t": 20,
    "last_t": 20,
    "sentence": SENTENCE,
    "indicator": None,
    "opened_at": MOMENT,
    "last_alert_at": MOMENT,
    "due_at": DUE,
    "assignee": None,
    "first_seen_at": None,
    "first_action_at": None,
    "snoozed_until": None,
    "outcome": None,
    "closed_at": None,
    "closed_by": None,
    "reopened_from": None,
    "version": 1,
}
ALERT: dict[str, Any] = {
    "number": 1,
    "t": 20,
    "n": 0,
    "code": 1100,
    "edition": 1,
    "at": MOMENT,
    "muted": False,
    "retracted_at": None,
    "sentence": SENTENCE,
}
OPENED: dict[str, Any] = {
    "seq": 1,
    "step": "open",
    "who": "service",
    "at": MOMENT,
    "note": "",
    "detail": {"codes": [1100], "alerts": 1},
    "status": "new",
    "priority": 3,
    "assignee": None,
    "alert_count": 1,
}
CASES: Examples = {
    "cases": {"summary": "one case", "value": {"cases": [CASE], "next_before": None}},
    "no-cases": {"summary": "none", "value": {"cases": [], "next_before": None}},
}
ONE: Examples = {
    "case": {"summary": "a new case", "value": {**CASE, "alerts": [ALERT], "events": [OPENED], "previous": []}}
}
