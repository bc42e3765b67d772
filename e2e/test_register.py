"""The register: players get the id that the platform gives or the next free one, and nobody gets a taken value."""

import json
import secrets
from collections.abc import Callable
from itertools import count
from typing import Any

import httpx
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from e2e.concurrent import at_once
from e2e.hypothesis_settings import BOUNDED
from e2e.pages import read
from e2e.problems import invalid_fields, problem_in
from testkit.bodies import MAX_BODY_BYTES, MAX_INTEGER, padded
from testkit.service import SEED, Player

pytestmark = pytest.mark.alone

JSON = {"Content-Type": "application/json"}
AT_ONCE = 12

# Ids that the tests give lie far below those of `new_user_id`: whoever comes without one is put above the greatest of
# the register, and must not land among players whom other tests believe to be new. Between two there is room for some.
FIRST_ID = 2**61 + secrets.randbelow(2**40) * 2**20
ROOM = 1000


@pytest.fixture(scope="module")
def new_id() -> Callable[[], int]:
    """Call it for an id that is not in the register, and neither are those after it."""
    ids = count(FIRST_ID, ROOM)
    return lambda: next(ids)


def new_email() -> str:
    """Return an unused address: the register keeps its players from run to run."""
    return f"{secrets.token_hex(12)}@example.com"


def register(client: httpx.Client, **members: object) -> httpx.Response:
    return client.post("/users", json={"name": "Ada", "email": new_email(), **members})


def user_in(response: httpx.Response) -> dict[str, Any]:
    """Return the player of a 201, after checking the whole answer."""
    assert response.status_code == 201, f"{response.status_code} {response.text}"
    user: dict[str, Any] = response.json()
    assert list(user) == ["user_id", "name", "email", "created_at", "groups", "version"], user
    assert response.headers["Location"] == f"/users/{user['user_id']}"
    assert user["created_at"].endswith("Z"), user
    return user


def test_a_registered_player_can_be_found(client: httpx.Client, new_id: Callable[[], int]) -> None:
    user_id, email = new_id(), new_email().upper()
    response = register(client, user_id=user_id, name="Ada Größe 李", email=email)
    user = user_in(response)
    assert (user["user_id"], user["name"], user["email"]) == (user_id, "Ada Größe 李", email)
    assert read(client, "/users", after=user_id - 1, limit=1)["users"] == [user]
    assert client.get(response.headers["Location"]).json()["user_id"] == user_id


def test_pages_follow_each_other_in_the_order_of_ids(client: httpx.Client, new_id: Callable[[], int]) -> None:
    first = new_id()
    second, third = first + 1, first + 2
    for user_id in (third, first, second):
        user_in(register(client, user_id=user_id))
    page = read(client, "/users", after=first - 1, limit=2)
    assert [user["user_id"] for user in page["users"]] == [first, second]
    assert page["next_after"] == second
    assert [user["user_id"] for user in read(client, "/users", after=second, limit=1)["users"]] == [third]


def test_the_last_page_says_so(client: httpx.Client) -> None:
    user_id = user_in(register(client))["user_id"]
    assert read(client, "/users", after=user_id - 1, limit=1)["next_after"] is None
    assert read(client, "/users", after=user_id) == {"users": [], "next_after": None}
    assert read(client, "/users", after=MAX_INTEGER) == {"users": [], "next_after": None}


def test_the_next_free_id_is_above_all_registered_ones_and_has_no_events(client: httpx.Client) -> None:
    """A23."""
    first = user_in(register(client))["user_id"]
    Player(client=client, user_id=first + 1).deposit("1.00", t=1)
    second = user_in(register(client))["user_id"]
    assert second > first + 1
    assert read(client, f"/users/{second}")["latest_t"] is None
    assert read(client, "/users", after=first, limit=200)["users"][0]["user_id"] == second


def test_concurrent_registrations_get_distinct_ids(client: httpx.Client) -> None:
    responses = at_once([lambda: register(client) for _ in range(AT_ONCE)])
    assert len({user_in(response)["user_id"] for response in responses}) == AT_ONCE


def test_concurrent_registrations_of_one_email_admit_one(client: httpx.Client, new_id: Callable[[], int]) -> None:
    email = new_email()
    ids = [new_id() for _ in range(AT_ONCE)]
    calls = [lambda user_id=user_id: register(client, email=email, user_id=user_id) for user_id in ids]
    responses = at_once(calls)
    assert sorted(response.status_code for response in responses) == [201] + [409] * (AT_ONCE - 1)


def test_a_taken_id_or_email_is_named(client: httpx.Client, new_id: Callable[[], int]) -> None:
    user_id, email = new_id(), new_email()
    user_in(register(client, user_id=user_id, email=email))
    attempts: list[tuple[dict[str, object], set[str]]] = [
        ({"user_id": user_id}, {"user_id"}),
        ({"email": email.upper()}, {"email"}),
        ({"user_id": new_id(), "email": email}, {"email"}),
        ({"user_id": user_id, "email": email}, {"user_id", "email"}),
    ]
    for members, at_fault in attempts:
        problem = problem_in(register(client, **members), 409, "duplicate-user")
        assert invalid_fields(problem) == at_fault
        assert all(name in str(problem["detail"]) for name in at_fault)


