"""Templates: ready editions with sources, drafted by name over HTTP and by command."""

from collections.abc import Sequence

import pytest
from apiflask import APIFlask
from click.testing import Result
from flask.testing import FlaskClient

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from app.rulebook.toml import parse_toml
from tests.edition_1 import WRITTEN
from tests.integration.clients import problem
from tests.integration.conftest import AppWith, Sql
from tests.integration.wiring import wiring

NAMES = ["markers-of-harm", "nl-monthly", "statement", "uk-net-deposits"]


def flask(app: APIFlask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["rules", *words])


def codes_of(client: FlaskClient, edition: int) -> list[int]:
    return [rule["code"] for rule in client.get(f"/rules/{edition}").get_json()["rules"]]


def test_they_are_listed_with_their_sources(client: FlaskClient) -> None:
    listed = client.get("/rules/templates").get_json()["templates"]
    assert [each["name"] for each in listed] == NAMES
    for each in listed:
        assert each["title"]
        assert each["about"]
        assert each["rules"]
        assert all(source["title"] and source["paragraph"] and source["date"] for source in each["sources"])
    [british] = [each for each in listed if each["name"] == "uk-net-deposits"]
    assert british["sources"][0]["url"].endswith("/3-4-4-financial-vulnerability-check")
    assert "check the present text" in british["about"]


def test_they_are_listed_on_the_terminal(app: APIFlask) -> None:
    done = flask(app, "templates")
    assert done.exit_code == 0, done.output
    assert [line.split()[0] for line in done.output.splitlines()[1:5]] == NAMES
    assert "30, 123, 300, 1100" in done.output
    assert "rules draft --template NAME" in done.output


def test_one_is_printed_to_be_edited_and_drafted(app: APIFlask) -> None:
    done = flask(app, "templates", "statement")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("# The four rules of the statement\n#\n# The rules of edition 1")
    assert "\n# Source: The statement of the task" in done.output
    drafted = app.test_cli_runner().invoke(args=["rules", "draft", "-", "--as", "ann"], input=done.output)
    assert drafted.exit_code == 0, drafted.output
    assert flask(app, "diff", "1", "2").output == "nothing changed\n"


def test_the_statement_is_edition_1(client: FlaskClient) -> None:
    answer = client.post("/rules", json={"template": "statement", "note": "a fresh start"})
    assert answer.status_code == 201, answer.text
    assert (answer.headers["Location"], answer.get_json()["rules"]) == ("/rules/2", WRITTEN)
    assert answer.get_json()["based_on"] == 1


def test_a_command_drafts_one(app: APIFlask, client: FlaskClient) -> None:
    done = flask(app, "draft", "--template", "statement", "--as", "ann")
    assert (done.exit_code, done.output.partition(".")[0]) == (0, "Edition 2 is drafted")
    assert codes_of(client, 2) == [30, 123, 300, 1100]


OTHER = {**WRITTEN[3], "code": 7, "name": "ours"}


@pytest.mark.parametrize("by", ["request", "command"])
def test_one_is_added_to_the_live_rules(app: APIFlask, client: FlaskClient, by: str) -> None:
    client.post("/rules", json={"rules": [OTHER]})
    client.post("/rules/2/publish")
    if by == "request":
        assert client.post("/rules", json={"template": "statement", "add": True}).get_json()["based_on"] == 2
    else:
        assert flask(app, "draft", "--template", "statement", "--add", "--as", "ann").exit_code == 0
    assert codes_of(client, 3) == [7, 30, 123, 300, 1100]
    assert client.post("/rules/3/publish").status_code == 200


def test_it_can_be_added_to_another_edition(client: FlaskClient) -> None:
    client.post("/rules", json={"rules": [OTHER]})
    answer = client.post("/rules", json={"template": "statement", "add": True, "based_on": 2})
    assert (answer.status_code, answer.get_json()["based_on"]) == (201, 2)
    assert codes_of(client, 3) == [7, 30, 123, 300, 1100]
    assert problem(client.post("/rules", json={"template": "statement", "add": True, "based_on": 9})) == (
        404,
        "unknown-edition",
    )


def test_without_a_live_edition_it_stands_alone(client: FlaskClient, sql: Sql) -> None:
    sql("UPDATE rule_book SET status = 'retired'")
    answer = client.post("/rules", json={"template": "statement", "add": True})
    assert (answer.status_code, answer.get_json()["based_on"]) == (201, None)


def test_codes_that_clash_are_refused_by_name(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    answer = client.post("/rules", json={"template": "statement", "add": True})
    assert problem(answer) == (400, "invalid-rules")
    assert answer.get_json()["errors"]["rule 1100, code"] == [
        "Is that of “large withdraw” in edition 1; “large withdraw” needs another one."
    ]
    assert len(answer.get_json()["errors"]) == 4
    done = flask(app, "draft", "--template", "statement", "--add", "--as", "ann")
    assert done.exit_code == 1
    assert "rule 300, code: Is that of “rising deposits” in edition 1" in done.output
    assert sql("SELECT max(edition) FROM rule_book") == [(1,)]


def test_the_rules_together_are_checked_like_any_draft(client: FlaskClient) -> None:
    many = [{**OTHER, "code": code} for code in range(2000, 2097)]
    client.post("/rules", json={"rules": many})
    answer = client.post("/rules", json={"template": "statement", "add": True, "based_on": 2})
    assert problem(answer) == (400, "invalid-rules")
    assert answer.get_json()["errors"] == {"rules": ["Must be a list of 1 to 100 rules."]}


WRONG = [
    ({"template": "unknown"}, "template", f"Must be one of {', '.join(NAMES)}."),
    ({"template": "statement", "edition": 1}, "rules", "Send one of these"),
    ({"template": "statement", "rules": WRITTEN}, "rules", "Send one of these"),
    ({"edition": 1, "add": True}, "add", "Is for a template only."),
    ({"template": "statement", "add": 1}, "add", "Must be true or false."),
    ({"template": 1}, "template", "Not a valid string."),
]


@pytest.mark.parametrize(("body", "member", "message"), WRONG, ids=str)
def test_a_wrong_draft_is_refused(client: FlaskClient, sql: Sql, body: object, member: str, message: str) -> None:
    answer = client.post("/rules", json=body)
    assert problem(answer) == (400, "invalid-request")
    assert answer.get_json()["errors"][member][0].startswith(message)
    assert sql("SELECT max(edition) FROM rule_book") == [(1,)]


@pytest.mark.parametrize(
    "words",
    [
        ["draft"],
        ["draft", "--template", "statement", "--edition", "1"],
        ["draft", "--edition", "1", "--add"],
        ["draft", "--template", "unknown"],
        ["templates", "unknown"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_is_refused(app: APIFlask, words: Sequence[str]) -> None:
    assert flask(app, *words).exit_code == 2


def test_reading_them_needs_the_scope_of_other_reads(app_with: AppWith) -> None:
    app = app_with(access=Access.KEYS)
    may_not, may = (
        create_key(wiring(app).database, scope.value, [scope], None) for scope in (Scope.RULES_WRITE, Scope.RULES_READ)
    )
    statuses = [
        app.test_client().get("/rules/templates", headers={"Authorization": f"Bearer {key}"}).status_code
        for key in (may_not, may)
    ]
    assert statuses == [403, 200]


def test_what_is_printed_is_what_is_drafted(app: APIFlask, client: FlaskClient) -> None:
    client.post("/rules", json={"template": "statement"})
    printed = parse_toml(flask(app, "templates", "statement").output)
    assert [rule.code for rule in printed.rules] == codes_of(client, 2)
    assert printed.based_on is None
