"""Examples of alerts in the API documentation; tests check them against the service."""

from typing import Any

ALERT: dict[str, Any] = {
    "user_id": 1,
    "t": 28,
    "n": 0,
    "event_id": None,
    "code": 123,
    "edition": 1,
    "shadow": False,
    "fresh": True,
    "indicator": None,
    "strength": "normal",
    "guidance": None,
    "found_late_at": None,
    "retracted_at": None,
    "evidence": {
        "value": "212.00",
        "threshold": "200.00",
        "limit": "200.00",
        "count": 3,
        "moments": [28, 10, 0],
        "events": [
            {"t": 28, "n": 0, "event_id": None},
            {"t": 10, "n": 0, "event_id": None},
            {"t": 0, "n": 0, "event_id": None},
        ],
        "sentence": "212.00 deposited within 28 s by 3 deposits (threshold 200.00 within 30 s)",
    },
}
ALERTS: dict[str, dict[str, Any]] = {
    "last-page": {"summary": "one player's; the last page", "value": {"alerts": [ALERT], "next_before": None}}
}
AN_ALERT: dict[str, dict[str, Any]] = {"alert": {"summary": "deposits add up to too much", "value": ALERT}}