WRONG = {
    "no name": ('{"email": "@"}', "name"),
    "a blank name": ('{"name": "  ", "email": "@"}', "name"),
    "a name too long": (f'{{"name": "{"x" * 101}", "email": "@"}}', "name"),
    "NUL in a name": ('{"name": "a\\u0000", "email": "@"}', "name"),
    "a control character in a name": ('{"name": "a\\u001b[1m", "email": "@"}', "name"),
    "half a character in a name": ('{"name": "\\ud800", "email": "@"}', "name"),
    "a number for a name": ('{"name": 1.5, "email": "@"}', "name"),
    "null for a name": ('{"name": null, "email": "@"}', "name"),
    "no email": ('{"name": "Ada"}', "email"),
    "no address": ('{"name": "Ada", "email": "ada"}', "email"),
    "half a character in an email": ('{"name": "Ada", "email": "\\udc00@example.com"}', "email"),
    "an email too long": (f'{{"name": "Ada", "email": "{"x" * 60}@{"x." * 100}com"}}', "email"),
    "an id of 0": ('{"name": "Ada", "email": "@", "user_id": 0}', "user_id"),
    "an id too great": ('{"name": "Ada", "email": "@", "user_id": 9223372036854775808}', "user_id"),
    "an id in quotes": ('{"name": "Ada", "email": "@", "user_id": "5"}', "user_id"),
    "an id with a point": ('{"name": "Ada", "email": "@", "user_id": 5.0}', "user_id"),
    "null for an id": ('{"name": "Ada", "email": "@", "user_id": null}', "user_id"),
    "a member that there is not": ('{"name": "Ada", "email": "@", "role": "admin"}', "role"),
    "half a character for a member": ('{"name": "Ada", "email": "@", "\\ud800": 1}', "\ud800"),
    "a member twice": ('{"name": "Ada", "email": "@", "name": "Ada"}', "name"),
}


@pytest.mark.parametrize(("text", "at_fault"), WRONG.values(), ids=WRONG.keys())
def test_an_invalid_member_is_named_and_leaves_no_trace(client: httpx.Client, text: str, at_fault: str) -> None:
    email = new_email()
    body = text.replace('"@"', json.dumps(email))
    problem = problem_in(client.post("/users", content=body, headers=JSON), 400, "invalid-request")
    assert invalid_fields(problem) == {at_fault}
    user_in(register(client, email=email))


def test_a_body_that_is_no_json_object_is_refused_as_everywhere(client: httpx.Client) -> None:
    problem_in(client.post("/users", content="[]", headers=JSON), 400, "malformed-json")
    problem_in(client.post("/users", content="{}"), 415, "unsupported-media-type")
    too_large = padded("{}", MAX_BODY_BYTES + 1)
    problem_in(client.post("/users", content=too_large, headers=JSON), 413, "too-large")


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_the_register_never_loses_a_player(client: httpx.Client, method: str) -> None:
    response = client.request(method, "/users")
    problem_in(response, 405, "method-not-allowed")
    assert {"GET", "POST", "PUT"} <= set(response.headers["Allow"].split(", "))


def test_a_player_is_put_into_groups_and_the_change_can_be_read(client: httpx.Client) -> None:
    registered = user_in(register(client))
    path = f"/users/{registered['user_id']}"
    for _ in range(2):
        changed = client.put(path, json={"groups": ["vip", "18-24"]}).json()
        assert changed == {**registered, "groups": ["18-24", "vip"], "version": 1}
    [recorded] = client.get(f"{path}/changes").json()["changes"]
    assert (recorded["version"], recorded["before"]["groups"]) == (1, [])
    assert recorded["after"] == {name: changed[name] for name in ("name", "email", "groups")}
    [result] = client.put("/users", json=[{"user_id": registered["user_id"], "groups": []}]).json()["results"]
    assert (result["status"], result["version"]) == (200, 2)


@pytest.mark.parametrize(("query", "at_fault"), [("limit=0", "limit"), ("after=x", "after"), ("before=1", "before")])
def test_an_invalid_parameter_is_named(client: httpx.Client, query: str, at_fault: str) -> None:
    assert invalid_fields(problem_in(client.get(f"/users?{query}"), 400, "invalid-request")) == {at_fault}


@pytest.mark.parametrize("member", ["name", "email"])
def test_input_is_stored_unchanged_or_refused(client: httpx.Client, member: str) -> None:
    @seed(SEED)
    @settings(BOUNDED, max_examples=60)
    @given(st.text(st.characters(), max_size=8) | st.emails() | st.from_regex(r"\A[\x00-\xff]{1,5}\Z"))
    def taken_or_refused(written: str) -> None:
        body = json.dumps({"name": "Ada", "email": new_email(), member: written})
        response = client.post("/users", content=body, headers=JSON)
        if response.status_code == 201:
            assert user_in(response)[member] == written
        elif response.status_code == 409:
            assert member == "email", "an earlier run has sent it, too"
            assert invalid_fields(problem_in(response, 409, "duplicate-user")) == {"email"}
        else:
            assert invalid_fields(problem_in(response, 400, "invalid-request")) == {member}

    taken_or_refused()
