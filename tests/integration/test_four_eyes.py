"""Who may do what with the rule book: the scopes of keys, and that only another person than the author publishes."""

from collections.abc import Callable
from itertools import product

import pytest
from apiflask import APIFlask
from werkzeug.test import TestResponse

from app.access.actors import name_of_key
from app.access.controllers import create_key
from app.access.domain import Access, Scope, prefix_of
from app.rulebook import controllers
from app.rulebook.approval import Change
from tests.edition_1 import RULES
from tests.integration.clients import problem
from tests.integration.conftest import AppWith, Sql
from tests.integration.wiring import wiring

pytestmark = pytest.mark.settings(access=Access.KEYS, four_eyes=True)

SELF_APPROVAL = (403, "same-eyes")
Post = Callable[..., TestResponse]


def new_key(app: APIFlask, *scopes: Scope, name: str = "rules", owner: str | None = "Ann") -> str:
    return create_key(wiring(app).database, name, scopes or list(Scope), None, owner=owner)


@pytest.fixture
def post(app: APIFlask) -> Post:
    def post(key: str, path: str, **body: object) -> TestResponse:
        headers = {"Authorization": f"Bearer {key}"}
        return app.test_client().post(f"/rules{path}", json=body, headers=headers)

    return post


@pytest.fixture
def two(app: APIFlask) -> tuple[str, str]:
    """Two keys of one name, and of two owners."""
    return new_key(app), new_key(app, owner="Ben")


def test_the_publisher_must_use_another_key_than_the_author(post: Post, two: tuple[str, str], sql: Sql) -> None:
    author, other = two
    assert post(author, "", edition=1).get_json()["author"] == f"key:{prefix_of(author)} rules"
    answer = post(author, "/2/publish")
    assert problem(answer) == SELF_APPROVAL
    assert "wrote edition 2" in answer.get_json()["detail"]
    assert answer.get_json()["new_type"] == "urn:problem-type:self-approval"
    assert sql("SELECT status, published_by FROM rule_book WHERE edition = 2") == [("draft", None)]
    assert sql("SELECT count(*) FROM rule_book_audit WHERE edition = 2") == [(1,)]
    published = post(other, "/2/publish")
    assert published.get_json()["published_by"] == f"key:{prefix_of(other)} rules", "names may repeat"


def test_publishing_does_not_make_the_publisher_an_author(post: Post, two: tuple[str, str]) -> None:
    author, other = two
    post(author, "", edition=1)
    assert post(other, "/2/publish").status_code == 200
    assert post(author, "/1/publish").status_code == 200, "nobody here wrote edition 1"
    assert problem(post(author, "/2/publish")) == SELF_APPROVAL
    assert post(other, "/2/publish").status_code == 200


def test_drafting_again_makes_the_drafter_the_author(post: Post, two: tuple[str, str]) -> None:
    author, other = two
    post(author, "", edition=1)
    post(other, "", edition=2)
    assert problem(post(other, "/3/publish")) == SELF_APPROVAL
    assert post(author, "/3/publish").status_code == 200


def test_a_draft_needs_a_key_as_its_author(app: APIFlask, post: Post, two: tuple[str, str]) -> None:
    controllers.draft(wiring(app).database, RULES, Change(actor="ann"))
    answer = post(two[0], "/2/publish")
    assert problem(answer) == SELF_APPROVAL, "she may have this very key"
    assert "was drafted without a key" in answer.get_json()["detail"]
    assert post(two[0], "", edition=2).status_code == 201
    assert post(two[1], "/3/publish").status_code == 200


def test_without_four_eyes_the_author_may_publish(app_with: AppWith) -> None:
    app = app_with(access=Access.KEYS)
    client, headers = app.test_client(), {"Authorization": f"Bearer {new_key(app)}"}
    client.post("/rules", json={"edition": 1}, headers=headers)
    assert client.post("/rules/2/publish", headers=headers).status_code == 200


