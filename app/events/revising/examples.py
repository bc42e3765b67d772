"""Examples of corrections in the API documentation; tests check them against the service."""

from typing import Any

CORRECTED: dict[str, Any] = {
    "correction": 4,
    "kind": "reversal",
    "user_id": 1,
    "t": 10,
    "n": 0,
    "event_id": None,
    "before": {"type": "deposit", "amount": "150.00"},
    "after": None,
    "reason": "charge-back",
    "by": "anonymous",
    "at": "2026-11-27T09:30:00.250000Z",
    "at_shell": None,
    "revised": [{"t": 20, "n": 0, "event_id": None, "codes_before": [123], "codes_after": []}],
}
REVERSED = {"reversed": {"value": CORRECTED}}
AMENDED = {"amended": {"value": {**CORRECTED, "kind": "amendment", "after": {"type": "deposit", "amount": "15.00"}}}}
REVERSAL = {"reversal": {"value": {"reason": "charge-back"}}}
AMENDMENT = {"amendment": {"value": {"reason": "typing error", "amount": "15.00"}}}
