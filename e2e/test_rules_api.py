"""The rule book over HTTP. Other tests rely on edition 1: nothing here ever publishes another one."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from e2e.problems import invalid_fields, problem_in
from testkit.service import Player

pytestmark = pytest.mark.alone

NO_EDITION = 2**31 - 1
SOON = 50  # events at most until every worker has seen the shadow


def json_of(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.text
    return dict(response.json())


@pytest.fixture
def contract(client: httpx.Client) -> list[dict[str, Any]]:
    return list(json_of(client.get("/rules/1"))["rules"])


@pytest.fixture
def draft(client: httpx.Client) -> Iterator[Callable[..., int]]:
    """Draft editions; retire those that are left."""
    drafted: list[int] = []

    def draft(**body: object) -> int:
        response = client.post("/rules", json=body)
        drafted.append(json_of(response, 201)["edition"])
        assert response.headers["Location"] == f"/rules/{drafted[-1]}"
        return drafted[-1]

    yield draft
    for edition in drafted:
        client.post(f"/rules/{edition}/retire", json={"note": "a test has ended"})


def stricter(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**rule, "above": "80.00"} if rule["code"] == 1100 else rule for rule in rules]


def test_the_live_edition_is_the_one_of_the_contract(client: httpx.Client) -> None:
    live = json_of(client.get("/rules"))["live"]
    edition = json_of(client.get(f"/rules/{live}"))
    assert edition["status"] == "live"
    assert [rule["code"] for rule in edition["rules"]] == [30, 123, 300, 1100]


def test_a_draft_reads_back_unchanged_and_judges_nothing(
    client: httpx.Client, draft: Callable[..., int], contract: list[dict[str, Any]], player: Player
) -> None:
    edition = draft(rules=stricter(contract), note="80 is enough")
    shown = json_of(client.get(f"/rules/{edition}"))
    assert (shown["status"], shown["note"], shown["rules"]) == ("draft", "80 is enough", stricter(contract))
    assert json_of(client.get(f"/rules/1/diff/{edition}")) == {"differences": ["1100: above 100.00 → 80.00"]}
    assert json_of(client.get("/rules?limit=1"))["editions"][0]["edition"] >= edition
    assert player.withdraw("90.00", t=1) == []


def test_an_edition_can_be_drafted_again(client: httpx.Client, draft: Callable[..., int]) -> None:
    edition = draft(edition=1)
    assert json_of(client.get(f"/rules/1/diff/{edition}")) == {"differences": []}
    exported, taken = (client.get(f"/rules/{number}/toml").text for number in (edition, 1))
    assert exported.replace(f"based_on = {edition}\n", "based_on = 1\n") == taken


def test_an_edition_is_exported_as_toml(client: httpx.Client) -> None:
    response = client.get("/rules/1/toml")
    assert response.headers["Content-Type"] == "application/toml"
    assert response.text.count("[[rules]]") == 4
    assert 'above = "200.00"' in response.text


def test_shadow_alerts_are_stored_and_not_answered(
    client: httpx.Client, draft: Callable[..., int], contract: list[dict[str, Any]], player: Player
) -> None:
    edition = draft(rules=stricter(contract))
    assert json_of(client.post(f"/rules/{edition}/shadow", json={"note": "let us see"}))["status"] == "shadow"
    assert json_of(client.get("/rules"))["shadow"] == edition
    found: list[dict[str, Any]] = []
    for t in range(1, SOON * 3, 3):  # a deposit in between, so that no three withdrawals are in a row
        assert player.withdraw("90.00", t=t) == []
        player.deposit("1.00", t=t + 1)
        if found := json_of(client.get(f"/alerts?user={player.user_id}&shadow=true"))["alerts"]:
            break
    assert [(each["code"], each["edition"], each["shadow"]) for each in found] == [(1100, edition, True)]
    assert found[0]["evidence"]["sentence"] == "90.00 withdrawn at once (threshold 80.00)"
    path = f"/alerts/{player.user_id}/{found[0]['t']}/1100"
    assert json_of(client.get(f"{path}?shadow=true")) == found[0]
    problem_in(client.get(path), 404, "unknown-alert")
    assert json_of(client.get("/alerts", params={"user": player.user_id}))["alerts"] == []


def test_every_step_is_in_the_audit(client: httpx.Client, draft: Callable[..., int]) -> None:
    edition = draft(edition=1, note="why")
    json_of(client.post(f"/rules/{edition}/shadow"))
    json_of(client.post(f"/rules/{edition}/retire", json={"note": "enough"}))
    steps = json_of(client.get("/rules/audit?limit=200"))["steps"]
    own = [(each["step"], each["note"]) for each in steps if each["edition"] == edition]
    assert own == [("retire", "enough"), ("shadow", ""), ("draft", "why")]
    assert len({each["who"] for each in steps if each["edition"] == edition}) == 1


@pytest.mark.parametrize("step", ["shadow", "publish", "retire"])
def test_the_live_edition_allows_no_step(client: httpx.Client, step: str) -> None:
    problem_in(client.post(f"/rules/1/{step}"), 409, "wrong-step")
    assert json_of(client.get("/rules"))["live"] == 1


@pytest.mark.parametrize("path", ["", "/toml", "/diff/1", "/shadow", "/publish", "/retire"])
def test_an_unknown_edition_is_not_found(client: httpx.Client, path: str) -> None:
    method = "POST" if path in {"/shadow", "/publish", "/retire"} else "GET"
    problem_in(client.request(method, f"/rules/{NO_EDITION}{path}"), 404, "unknown-edition")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seconds": 0}, "rule 123, seconds"),
        ({"seconds": 31622401}, "rule 123, seconds"),
        ({"above": "1.001"}, "rule 123, above"),
        ({"kind": "python"}, "rule 123, kind"),
        ({"name": ""}, "rule 123, name"),
        ({"code": 30}, "rule 30, code"),
        ({"if": "amount > 5"}, "rule 123, if"),
    ],
)
def test_rules_that_could_fail_are_not_saved(
    client: httpx.Client, contract: list[dict[str, Any]], change: dict[str, Any], named: str
) -> None:
    newest = json_of(client.get("/rules?limit=1"))["editions"]
    rules = [{**rule, **change} if rule["code"] == 123 else rule for rule in contract]
    problem = problem_in(client.post("/rules", json={"rules": rules}), 400, "invalid-rules")
    assert invalid_fields(problem) == {named}
    assert json_of(client.get("/rules?limit=1"))["editions"] == newest