def test_without_keys_author_and_publisher_cannot_be_told_apart(
    app_with: AppWith, post: Post, two: tuple[str, str]
) -> None:
    client = app_with(access=Access.OPEN, four_eyes=True).test_client()
    assert client.post("/rules", json={"edition": 1}).get_json()["author"] == "anonymous"
    answer = client.post("/rules/2/publish")
    assert problem(answer) == SELF_APPROVAL
    assert "ACCESS=keys" in answer.get_json()["detail"]
    answer = post(two[0], "/2/publish")
    assert problem(answer) == SELF_APPROVAL, "it may be the very author"
    assert "draft it again" in answer.get_json()["detail"]


def publish_as(app: APIFlask, who: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["rules", "publish", "2", "--as", who])
    return done.exit_code, done.output


def test_the_command_line_cannot_approve_a_draft_made_without_a_key(app: APIFlask, sql: Sql) -> None:
    controllers.draft(wiring(app).database, RULES, Change(actor="ann"))
    status, output = publish_as(app, "ben")
    assert (status, "was drafted without a key" in output) == (1, True)
    assert """curl -X POST "$SERVICE/rules" -H "Authorization: Bearer $KEY" """ in output
    assert """-d '{"edition": 2}'\n""" in output
    assert sql("SELECT status FROM rule_book WHERE edition = 2") == [("draft",)]


@pytest.mark.parametrize(
    "who", ["key:0123456789ab rules", "KEY:x", "anonymous", "Anonymous", "migration 0004", "Migration x", " ", ""]
)
def test_no_actor_may_use_a_name_reserved_for_keys(app: APIFlask, sql: Sql, who: str) -> None:
    controllers.draft(wiring(app).database, RULES, Change(actor="ann"))
    status, output = publish_as(app, who)
    assert (status, "--as" in output) == (2, True)
    assert sql("SELECT status FROM rule_book WHERE edition = 2") == [("draft",)]


OPERATIONS = {
    ("GET", ""): Scope.RULES_READ,
    ("GET", "/1"): Scope.RULES_READ,
    ("GET", "/audit"): Scope.RULES_READ,
    ("GET", "/1/diff/1"): Scope.RULES_READ,
    ("GET", "/1/toml"): Scope.RULES_READ,
    ("POST", ""): Scope.RULES_WRITE,
    ("POST", "/2/shadow"): Scope.RULES_WRITE,
    ("POST", "/2/retire"): Scope.RULES_WRITE,
    ("POST", "/2/publish"): Scope.RULES_PUBLISH,
    ("DELETE", "/3"): Scope.RULES_WRITE,
    ("GET", "/four-eyes"): Scope.RULES_READ,
    ("PUT", "/four-eyes"): Scope.RULES_PUBLISH,
}
SENT = {("POST", ""): {"edition": 1}, ("PUT", "/four-eyes"): {"on": True}}


def test_each_operation_requires_only_its_own_scope(app: APIFlask, sql: Sql) -> None:
    another = name_of_key(prefix_of(new_key(app, Scope.RULES_WRITE, owner="Ben")), "another")
    for _ in range(2):
        controllers.draft(wiring(app).database, RULES, Change(actor=another))
    keys = {scope: new_key(app, scope) for scope in Scope}
    client = app.test_client()
    for (method, path), scope in product(OPERATIONS, Scope):
        if scope is not OPERATIONS[method, path]:
            headers = {"Authorization": f"Bearer {keys[scope]}"}
            answer = client.open(f"/rules{path}", method=method, json={"edition": 1}, headers=headers)
            assert problem(answer) == (403, "forbidden"), (method, path, scope)
    assert sql("SELECT edition, status FROM rule_book ORDER BY edition") == [(1, "live"), (2, "draft"), (3, "draft")]
    for (method, path), scope in OPERATIONS.items():
        body = SENT.get((method, path))
        headers = {"Authorization": f"Bearer {keys[scope]}"}
        answer = client.open(f"/rules{path}", method=method, json=body, headers=headers)
        assert answer.status_code in {200, 201, 204}, (method, path, answer.text)
