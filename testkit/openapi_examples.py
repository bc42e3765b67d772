"""How to reproduce the examples of the OpenAPI document over HTTP, on a service with default settings."""

from collections.abc import Callable

import httpx

from testkit.bodies import MAX_BATCH_BYTES, MAX_BODY_BYTES, MAX_PLAYERS_BYTES
from testkit.openapi_document import ANY
from testkit.openapi_example import ExampleCase
from testkit.openapi_examples_of_rules import REPRODUCTIONS as RULE_REPRODUCTIONS
from testkit.service import REPLAY_HEADER


def replay(at: ExampleCase) -> httpx.Response:
    answer = at.events(("withdraw", "150.00", 10), ("withdraw", "150.00", 10))
    assert answer.headers[REPLAY_HEADER] == "true"
    return answer


def two_at_once(at: ExampleCase) -> httpx.Response:
    user_id = at.player.user_id
    late = {"type": "deposit", "amount": "42.00", "user_id": user_id, "t": 9}
    return at.player.client.post("/events", json=[{**late, "type": "withdraw", "amount": "150.00", "t": 10}, late])


def read_back(at: ExampleCase) -> httpx.Response:
    at.player.deposit("42.00", t=10)
    at.player.withdraw("150.00", t=20)
    return at.player.client.get(at.example.path.replace("/1", f"/{at.player.user_id}"))


def read_one(at: ExampleCase) -> httpx.Response:
    at.player.deposit("42.00", t=10)
    return at.player.client.get(f"/users/{at.player.user_id}/events/10")


def read_one_with_id(at: ExampleCase) -> httpx.Response:
    event = {"type": "deposit", "amount": "42.00", "user_id": at.player.user_id, "t": 10, "event_id": "tx-1a2b"}
    at.player.client.post("/event", json=event).raise_for_status()
    return at.player.client.get(f"/users/{at.player.user_id}/events/by-id/tx-1a2b")


def correct(at: ExampleCase, body: object, event_id: str = "1") -> httpx.Response:
    """Send a correction of the event at 10, or of that with an id."""
    path = at.example.path.replace("/users/1", f"/users/{at.player.user_id}").replace("/events/1", "/events/10")
    return at.player.client.post(path.replace("/by-id/1/", f"/by-id/{event_id}/"), json=body)


def corrected(at: ExampleCase) -> httpx.Response:
    """Correct one of three events, whose third raises 123 because of the first."""
    with_id = {"event_id": "tx-1a2b"} if "by-id" in at.example.path else {}
    for kind, amount, t in (("deposit", "150.00", 10), ("withdraw", "5.00", 15), ("deposit", "60.00", 20)):
        event = {"type": kind, "amount": amount, "user_id": at.player.user_id, "t": t, **(with_id if t == 10 else {})}
        at.player.client.post("/event", json=event).raise_for_status()
    return correct(at, at.example.request, "tx-1a2b")


def amended_to_the_same(at: ExampleCase) -> httpx.Response:
    with_id = {"event_id": "1"} if "by-id" in at.example.path else {}
    event = {"type": "deposit", "amount": "15.00", "user_id": at.player.user_id, "t": 10, **with_id}
    at.player.client.post("/event", json=event).raise_for_status()
    return correct(at, at.example.request)


def unknown_event(at: ExampleCase) -> httpx.Response:
    return at.player.client.get(at.example.path.replace("/users/1", f"/users/{at.player.user_id}"))


def register(at: ExampleCase) -> httpx.Response:
    user_id = at.player.user_id
    user = {"user_id": user_id, "name": "Ada Sample", "email": f"ada.{user_id}@example.com"}
    return at.player.client.post(at.example.path, json=user)


def register_twice(at: ExampleCase) -> httpx.Response:
    register(at).raise_for_status()
    return register(at)


