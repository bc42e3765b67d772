"""The rule book over HTTP: what it shows, what each step does, and which requests are refused without a trace."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from openapi_schema_validator import OAS31Validator
from werkzeug.test import TestResponse

from app.events.domain import MeaningOfT
from app.rulebook.forms import MAX_RULES, format_rules
from app.rulebook.toml import parse_toml
from app.rules.rule import Rule
from app.rules.spans import zones_version
from tests.edition_1 import WRITTEN
from tests.integration.books import write_into
from tests.integration.clients import problem
from tests.integration.conftest import AppWith, Sql
from tests.strategies import EDITIONS

STREAK, WINDOW, RISING, LARGE = WRITTEN
AT_ONCE = 8
STRICTER = [*WRITTEN[:3], {**LARGE, "above": "80.00"}]


def json_of(answer: TestResponse, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return dict(answer.get_json())


def draft(client: FlaskClient, rules: object = STRICTER, **more: object) -> int:
    answer = client.post("/rules", json={"rules": rules, **more})
    edition = json_of(answer, 201)["edition"]
    assert answer.headers["Location"] == f"/rules/{edition}"
    return int(edition)


def statuses(client: FlaskClient) -> dict[int, str]:
    return {each["edition"]: each["status"] for each in json_of(client.get("/rules"))["editions"]}


def test_the_live_edition_can_be_filtered(client: FlaskClient) -> None:
    book = json_of(client.get("/rules"))
    assert (book["live"], book["shadow"], book["next_before"]) == (1, None, None)
    assert json_of(client.get(f"/rules/{book['live']}"))["rules"] == WRITTEN


def test_an_edition_goes_from_draft_to_retired(client: FlaskClient) -> None:
    assert draft(client) == 2
    assert json_of(client.post("/rules/2/shadow", json={"note": "let us see"}))["status"] == "shadow"
    assert json_of(client.get("/rules"))["shadow"] == 2
    published = json_of(client.post("/rules/2/publish"))
    assert (published["status"], published["published_by"], published["rules"]) == ("live", "anonymous", STRICTER)
    assert json_of(client.get("/rules"))["live"] == 2
    assert statuses(client) == {1: "retired", 2: "live"}
    assert json_of(client.post("/rules", json={"edition": 1}), 201)["rules"] == WRITTEN
    assert json_of(client.post("/rules/3/retire"))["status"] == "retired"
    assert json_of(client.post("/rules/1/publish"))["status"] == "live", "and back"


def test_every_step_is_in_the_audit_with_its_reason(client: FlaskClient) -> None:
    draft(client, note="80 is enough")
    client.post("/rules/2/publish", json={"note": "tried for a week"})
    steps = json_of(client.get("/rules/audit"))["steps"]
    assert [(each["edition"], each["step"], each["who"], each["note"]) for each in steps] == [
        (2, "publish", "anonymous", "tried for a week"),
        (1, "retire", "anonymous", "edition 2 takes its place"),
        (2, "draft", "anonymous", "80 is enough"),
        (1, "publish", "migration 0004", "the rules of the contract"),
        (1, "draft", "migration 0004", "the rules of the contract"),
    ]


@pytest.mark.parametrize(("path", "members"), [("/rules", "editions"), ("/rules/audit", "steps")])
def test_the_lists_are_paginated(client: FlaskClient, path: str, members: str) -> None:
    for _ in range(5):
        draft(client)
    whole = json_of(client.get(path))
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next_before": 2**62}
    while page["next_before"] is not None:
        page = json_of(client.get(f"{path}?limit=2&before={page['next_before']}"))
        assert len(page[members]) <= 2
        found += page[members]
    assert found == whole[members]
    assert [each["edition"] for each in found][:6] == [6, 5, 4, 3, 2, 1]


@pytest.fixture
def in_unix_time(app_with: AppWith) -> FlaskClient:
    return app_with(t_is=MeaningOfT.UNIX).test_client()


MONTHLY = {**{name: value for name, value in WINDOW.items() if name != "seconds"}, "period": "month", "zone": "UTC"}


def test_periods_of_the_calendar_need_unix_time(client: FlaskClient, in_unix_time: FlaskClient) -> None:
    """A62: where `t` is any number, no step makes such a rule judge."""
    refused = json_of(client.post("/rules", json={"rules": [*STRICTER[1:], {**MONTHLY, "code": 7}]}), 400)
    assert refused["errors"].keys() == {"rule 7, period"}
    assert "T_IS=unix" in refused["detail"]
    edition = draft(in_unix_time, [MONTHLY])
    assert json_of(client.get(f"/rules/{edition}"))["time_zones"] == zones_version()
    for step in ("shadow", "publish"):
        answer = json_of(client.post(f"/rules/{edition}/{step}"), 409)
        assert "periods of the calendar (123)" in answer["detail"]
    assert json_of(client.post("/rules", json={"edition": edition}), 400)["errors"].keys() == {"rule 123, period"}
    assert json_of(in_unix_time.post(f"/rules/{edition}/shadow"))["status"] == "shadow"
    assert json_of(in_unix_time.post(f"/rules/{edition}/publish"))["status"] == "live"
    assert json_of(client.get("/rules/1"))["time_zones"] is None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EDITIONS)
def test_a_draft_reads_back_and_can_be_drafted_again(in_unix_time: FlaskClient, rules: list[Rule]) -> None:
    client = in_unix_time
    written = format_rules(sorted(rules, key=lambda rule: rule.code))
    edition = draft(client, format_rules(rules))
    assert json_of(client.get(f"/rules/{edition}"))["rules"] == written
    assert format_rules(parse_toml(client.get(f"/rules/{edition}/toml").text).rules) == written
    again = draft(client, written)
    assert json_of(client.get(f"/rules/{edition}/diff/{again}")) == {"differences": []}


def test_an_amount_keeps_its_exact_value(client: FlaskClient) -> None:
    body = json.dumps({"rules": [LARGE]}).replace('"100.00"', "80.10")
    answer = client.post("/rules", data=body, content_type="application/json")
    assert json_of(answer, 201)["rules"][0]["above"] == "80.10"


def test_the_exports_of_api_and_command_are_equal(app: APIFlask, client: FlaskClient) -> None:
    answer = client.get("/rules/1/toml")
    assert answer.content_type == "application/toml"
    assert answer.text == app.test_cli_runner().invoke(args=["rules", "export", "1"]).output


def test_a_difference_is_described_in_words(client: FlaskClient) -> None:
    draft(client)
    assert json_of(client.get("/rules/1/diff/2")) == {"differences": ["1100: above 100.00 → 80.00"]}
    assert json_of(client.get("/rules/2/diff/1")) == {"differences": ["1100: above 80.00 → 100.00"]}


def test_concurrent_steps_are_serialized(app: APIFlask, client: FlaskClient) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        drafted = list(threads.map(lambda _: draft(app.test_client()), range(AT_ONCE)))
        assert sorted(drafted) == list(range(2, AT_ONCE + 2)), "each has a number of its own"
        published = list(threads.map(lambda edition: app.test_client().post(f"/rules/{edition}/publish"), drafted))
    assert sorted(answer.status_code for answer in published) == [200, *[409] * (AT_ONCE - 1)]
    assert {problem(each) for each in published if each.status_code == 409} == {(409, "live-edition-changed")}
    [live] = [each.get_json()["edition"] for each in published if each.status_code == 200]
    in_turn = [
        each["edition"] for each in json_of(client.get("/rules/audit?limit=200"))["steps"] if each["step"] == "publish"
    ]
    assert in_turn == [live, 1], "nobody undid the publication of another, who did not know of it"
    assert [edition for edition, status in statuses(client).items() if status == "live"] == [live]


def many_rules(length: int) -> list[dict[str, Any]]:
    return [{**WINDOW, "code": code, "description": "x" * length} for code in range(1, MAX_RULES + 1)]


def test_a_whole_book_fits_into_a_request(client: FlaskClient) -> None:
    rules = many_rules(250)
    assert len(json.dumps({"rules": rules})) > 40 * 1024
    assert len(json_of(client.get(f"/rules/{draft(client, rules)}"))["rules"]) == MAX_RULES


@pytest.mark.parametrize("body", [b"", b"{}"])
@pytest.mark.parametrize("media_type", [None, "application/json"])
def test_the_reason_is_optional(client: FlaskClient, body: bytes, media_type: str | None) -> None:
    draft(client)
    answer = client.post("/rules/2/shadow", data=body, content_type=media_type if body or media_type else None)
    assert answer.status_code == (415 if body and media_type is None else 200)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in STREAK.items() if key != name}


NO_EDITION = 2**31 - 1
Wrong = tuple[str, object, tuple[int, str], list[str]]
WRONG: dict[str, Wrong] = {
    "no rules": ("", {}, (400, "invalid-request"), ["rules"]),
    "rules and an edition": ("", {"rules": WRITTEN, "edition": 1}, (400, "invalid-request"), ["rules"]),
    "another member": ("", {"edition": 1, "publish": True}, (400, "invalid-request"), ["publish"]),
    "an edition as a string": ("", {"edition": "1"}, (400, "invalid-request"), ["edition"]),
    "an edition beyond all": ("", {"edition": 2**31}, (400, "invalid-request"), ["edition"]),
    "an edition that is none": ("", {"edition": NO_EDITION}, (404, "unknown-edition"), []),
    "a note of two lines": ("", {"edition": 1, "note": "a\nb"}, (400, "invalid-request"), ["note"]),
    "a note too long": ("", {"edition": 1, "note": "x" * 501}, (400, "invalid-request"), ["note"]),
    "a note that is a number": ("", {"edition": 1, "note": 1.5}, (400, "invalid-request"), ["note"]),
    "no list": ("", {"rules": {}}, (400, "invalid-rules"), ["rules"]),
    "null": ("", {"rules": None}, (400, "invalid-request"), ["rules"]),
    "an empty list": ("", {"rules": []}, (400, "invalid-rules"), ["rules"]),
    "too many rules": ("", {"rules": [1] * 101}, (400, "invalid-rules"), ["rules"]),
    "a rule that is none": ("", {"rules": [1]}, (400, "invalid-rules"), ["rule no. 1, rule"]),
    "a code twice": ("", {"rules": [STREAK, STREAK]}, (400, "invalid-rules"), ["rule 30, code"]),
    "a window of nothing": ("", {"rules": [{**WINDOW, "seconds": 0}]}, (400, "invalid-rules"), ["rule 123, seconds"]),
    "a fraction": ("", {"rules": [{**WINDOW, "seconds": 1.0}]}, (400, "invalid-rules"), ["rule 123, seconds"]),
    "a name that is a number": ("", {"rules": [{**STREAK, "name": 1.5}]}, (400, "invalid-rules"), ["rule 30, name"]),
    "no name": ("", {"rules": [without("name")]}, (400, "invalid-rules"), ["rule 30, name"]),
    "an unknown parameter": ("", {"rules": [{**STREAK, "sql": "x"}]}, (400, "invalid-rules"), ["rule 30, sql"]),
    "a third of a cent": ("", {"rules": [{**LARGE, "above": 0.333}]}, (400, "invalid-rules"), ["rule 1100, above"]),
    "more than a book": ("", {"rules": many_rules(500)}, (413, "too-large"), []),
    "to shadow the live edition": ("/1/shadow", {}, (409, "wrong-step"), []),
    "to publish the live edition": ("/1/publish", {}, (409, "wrong-step"), []),
    "to retire the live edition": ("/1/retire", {}, (409, "wrong-step"), []),
    "to publish what is none": (f"/{NO_EDITION}/publish", {}, (404, "unknown-edition"), []),
    "a number that is none": ("/0/publish", {}, (404, "not-found"), []),
    "a reason that is a number": ("/1/publish", {"note": 1}, (400, "invalid-request"), ["note"]),
    "a reason without words": ("/1/publish", {"note": " "}, (400, "invalid-request"), ["note"]),
    "a reason and more": ("/1/publish", {"note": "x", "force": True}, (400, "invalid-request"), ["force"]),
}


def book(sql: Sql) -> list[tuple[Any, ...]]:
    return sql("SELECT * FROM rule_book ORDER BY edition") + sql("SELECT * FROM rule_book_audit ORDER BY id")


@pytest.mark.parametrize(("path", "body", "refusal", "named"), WRONG.values(), ids=WRONG.keys())
def test_a_refusal_names_what_is_wrong_and_leaves_no_trace(  # noqa: PLR0913, PLR0917  # a row of the table
    client: FlaskClient, sql: Sql, path: str, body: object, refusal: tuple[int, str], named: list[str]
) -> None:
    before = book(sql)
    answer = client.post(f"/rules{path}", json=body)
    assert problem(answer) == refusal
    assert list(answer.get_json().get("errors", {})) == named
    assert book(sql) == before


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
@pytest.mark.parametrize("number", ["0", "2147483648"])
def test_every_operation_on_an_unknown_edition_is_not_found(client: FlaskClient, method: str, number: str) -> None:
    assert problem(client.open(f"/rules/{number}", method=method)) == (404, "not-found")


MALFORMED = [b"", b"[]", b'{"edition": 1', b'{"edition": NaN}', b"\xff"]


@pytest.mark.parametrize("body", MALFORMED)
def test_a_draft_must_be_a_json_object(client: FlaskClient, sql: Sql, body: bytes) -> None:
    before = book(sql)
    assert problem(client.post("/rules", data=body, content_type="application/json")) == (400, "malformed-json")
    assert book(sql) == before


def test_a_repeated_member_of_a_rule_is_refused(client: FlaskClient) -> None:
    answer = client.post("/rules", data=b'{"rules": [{"code": 1, "code": 2}]}', content_type="application/json")
    assert problem(answer) == (400, "invalid-request")
    assert answer.get_json()["errors"] == {"rules no. 1, code": ["Was given twice."]}


def test_only_the_first_faults_are_reported(client: FlaskClient) -> None:
    members = {f"m{n}": n for n in range(1000)}
    answer = client.post("/rules", json={"rules": [{**STREAK, **members}]})
    assert problem(answer) == (400, "invalid-rules")
    assert len(answer.get_json()["errors"]) == 20
    assert answer.get_json()["detail"].endswith("; and 980 more")


def test_an_unreadable_edition_is_a_server_error(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    draft(client)
    write_into(sql, 2, '[{"code": 1}]')
    assert problem(client.get("/rules/2")) == (500, "internal-error")
    assert statuses(client) == {1: "live", 2: "draft"}, "the list has no rules"
    shown = app.test_cli_runner().invoke(args=["rules", "show", "2"])
    assert (shown.exit_code, "edition 2 cannot be read" in shown.output) == (1, True)


RULES_AND_THEIR_WORTH: list[tuple[dict[str, Any], bool]] = [
    *((rule, True) for rule in WRITTEN),
    (without("evaluated_on"), True),
    (without("description"), False),
    (without("count"), False),
    ({**STREAK, "count": 2}, True),
    ({**STREAK, "count": 1}, False),
    ({**STREAK, "count": 101}, False),
    ({**STREAK, "code": 2**31 - 1}, True),
    ({**STREAK, "code": 2**31}, False),
    ({**STREAK, "code": 0}, False),
    ({**STREAK, "name": ""}, False),
    ({**STREAK, "name": "x" * 101}, False),
    ({**STREAK, "description": "x" * 500}, True),
    ({**STREAK, "description": "x" * 501}, False),
    ({**STREAK, "type": "bet"}, False),
    ({**STREAK, "indicator": "g", "strength": "strong", "guidance": "x" * 500}, True),
    ({**STREAK, "indicator": "h"}, False),
    ({**STREAK, "strength": "weak"}, False),
    ({**STREAK, "guidance": "x" * 501}, False),
    ({**STREAK, "evaluated_on": []}, False),
    ({**STREAK, "evaluated_on": ["withdraw"]}, True),
    ({**STREAK, "evaluated_on": ["deposit"]}, False),
    ({**STREAK, "evaluated_on": ["deposit", "withdraw"]}, True),
    ({**STREAK, "evaluated_on": ["withdraw"] * 5}, False),
    ({**STREAK, "type": "deposit_failed", "evaluated_on": ["deposit_failed"]}, False),
    ({**LARGE, "type": "deposit_failed", "evaluated_on": ["deposit_failed"]}, True),
    ({name: value for name, value in LARGE.items() if name != "evaluated_on"} | {"type": "deposit_failed"}, False),
    ({**LARGE, "evaluated_on": ["deposit"]}, False),
    ({**LARGE, "type": "deposit", "evaluated_on": ["deposit"]}, True),
    ({**RISING, "evaluated_on": ["withdraw"]}, True),
    ({**WINDOW, "evaluated_on": ["withdraw"]}, True),
    ({**STREAK, "kind": "python"}, False),
    ({**STREAK, "above": "1.00"}, False),
    ({**WINDOW, "kind": "threshold"}, False),
    ({**WINDOW, "seconds": 366 * 24 * 3600}, True),
    ({**WINDOW, "seconds": 366 * 24 * 3600 + 1}, False),
    ({**LARGE, "above": 80.5}, True),
    ({**LARGE, "above": 0}, True),
    ({**LARGE, "above": -1}, False),
    ({**LARGE, "above": "1e2"}, False),
    ({**LARGE, "above": 10**12}, False),
]


@pytest.mark.parametrize(("rule", "sound"), RULES_AND_THEIR_WORTH)
def test_the_document_and_the_service_agree_on_rules(client: FlaskClient, rule: dict[str, Any], *, sound: bool) -> None:
    document = client.get("/openapi.json").get_json()
    body = {"rules": [rule]}
    validator = OAS31Validator({**document, "$ref": "#/components/schemas/Draft"})
    assert validator.is_valid(body) is sound
    assert (client.post("/rules", json=body).status_code == 201) is sound
