"""Changes of registered players: what they mean, who is recorded with them, and that nothing else is changed (A57)."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import psycopg2
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from psycopg2 import errors
from werkzeug.test import TestResponse

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from app.players.domain import MAX_PLAYERS
from tests.integration.clients import problem, send
from tests.integration.conftest import AppWith, Sql, run_sql
from tests.integration.wiring import wiring

NDJSON = "application/x-ndjson"
ADA = {"name": "Ada", "email": "ada@example.com"}
THREADS, EACH = 8, 5


@pytest.fixture
def ada(client: FlaskClient) -> dict[str, Any]:
    """A registered player, as the register shows it."""
    answer = client.post("/users", json={**ADA, "user_id": 1})
    found: dict[str, Any] = answer.get_json()
    return found


def change(client: FlaskClient, user_id: int = 1, **members: object) -> dict[str, Any]:
    """Change a player; the answer must be a 200."""
    answer = client.put(f"/users/{user_id}", json=members)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def changes(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/users/1/changes{query}").get_json()["changes"]
    return found


def test_groups_are_a_sorted_set(client: FlaskClient, ada: dict[str, Any]) -> None:
    changed = change(client, groups=["vip", "18-24", "vip"])
    assert changed == {**ada, "groups": ["18-24", "vip"], "version": 1}
    assert client.get("/users").get_json()["users"] == [changed]


def test_what_is_left_out_stays(client: FlaskClient, ada: dict[str, Any]) -> None:
    change(client, groups=["vip"])
    assert change(client, name="Ada L") == {**ada, "name": "Ada L", "groups": ["vip"], "version": 2}
    assert change(client, groups=[], email="ADA@example.com")["name"] == "Ada L"
    assert client.get("/users").get_json()["users"] == [
        {**ada, "name": "Ada L", "email": "ADA@example.com", "groups": [], "version": 3}
    ]


def test_the_same_change_again_changes_and_records_nothing(client: FlaskClient, ada: dict[str, Any]) -> None:
    once = change(client, name="Ada L", groups=["b", "a"])
    assert change(client, name="Ada L", groups=["a", "b"]) == once
    assert change(client, name="Ada L", email=ada["email"]) == once
    assert [each["version"] for each in changes(client)] == [1]


def test_a_player_can_be_registered_in_groups(client: FlaskClient) -> None:
    registered = client.post("/users", json={**ADA, "user_id": 1, "groups": ["vip"]}).get_json()
    assert (registered["groups"], registered["version"]) == (["vip"], 1)
    [made] = changes(client)
    assert (made["before"], made["after"]) == ({**ADA, "groups": []}, {**ADA, "groups": ["vip"]})
    plain = client.post("/users", json={"name": "Ben", "email": "ben@example.com", "groups": []}).get_json()
    assert (plain["groups"], plain["version"]) == ([], 0)


@pytest.mark.usefixtures("ada")
def test_each_change_is_recorded_with_who_made_it_and_when(app_with: AppWith, client: FlaskClient) -> None:
    began = datetime.now(UTC) - timedelta(seconds=1)
    change(client, groups=["vip"])
    app = app_with(access=Access.KEYS)
    key = create_key(wiring(app).database, "platform", [Scope.USERS_WRITE], None)
    answer = app.test_client().put("/users/1", json={"name": "Ada L"}, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    newest, oldest = changes(client)
    assert oldest["by"] == "anonymous"
    assert newest["by"].startswith("key:")
    assert newest["by"].endswith(" platform")
    assert newest["by"].split("key:")[1].split()[0] in key
    assert (newest["at_shell"], newest["version"]) == (None, 2)
    assert newest["before"] == {**ADA, "groups": ["vip"]} == oldest["after"]
    assert newest["after"] == {**ADA, "name": "Ada L", "groups": ["vip"]}
    assert began <= datetime.fromisoformat(oldest["at"]) <= datetime.fromisoformat(newest["at"]) <= datetime.now(UTC)


@pytest.mark.usefixtures("ada")
def test_changes_are_read_page_by_page(client: FlaskClient) -> None:
    for n in range(5):
        change(client, groups=[f"g{n}"])
    first = client.get("/users/1/changes?limit=2").get_json()
    assert ([each["version"] for each in first["changes"]], first["next_before"]) == ([5, 4], 4)
    second = client.get("/users/1/changes?limit=3&before=4").get_json()
    assert ([each["version"] for each in second["changes"]], second["next_before"]) == ([3, 2, 1], None)
    assert client.get("/users/2/changes").get_json() == {"changes": [], "next_before": None}


WRONG: list[tuple[dict[str, object], str]] = [
    ({}, "groups"),
    ({"groups": "vip"}, "groups"),
    ({"groups": None}, "groups"),
    ({"groups": ["VIP"]}, "groups"),
    ({"groups": [" vip"]}, "groups"),
    ({"groups": ["."]}, "groups"),
    ({"groups": ["v" * 33]}, "groups"),
    ({"groups": [f"g{n}" for n in range(17)]}, "groups"),
    ({"name": ""}, "name"),
    ({"name": None}, "name"),
    ({"email": "ada"}, "email"),
    ({"user_id": 2, "name": "Ada L"}, "user_id"),
    ({"version": "2", "name": "Ada L"}, "version"),
]


@pytest.mark.parametrize(("members", "at_fault"), WRONG)
def test_an_invalid_member_is_named_and_nothing_changes(
    client: FlaskClient, ada: dict[str, Any], members: dict[str, object], at_fault: str
) -> None:
    answer = client.put("/users/1", json=members)
    assert problem(answer) == (400, "invalid-request")
    assert list(answer.get_json()["errors"]) == [at_fault]
    assert client.get("/users").get_json()["users"] == [ada]


@pytest.mark.usefixtures("ada")
def test_a_taken_email_or_an_unknown_player_is_refused(client: FlaskClient, sql: Sql) -> None:
    client.post("/users", json={"name": "Ben", "email": "ben@example.com"})
    taken = client.put("/users/1", json={"name": "Ada L", "email": "BEN@example.com"})
    assert (problem(taken), list(taken.get_json()["errors"])) == ((409, "duplicate-user"), ["email"])
    assert problem(client.put("/users/7", json={"name": "C", "email": "c@example.com"})) == (404, "unknown-user")
    assert problem(client.put("/users/0", json={"name": "C"})) == (404, "not-found")
    assert sql("SELECT name, version FROM registered_user ORDER BY user_id") == [("Ada", 0), ("Ben", 0)]
    assert sql("SELECT count(*) FROM player_change") == [(0,)]


SCOPES = [
    ("PUT", "/users/1", {"groups": ["vip"]}, Scope.USERS_WRITE),
    ("PUT", "/users", [{"user_id": 1, "groups": ["vip"]}], Scope.USERS_WRITE),
    ("GET", "/users/1/changes", None, Scope.USERS_READ),
]


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(("method", "path", "body", "needed"), SCOPES)
@pytest.mark.parametrize("scope", [Scope.USERS_READ, Scope.USERS_WRITE, Scope.EVENTS_WRITE])
def test_changes_require_the_scopes_of_the_register(  # noqa: PLR0913, PLR0917  # of the table
    app_with: AppWith, method: str, path: str, body: object, needed: Scope, scope: Scope
) -> None:
    app = app_with(access=Access.KEYS)
    headers = {"Authorization": f"Bearer {create_key(wiring(app).database, 'test', [scope], None)}"}
    answer = app.test_client().open(path, method=method, headers=headers, json=body)
    assert answer.status_code == (200 if scope is needed else 403)


def test_changes_at_once_have_versions_without_a_gap(app_with: AppWith, sql: Sql) -> None:
    app, start = app_with(), Barrier(THREADS)
    app.test_client().post("/users", json={**ADA, "user_id": 1})

    def play(thread: int) -> list[int]:
        client = app.test_client()
        start.wait()
        return [change(client, groups=[f"g{thread}-{n}"])["version"] for n in range(EACH)]

    with ThreadPoolExecutor(THREADS) as threads:
        versions = [version for own in threads.map(play, range(THREADS)) for version in own]
    assert sorted(versions) == list(range(1, THREADS * EACH + 1))
    links = "SELECT version, old_groups, lag(new_groups, 1, '{}') OVER (ORDER BY version) FROM player_change"
    assert all(old == former for _, old, former in sql(links)), "each change starts where the one before ended"
    times = "SELECT version FROM player_change ORDER BY changed_at, version"
    assert [version for (version,) in sql(times)] == sorted(versions)
    newest = "SELECT new_groups FROM player_change ORDER BY version DESC LIMIT 1"
    assert sql("SELECT groups FROM registered_user") == sql(newest)


def test_no_change_delays_an_event(app_with: AppWith, database: str, ada: dict[str, Any]) -> None:
    client = app_with(db_lock_timeout=0.1, registered_users_only=True).test_client()
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("SELECT change_player(%s, 'Eve', NULL, NULL, 'a test', NULL)", [ada["user_id"]])
        assert problem(client.put("/users/1", json={"name": "Ada L"})) == (503, "unavailable")
        assert send(client, "deposit", "1", 1).status_code == 200


SQL_REFUSED = [
    "SELECT change_player(1, NULL, NULL, '{VIP}', 'somebody', NULL)",
    "SELECT change_player(1, NULL, NULL, '{NULL}', 'somebody', NULL)",
    "SELECT change_player(1, NULL, NULL, '{\"a b c\"}', 'somebody', NULL)",
    "SELECT change_player(1, NULL, NULL, ARRAY(SELECT 'g' || n FROM generate_series(1, 17) AS n), 'x', NULL)",
    "SELECT change_player(1, '', NULL, NULL, 'somebody', NULL)",
    "SELECT change_player(1, 'Ada L', NULL, NULL, NULL, NULL)",
]


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("statement", [each for each in SQL_REFUSED if "a b c" not in each])
def test_the_function_keeps_what_no_request_could(service_url: str, sql: Sql, statement: str) -> None:
    with pytest.raises(errors.IntegrityError):
        run_sql(service_url, statement)
    assert sql("SELECT name, groups, version FROM registered_user") == [("Ada", [], 0)]


def put(client: FlaskClient, players: list[object]) -> list[dict[str, Any]]:
    """Send a batch; return its results without their problems' particulars."""
    answer = client.put("/users", json=players)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["results"]
    assert [each["index"] for each in found] == list(range(len(players)))
    assert answer.headers["Users-Refused"] == str(sum("problem" in each for each in found))
    for each in found:
        if "problem" in each:
            assert each["problem"]["status"] == each["status"]
            each["problem"] = each["problem"]["type"].removeprefix("urn:problem-type:")
    return found


