"""Records over HTTP: platforms tell of interactions and actions, their systems read them back."""

from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from app.interactions import action_steps
from app.interactions.requests import Judgement
from app.interactions.words import Review
from app.staff.permissions import Role
from tests.integration.casework import member
from tests.integration.clients import problem
from tests.integration.conftest import AppWith, Sql
from tests.integration.recordings import NOW, Records
from tests.integration.wiring import wiring

FACTS = {"occurred_at": NOW.isoformat(timespec="seconds"), "channel": "pop_up", "template": "think"}
POP_UP = {"id": "msg-1", "user_id": 7, "facts": FACTS}
BLOCK = {
    "id": "act-1",
    "user_id": 7,
    "kind": "deposit_limit",
    "amount": "100",
    "period": "week",
    "decided_at": FACTS["occurred_at"],
    "reason": "above the bound",
    "codes": [30],
}
STEP = {"step": "executed", "happened_at": FACTS["occurred_at"]}


@pytest.fixture
def records(app: APIFlask, sql: Sql) -> Records:
    return Records(app, sql)


def test_an_interaction_is_told_once_and_read_back(client: FlaskClient, records: Records, sql: Sql) -> None:
    case = records.taken(member(sql, "Ann", Role.ANALYST))
    first = client.post("/interactions", json=POP_UP).get_json()
    assert (first["case_id"], first["replayed"]) == (case.id, False)
    assert client.post("/interactions", json=POP_UP).get_json() == {**first, "replayed": True}
    other = client.post("/interactions", json={**POP_UP, "user_id": 8})
    assert problem(other) == (409, "conflicting-record")
    found = client.get(f"/interactions/{first['id']}").get_json()
    assert (found["by"], found["external_id"], found["user_id"]) == ("platform", "msg-1", 7)
    assert (found["facts"]["channel"], found["facts"]["directness"]) == ("pop_up", "indirect")
    assert "said" not in found["facts"]
    assert len(found["behaviour"]["windows"]) == 3
    for query in ("", "?user=7", f"?case={case.id}", f"?after={first['id'] - 1}"):
        assert client.get(f"/interactions{query}").get_json() == {"interactions": [found], "next_after": None}
    for query in ("?user=8", f"?after={first['id']}"):
        assert client.get(f"/interactions{query}").get_json()["interactions"] == []
    assert problem(client.get("/interactions/4711")) == (404, "unknown-interaction")


@pytest.mark.parametrize(
    ("changed", "member"),
    [
        ({"id": "-"}, "id"),
        ({"user_id": "7"}, "user_id"),
        ({"facts": {**FACTS, "channel": "smoke"}}, "facts"),
        ({"facts": {**FACTS, "occurred_at": "2026-01-31 09:30"}}, "facts"),
        ({"facts": {**FACTS, "said": "a\x00b"}}, "facts"),
        ({"facts": {**FACTS, "said": "\ud800"}}, "facts"),
        ({"facts": {**FACTS, "offered": ["nothing"]}}, "facts"),
        ({"facts": {**FACTS, "template": None}}, "facts"),
        ({"facts": {"occurred_at": FACTS["occurred_at"], "channel": "email"}}, "said"),
        ({"facts": {**FACTS, "occurred_at": "2999-01-01T00:00:00Z"}}, "occurred_at"),
        ({"by": "staff"}, "by"),
    ],
)
def test_what_is_wrong_with_an_interaction_is_said(
    client: FlaskClient, sql: Sql, changed: dict[str, Any], member: str
) -> None:
    answer = client.post("/interactions", json={**POP_UP, **changed})
    assert problem(answer) == (400, "invalid-request")
    assert set(answer.get_json()["errors"]) == {member}
    assert sql("SELECT count(*) FROM interaction") == [(0,)]


def test_an_action_and_its_steps(client: FlaskClient, records: Records, sql: Sql) -> None:
    """A77."""
    made = client.post("/actions", json=BLOCK).get_json()
    assert made == {"id": made["id"], "case_id": None, "replayed": False}
    assert client.post("/actions", json=BLOCK).get_json()["replayed"] is True
    assert problem(client.post("/actions", json={**BLOCK, "amount": "200"})) == (409, "conflicting-record")
    path = f"/actions/{made['id']}"
    assert client.post(f"{path}/steps", json=STEP).get_json()["replayed"] is False
    assert client.post(f"{path}/steps", json=STEP).get_json()["replayed"] is True
    contested = {**STEP, "step": "contested", "text": "My money."}
    assert client.post(f"{path}/steps", json=contested).status_code == 200
    assert problem(client.post(f"{path}/steps", json={**contested, "text": "Again"})) == (409, "step-taken")
    for wrong in ({**STEP, "step": "reviewed"}, {**STEP, "contest_until": FACTS["occurred_at"]}, {"step": "executed"}):
        assert problem(client.post(f"{path}/steps", json=wrong)) == (400, "invalid-request")
    assert problem(client.post("/actions/4711/steps", json=STEP)) == (404, "unknown-action")
    lea = member(sql, "Lea", Role.LEAD)
    action_steps.review(records.services, lea, made["id"], Judgement(review=Review.LIFTED, reason="income proved"))
    found = client.get(path).get_json()
    assert (found["amount"], found["period"], found["awaits_review"]) == ("100.00", "week", False)
    assert [step["step"] for step in found["steps"]] == ["executed", "contested", "reviewed"]
    assert (found["steps"][-1]["review"], found["steps"][-1]["who"]) == ("lifted", lea.name)
    assert client.get("/actions?user=7").get_json()["actions"] == [found]
    assert problem(client.get("/actions/4711")) == (404, "unknown-action")


@pytest.mark.parametrize("changed", [{"amount": "0"}, {"period": None}, {"kind": "monitor"}, {"reason": " "}])
def test_what_is_wrong_with_an_action_is_said(client: FlaskClient, changed: dict[str, Any]) -> None:
    body = {name: value for name, value in {**BLOCK, **changed}.items() if value is not None}
    assert problem(client.post("/actions", json=body)) == (400, "invalid-request")


def test_each_route_needs_its_scope(app_with: AppWith) -> None:
    app = app_with(access=Access.KEYS)
    database, client = wiring(app).database, app.test_client()
    keys = {scope: create_key(database, scope.value, [scope], None) for scope in Scope}
    reading = ("/interactions", "/interactions/1", "/actions", "/actions/1", "/evaluations", "/evaluations/1")
    writing = {"/interactions": POP_UP, "/actions": BLOCK, "/actions/1/steps": STEP}
    for scope, key in keys.items():
        headers = {"Authorization": f"Bearer {key}"}
        for path in reading:
            refused = client.get(path, headers=headers).status_code == 403
            assert refused is (scope is not Scope.CASES_READ), (scope, path)
        for path, body in writing.items():
            refused = client.post(path, json=body, headers=headers).status_code == 403
            assert refused is (scope is not Scope.INTERACTIONS_WRITE), (scope, path)
