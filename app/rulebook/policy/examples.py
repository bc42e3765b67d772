"""Examples of the policy in the API documentation; tests check them against the service."""

from typing import Any

Examples = dict[str, dict[str, Any]]

MOMENT = "2026-11-22T09:30:00.250000Z"
TURNED_ON: dict[str, Any] = {
    "step": "on",
    "who": "key:ba9876543210 ben",
    "owner": "Ben",
    "note": "as the auditors ask",
    "at": MOMENT,
}
TURNED_ON |= {"at_shell": None}
BY_ANN: dict[str, Any] = {
    "step": "propose-off",
    "who": "key:0123456789ab rules",
    "owner": "Ann",
    "note": "Ben has left",
    "at": MOMENT,
}
BY_ANN |= {"at_shell": None}

ASKED: Examples = {"off": {"summary": "one person may publish", "value": {"on": False, "note": "Ben has left"}}}
ON: Examples = {"on": {"summary": "four eyes are on", "value": {"on": True, "proposal": None, "changes": [TURNED_ON]}}}
OFF: Examples = {"off": {"summary": "they were never on", "value": {"on": False, "proposal": None, "changes": []}}}
PROPOSED: Examples = {
    "proposed": {
        "summary": "one owner proposed to turn them off",
        "value": {"on": True, "proposal": BY_ANN, "changes": [BY_ANN, TURNED_ON]},
    }
}