@pytest.mark.usefixtures("ada")
def test_a_batch_registers_changes_and_refuses_each_by_itself(client: FlaskClient, sql: Sql) -> None:
    found = put(
        client,
        [
            {"user_id": 1, "groups": ["vip"]},
            {"user_id": 2, "name": "Ben", "email": "ben@example.com", "groups": ["18-24"]},
            {"user_id": 3, "groups": ["vip"]},
            {"user_id": 4, "name": "Dan", "email": "ADA@example.com"},
            {"user_id": 0},
            [],
            {"user_id": 1, "groups": ["vip"]},
            {"user_id": 1, "groups": ["VIP"]},
            {"user_id": 5, "name": "Eve", "email": "eve@example.com"},
            {"user_id": 5, "email": "eva@example.com"},
            {"user_id": 6, "name": "Fay", "email": "eve@example.com"},
        ],
    )
    assert [(each["status"], each.get("version", each.get("problem"))) for each in found] == [
        (200, 1),
        (201, 1),
        (404, "unknown-user"),
        (409, "duplicate-user"),
        (400, "invalid-request"),
        (400, "malformed-json"),
        (200, 1),
        (400, "invalid-request"),
        (201, 0),
        (200, 1),
        (201, 0),
    ]
    assert sql("SELECT user_id, email, groups, version FROM registered_user ORDER BY user_id") == [
        (1, "ada@example.com", ["vip"], 1),
        (2, "ben@example.com", ["18-24"], 1),
        (5, "eva@example.com", [], 1),
        (6, "eve@example.com", [], 0),
    ]
    assert sql("SELECT user_id, version FROM player_change ORDER BY 1, 2") == [(1, 1), (2, 1), (5, 1)]


