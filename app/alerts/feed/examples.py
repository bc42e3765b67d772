"""Examples of the feed in the API documentation; tests check them against the service."""

from typing import Any

from app.alerts.examples import ALERT

LEFT_OUT = ("shadow", "found_late_at", "retracted_at")
ENTRY: dict[str, Any] = {
    "number": 1,
    "kind": "raised",
    "at": "2026-11-28T07:00:00.250000+00:00",
    **{name: value for name, value in ALERT.items() if name not in LEFT_OUT},
}
FEED: dict[str, dict[str, Any]] = {
    "entries": {"summary": "the first entry, and so far the last", "value": {"alerts": [ENTRY], "next_after": 1}},
    "nothing-new": {"summary": "nothing new", "value": {"alerts": [], "next_after": 1}},
}