def change_what_others_changed(at: ExampleCase) -> httpx.Response:
    """Change a player who has changed since the version that is named."""
    user_id, client = at.player.user_id, at.player.client
    new = {"user_id": user_id, "name": "Ada Sample", "email": f"ada.{user_id}@example.com"}
    client.post("/users", json=new).raise_for_status()
    client.put(f"/users/{user_id}", json={"groups": ["vip"]}).raise_for_status()
    return client.put(f"/users/{user_id}", json={"groups": ["18-24"], "version": 0})


def take_an_email(at: ExampleCase) -> httpx.Response:
    """Give a player the email of another one."""
    user_id, client = at.player.user_id, at.player.client
    emails = [f"{name}.{user_id}@example.com" for name in ("ada", "ben")]
    for more, email in enumerate(emails):
        new = {"user_id": user_id - more * OTHERS, "name": "Ada Sample", "email": email}
        client.post("/users", json=new).raise_for_status()
    return client.put(f"/users/{user_id}", json={"email": emails[1]})


def raised(at: ExampleCase) -> httpx.Response:
    for t, amount in ((0, "100.00"), (10, "62.00"), (28, "50.00")):
        at.player.deposit(amount, t=t)
    user_id = at.player.user_id
    if at.example.operation == "read_alerts":
        return at.player.client.get("/alerts", params={"user": user_id})
    return at.player.client.get(f"/alerts/{user_id}/28/123")