def test_the_same_batch_again_changes_nothing(client: FlaskClient, sql: Sql) -> None:
    players: list[object] = [
        {"user_id": n, "name": "A", "email": f"{n}@example.com", "groups": [f"g{n % 3}"]} for n in range(1, 301)
    ]
    assert {each["status"] for each in put(client, players)} == {201}
    assert {(each["status"], each["version"]) for each in put(client, players)} == {(200, 1)}
    assert sql("SELECT count(*), max(version) FROM player_change") == [(300, 1)]


def test_a_batch_may_be_lines(client: FlaskClient) -> None:
    lines = [json.dumps({"user_id": 1, **ADA}), "", '{"user_id": 2, "user_id": 3}', "nonsense"]
    answer = client.put("/users", data="\n".join(lines), content_type=NDJSON)
    assert [each["status"] for each in answer.get_json()["results"]] == [201, 400, 400]
    assert answer.headers["Users-Refused"] == "2"


def no_batches(client: FlaskClient) -> list[TestResponse]:
    many = [{"user_id": 1}] * (MAX_PLAYERS + 1)
    wide = [{"user_id": 1, "name": "x" * 70_000}]
    bodies: list[object] = [[], {}, many, wide]
    return [client.put("/users", json=body) for body in bodies]


def test_a_body_that_is_no_batch_is_refused(client: FlaskClient) -> None:
    assert [problem(each) for each in no_batches(client)] == [
        (400, "malformed-json"),
        (400, "malformed-json"),
        (413, "too-large"),
        (413, "too-large"),
    ]


def test_batches_at_once_leave_one_order_of_changes(app_with: AppWith, sql: Sql) -> None:
    app, start = app_with(), Barrier(4)

    def play(thread: int) -> None:
        start.wait()
        for n in range(4):
            put(
                app.test_client(),
                [
                    {"user_id": user, "name": "A", "email": f"{user}@example.com", "groups": [f"g{thread}-{n}"]}
                    for user in range(1, 21)
                ],
            )

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(play, range(4)))
    assert sql("SELECT DISTINCT version FROM registered_user") == [(16,)]
    assert sql("SELECT count(*) FROM player_change") == [(16 * 20,)]


def test_a_hand_in_the_database_cannot_take_a_change_back(app: APIFlask, sql: Sql, ada: dict[str, Any]) -> None:
    change(app.test_client(), ada["user_id"], groups=["vip"])
    for statement in ("UPDATE player_change SET new_groups = '{}'", "DELETE FROM player_change"):
        with pytest.raises(errors.RaiseException, match="only added to"):
            sql(statement)
