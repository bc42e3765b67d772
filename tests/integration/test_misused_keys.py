"""What somebody with a good key tries, over sockets, on a server in production with four eyes and short-lived keys."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from app.access.controllers import create_key
from app.access.domain import Access, Scope, prefix_of
from app.datastores import db
from app.factory import create_app
from lib.probe import fault_after
from testkit.ports import free_port
from tests.edition_1 import WRITTEN
from tests.integration.conftest import EMPTY, FIRST_EDITION, run_sql
from tests.integration.raw_http import Answer, ask
from tests.integration.servers import MAX_WAIT, Serve
from tests.integration.wiring import wiring
from tests.settings import settings_with

SETTINGS = {"ENV": "production", "ACCESS": "keys", "FOUR_EYES": "true", "KEY_MAX_AGE": "90d", "LOG_LEVEL": "ERROR"}
HEAVY = [{**WRITTEN[1], "code": code, "above": "0.00", "seconds": 86_400} for code in range(1, 101)]
COSTLY_TO_READ = {
    "nested": '{"rules": ' + "[" * 24_000 + "]" * 24_000 + "}",
    "an integer of 48,000 digits": '{"rules": [{"code": ' + "9" * 48_000 + "}]}",
    "a member 5,001 times": '{"rules": [{' + '"a": 1, ' * 5_000 + '"a": 1}]}',
}


@dataclass(frozen=True)
class Keys:
    """Two of Ann, one of Ben, and one that is older than keys may become."""

    ann: str
    ann_again: str
    ben: str
    old: str


@pytest.fixture(scope="module")
def keys(logins: tuple[str, str]) -> Iterator[Keys]:
    owner, service = logins
    run_sql(owner, f"{EMPTY};{FIRST_EDITION}")
    app = create_app(settings_with(database_url=service, database_owner_url=owner, access=Access.KEYS))
    names = (("ann", "Ann"), ("ann_again", "Ann"), ("ben", "Ben"), ("old", "Cleo"))
    database = wiring(app).database
    made = Keys(**{name: create_key(database, name, list(Scope), None, owner=person) for name, person in names})
    run_sql(owner, "UPDATE api_key SET created_at = now() - interval '91 days' WHERE prefix = %s", prefix_of(made.old))
    yield made
    wiring(app).stop()
    with app.app_context():
        db.engine.dispose()


Post = Callable[..., Answer]


@pytest.fixture(scope="module")
def post(serve_all: Serve, keys: Keys) -> Post:  # noqa: ARG001  # which the server reads at its first request
    port = free_port()
    serve_all(PORT=str(port), **SETTINGS)
    assert fault_after(MAX_WAIT, "127.0.0.1", port, "/health/ready") == ""

    def send(key: str, path: str, body: str = "") -> Answer:
        return ask(port, "POST", path, body=body, Authorization=f"Bearer {key}")

    return send


def members(answer: Answer) -> dict[str, Any]:
    return dict(json.loads(answer.body))


def test_an_edition_above_the_budget_is_refused(post: Post, keys: Keys) -> None:
    answer = post(keys.ann, "/rules", json.dumps({"rules": HEAVY}))
    assert (answer.status, members(answer)["type"]) == (400, "urn:problem-type:invalid-rules")
    assert "could cost 131.8 KB of evidence and 101 statements" in members(answer)["errors"]["rules"][0]


@pytest.mark.parametrize("body", COSTLY_TO_READ.values(), ids=COSTLY_TO_READ)
def test_a_body_that_is_costly_to_read_is_refused(post: Post, keys: Keys, body: str) -> None:
    assert post(keys.ann, "/rules", body).status == 400


def test_nobody_publishes_their_own_edition_with_another_key_of_theirs(post: Post, keys: Keys) -> None:
    drafted = post(keys.ann, "/rules", '{"edition": 1}')
    step = f"/rules/{members(drafted)['edition']}/publish"
    for own in (keys.ann, keys.ann_again):
        refused = post(own, step)
        assert (refused.status, members(refused)["new_type"]) == (403, "urn:problem-type:self-approval")
    assert (post(keys.ben, step).status, drafted.status) == (200, 201)


def test_a_key_above_the_maximum_age_is_refused(post: Post, keys: Keys) -> None:
    refused = post(keys.old, "/rules", '{"edition": 1}')
    assert refused.status == 401
    assert "expired" in members(refused)["detail"]