ENDPOINT_STEPS = ("change_endpoint", "rotate_secret", "send_test_message", "replay_deliveries")
OF_WEBHOOKS: dict[tuple[str, str], Callable[[ExampleCase], httpx.Response]] = {
    (ANY, "unknown-endpoint"): lambda at: at.send(
        b'{"dead": true}' if at.example.operation == "replay_deliveries" else b"{}" * (at.example.request is not None),
        path=at.example.path.replace("/endpoints/1", f"/endpoints/{at.player.user_id}"),  # of no endpoint
    ),
    ("retry_delivery", "unknown-delivery"): lambda at: at.send(path="/webhooks/deliveries/1/retry"),
    ("create_endpoint", "invalid-request"): lambda at: at.send(b'{"name": "x", "url": "https://10.1.2.3/x"}'),
    ("change_endpoint", "invalid-request"): lambda at: at.send(b'{"per_second": 0}'),
    ("replay_deliveries", "invalid-request"): lambda at: at.send(b"{}"),
    **{
        (each, "invalid-request"): lambda at: at.send(b'{"note": ""}')
        for each in ("rotate_secret", "send_test_message", "retry_delivery")
    },
    **{
        (each, "invalid-request"): lambda at: at.send(parameters={"limit": "0"})
        for each in ("read_endpoints", "read_endpoint", "read_steps", "delete_endpoint", "read_deliveries")
    },
    **{
        (each, "not-found"): lambda at: at.send(
            b"{}" * (at.example.request is not None), path=at.example.path.replace("/1", "/0", 1)
        )
        for each in ("read_endpoint", "read_steps", "delete_endpoint", "retry_delivery", *ENDPOINT_STEPS)
    },
}
READING_RECORDS = ("read_interactions", "read_actions", "read_evaluations")
READING_A_RECORD = ("read_interaction", "read_action", "read_evaluation")
AT = b'"2026-01-31T09:30:00Z"'
WRONG_RECORDS = {
    "tell_interaction": b'{"id": "1", "user_id": 1, "facts": {"occurred_at": %s, "channel": "chat"}}' % AT,
    "tell_action": b'{"id": "1", "user_id": 1, "kind": "monitor", "decided_at": %s, "reason": " "}' % AT,
    "tell_step": b'{"step": "reviewed", "happened_at": %s}' % AT,
}
OF_RECORDS: dict[tuple[str, str], Callable[[ExampleCase], httpx.Response]] = {
    **{(each, "invalid-request"): lambda at: at.send(WRONG_RECORDS[at.example.operation]) for each in WRONG_RECORDS},
    **{
        (each, "invalid-request"): lambda at: at.send(parameters={"limit": "0"})
        for each in (*READING_RECORDS, *READING_A_RECORD)
    },
    **{
        (each, "not-found"): lambda at: at.send(
            b"{}" * (at.example.request is not None), path=at.example.path.replace("/1", "/0", 1)
        )
        for each in ("tell_step", *READING_A_RECORD)
    },
}
OTHERS = 2**61  # between the ids of two players of one example
CORRECTIONS = ("reverse_event", "amend_event", "reverse_event_with_id", "amend_event_with_id")
OF_CORRECTIONS: dict[tuple[str, str], Callable[[ExampleCase], httpx.Response]] = {
    **{(each, "invalid-request"): lambda at: correct(at, {}) for each in CORRECTIONS},
    **{(each, "unknown-event"): lambda at: correct(at, at.example.request) for each in CORRECTIONS},
    **{
        (each, "not-found"): lambda at: at.send(b"{}", path=at.example.path.replace("/users/1", "/users/0"))
        for each in CORRECTIONS
    },
    **{(each, "reversed"): corrected for each in CORRECTIONS if "reverse" in each},
    **{(each, "amended"): corrected for each in CORRECTIONS if "amend" in each},
    **{(each, "nothing-to-correct"): amended_to_the_same for each in CORRECTIONS if "amend" in each},
}
REPRODUCTIONS: dict[tuple[str, str], Callable[[ExampleCase], httpx.Response]] = {
    (ANY, "malformed-json"): lambda at: at.send(b"[]"),
    (ANY, "too-large"): lambda at: at.send(b" " * (MAX_BODY_BYTES + 1)),
    (ANY, "unsupported-media-type"): lambda at: at.send(b"{}", "text/plain"),
    ("receive_event", "no-alert"): lambda at: at.event("deposit", "42.00", 10),
    ("receive_event", "alerts"): lambda at: at.events(
        ("deposit", "201.00", 10), ("withdraw", "5.00", 20), ("withdraw", "5.00", 30), ("withdraw", "5.00", 40)
    ),
    ("receive_event", "replay"): replay,
    ("receive_event", "invalid-event"): lambda at: at.event("deposit", "0", "10"),
    ("receive_event", "out-of-order"): lambda at: at.events(("deposit", "42.00", 10), ("deposit", "42.00", 9)),
    ("receive_event", "duplicate-event"): lambda at: at.events(("deposit", "42.00", 10), ("withdraw", "42.00", 10)),
    ("receive_events", "mixed"): two_at_once,
    ("receive_events", "malformed-json"): lambda at: at.send(b"{}"),
    ("receive_events", "too-large"): lambda at: at.send(b" " * (MAX_BATCH_BYTES + 1)),
    ("read_events", "last-page"): read_back,
    ("read_events", "invalid-request"): lambda at: at.send(parameters={"limit": "0"}),
    ("read_event", "event"): read_one,
    ("read_event", "unknown-event"): unknown_event,
    ("read_event", "invalid-request"): lambda at: at.send(parameters={"n": "2147483648"}),
    ("read_event", "not-found"): lambda at: at.player.client.get("/users/0/events/10"),
    ("read_event_with_id", "event"): read_one_with_id,
    ("read_event_with_id", "unknown-event"): unknown_event,
    ("read_event_with_id", "invalid-request"): lambda at: at.send(parameters={"limit": "0"}),
    ("read_event_with_id", "not-found"): lambda at: at.player.client.get("/users/0/events/by-id/1"),
    ("read_activity", "activity"): read_back,
    ("read_activity", "invalid-request"): lambda at: at.send(parameters={"limit": "0"}),
    ("read_events", "not-found"): lambda at: at.player.client.get("/users/0/events"),
    ("read_corrections", "invalid-request"): lambda at: at.send(parameters={"limit": "0"}),
    ("read_corrections", "not-found"): lambda at: at.player.client.get("/users/0/corrections"),
    ("read_totals", "totals"): read_back,
    ("read_totals", "invalid-request"): lambda at: at.send(parameters={"limit": "0"}),
    ("read_totals", "not-found"): lambda at: at.player.client.get("/users/0/totals"),
    ("read_activity", "not-found"): lambda at: at.player.client.get("/users/0"),
    ("register_user", "registered"): register,
    ("register_user", "duplicate-user"): register_twice,
    ("register_user", "invalid-request"): lambda at: at.send(b'{"name": "Ada Sample", "email": "ada"}'),
    ("update_users", "malformed-json"): lambda at: at.send(b"{}"),
    ("update_users", "too-large"): lambda at: at.send(b" " * (MAX_PLAYERS_BYTES + 1)),
    ("change_user", "duplicate-user"): take_an_email,
    ("change_user", "player-changed"): change_what_others_changed,
    ("change_user", "invalid-request"): lambda at: at.send(b'{"groups": ["VIP"]}'),
    ("change_user", "not-found"): lambda at: at.send(b"{}", path="/users/0"),
    ("read_user_changes", "invalid-request"): lambda at: at.send(parameters={"limit": "0"}),
    ("read_user_changes", "not-found"): lambda at: at.player.client.get("/users/0/changes"),
    ("read_users", "invalid-request"): lambda at: at.send(parameters={"limit": "0"}),
    ("show_metrics", "excerpt"): lambda at: at.send(),
    ("read_alerts", "last-page"): raised,
    ("read_alerts", "invalid-request"): lambda at: at.send(parameters={"limit": "0"}),
    ("read_feed", "invalid-request"): lambda at: at.send(parameters={"limit": "0"}),
    ("read_alert", "alert"): raised,
    ("read_alert", "unknown-alert"): lambda at: at.send(),
    ("read_alert", "not-found"): lambda at: at.player.client.get("/alerts/0/1/1"),
    ("read_alert", "invalid-request"): lambda at: at.send(parameters={"shadow": "yes"}),
    ("read_cases", "invalid-request"): lambda at: at.send(parameters={"limit": "0"}),
    ("read_case", "invalid-request"): lambda at: at.send(parameters={"limit": "0"}),
    ("read_case", "not-found"): lambda at: at.player.client.get("/cases/0"),
    ("read_case", "unknown-case"): lambda at: at.player.client.get(f"/cases/{at.player.user_id}"),  # of no case
    **OF_CORRECTIONS,
    **OF_WEBHOOKS,
    **OF_RECORDS,
    **RULE_REPRODUCTIONS,
    ("live", "live"): lambda at: at.send(),
    ("ready", "ready"): lambda at: at.send(),
}
# What needs keys, limits, patience, a policy, register or rule book of its own, a defect, a database that is away:
# tests/integration/test_openapi.py.
REPRODUCED_ELSEWHERE = {
    "nothing-to-correct",
    "too-many-later-events",
    "too-much-to-compare",
    "audit",
    "case",
    "cases",
    "changed",
    "changes",
    "players",
    "compared",
    "contract",
    "corrections",
    "drafted",
    "entries",
    "in-the-shadow",
    "list",
    "live-edition-changed",
    "published",
    "retired",
    "same-eyes",
    "no-free-user-id",
    "off",
    "on",
    "proposed",
    "forbidden",
    "internal-error",
    "not-ready",
    "not-yet-numbered",
    "nothing-new",
    "request-timeout",
    "steps",
    "still-adding-up",
    "second-full",
    "t-in-the-future",
    "too-many-requests",
    "unauthorized",
    "unavailable",
    "unknown-user",
    "whole-register",
    "action",
    "answered",
    "conflicting-record",
    "evaluation",
    "interaction",
    "no-actions",
    "no-evaluations",
    "no-interactions",
    "recorded",
    "step-taken",
    "unknown-action",
    "unknown-evaluation",
    "unknown-interaction",
    "created",
    "dead",
    "due",
    "due-again",
    "endpoint",
    "endpoint-gone",
    "no-cases",
    "no-webhook-key",
    "not-signed",
    "one",
    "paused",
    "rotated",
    "too-many-endpoints",
    "too-much-to-replay",
}
