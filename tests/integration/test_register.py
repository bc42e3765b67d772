"""The register: who is in it, under which id, and that nobody gets a taken value."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import psycopg2
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from app.datastores import AdvisoryLock
from app.players import controllers
from tests.integration.clients import problem, send
from tests.integration.conftest import AppWith, Sql
from tests.integration.wiring import wiring

END = 2**63 - 1
JSON = "application/json"
THREADS = 16


def register(client: FlaskClient, email: str = "ada@example.com", **more: Any) -> TestResponse:  # noqa: ANN401
    return client.post("/users", json={"name": "Ada", "email": email, **more})


def id_of(answer: TestResponse) -> int:
    assert answer.status_code == 201, answer.text
    user_id: int = answer.get_json()["user_id"]
    assert answer.headers["Location"] == f"/users/{user_id}"
    return user_id


def users(client: FlaskClient, query: str = "") -> list[int]:
    return [user["user_id"] for user in client.get(f"/users{query}").get_json()["users"]]


def test_a_user_is_registered_as_given(client: FlaskClient, sql: Sql) -> None:
    began = datetime.now(UTC) - timedelta(seconds=1)
    answer = register(client, "Ada@Example.com", user_id=7, name="Ada Größe 李")
    assert id_of(answer) == 7
    body = answer.get_json()
    created = body.pop("created_at")
    assert body == {"user_id": 7, "name": "Ada Größe 李", "email": "Ada@Example.com", "groups": [], "version": 0}
    assert began <= datetime.fromisoformat(created) <= datetime.now(UTC)
    assert created.endswith("Z")
    assert sql("SELECT user_id, name, email FROM registered_user") == [(7, "Ada Größe 李", "Ada@Example.com")]
    assert client.get("/users").get_json() == {"users": [answer.get_json()], "next_after": None}


def test_the_first_user_without_an_id_is_1(client: FlaskClient) -> None:
    """A23."""
    assert [id_of(register(client, f"{n}@example.com")) for n in range(3)] == [1, 2, 3]


def test_the_next_free_id_is_above_all_registered_ones_and_has_no_events(client: FlaskClient) -> None:
    """A23."""
    send(client, "deposit", "1", 0, user_id=5)
    send(client, "deposit", "1", 1, user_id=12)
    send(client, "deposit", "1", 1, user_id=13)
    send(client, "deposit", "1", 1, user_id=15)
    id_of(register(client, "ten@example.com", user_id=10))
    assert [id_of(register(client, f"{n}@example.com")) for n in range(3)] == [11, 14, 16]


def test_an_id_with_events_can_be_given(client: FlaskClient) -> None:
    send(client, "deposit", "1", 1, user_id=5)
    assert id_of(register(client, user_id=5)) == 5


@pytest.mark.parametrize("greatest", [END, END - 1])
def test_without_a_free_id_one_must_be_given(client: FlaskClient, greatest: int) -> None:
    """A23."""
    id_of(register(client, "last@example.com", user_id=greatest))
    if greatest < END:
        assert id_of(register(client, "end@example.com")) == END
    answer = register(client)
    assert problem(answer) == (409, "no-free-user-id")
    assert "give the player a user_id" in answer.get_json()["detail"]
    assert id_of(register(client, user_id=5)) == 5


def test_a_search_for_a_free_id_ends(client: FlaskClient, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    """A23."""
    monkeypatch.setattr(controllers, "MAX_IDS_TRIED", 100)
    sql("INSERT INTO user_clock (user_id, last_t) SELECT n, 1 FROM generate_series(1, 100) AS n")
    assert problem(register(client)) == (409, "no-free-user-id")
    sql("DELETE FROM user_clock WHERE user_id = 100")
    assert id_of(register(client)) == 100


TAKEN = [
    ({"user_id": 7, "email": "new@example.com"}, ["user_id"]),
    ({"user_id": 8, "email": "ADA@example.COM"}, ["email"]),
    ({"email": "ada@EXAMPLE.com"}, ["email"]),
    ({"user_id": 7, "email": "ada@example.com"}, ["email", "user_id"]),
]


@pytest.mark.parametrize(("given", "at_fault"), TAKEN)
def test_a_taken_id_or_email_is_refused_by_name(
    client: FlaskClient, sql: Sql, given: dict[str, object], at_fault: list[str]
) -> None:
    id_of(register(client, user_id=7))
    answer = client.post("/users", json={"name": "Ben", **given})
    assert problem(answer) == (409, "duplicate-user")
    assert sorted(answer.get_json()["errors"]) == at_fault
    assert all(name in answer.get_json()["detail"] for name in at_fault)
    assert sql("SELECT user_id, name FROM registered_user") == [(7, "Ada")]


WRONG = [
    ('{"name": "A\\u0000", "email": "a@example.com"}', "name"),
    ('{"name": "\\ud800", "email": "a@example.com"}', "name"),
    ('{"name": "A\\u0007", "email": "a@example.com"}', "name"),
    ('{"name": " ", "email": "a@example.com"}', "name"),
    ('{"name": 1.5, "email": "a@example.com"}', "name"),
    ('{"email": "a@example.com"}', "name"),
    ('{"name": "A", "email": "a\\u0000@example.com"}', "email"),
    ('{"name": "A", "email": "\\udfff@example.com"}', "email"),
    ('{"name": "A", "email": "a"}', "email"),
    ('{"name": "A", "email": "a@example.com", "user_id": null}', "user_id"),
    ('{"name": "A", "email": "a@example.com", "user_id": 0}', "user_id"),
    ('{"name": "A", "email": "a@example.com", "user_id": 9223372036854775808}', "user_id"),
    ('{"name": "A", "email": "a@example.com", "user_id": "1"}', "user_id"),
    ('{"name": "A", "email": "a@example.com", "role": "admin"}', "role"),
    ('{"name": "A", "email": "a@example.com", "\\ud800": 1}', "\ud800"),
    ('{"name": "A", "email": "a@example.com", "\\u0000": 1}', "\0"),
    ('{"name": "A", "email": "a@example.com", "name": "A"}', "name"),
]


@pytest.mark.parametrize(("body", "at_fault"), WRONG, ids=[body for body, _ in WRONG])
def test_an_invalid_member_is_named_and_nobody_is_registered(
    client: FlaskClient, sql: Sql, body: str, at_fault: str
) -> None:
    answer = client.post("/users", data=body, content_type=JSON)
    assert problem(answer) == (400, "invalid-request")
    assert list(answer.get_json()["errors"]) == [at_fault]
    assert sql("SELECT count(*) FROM registered_user") == [(0,)]


def test_a_body_that_is_no_json_object_is_refused(client: FlaskClient) -> None:
    assert problem(client.post("/users", data="[]", content_type=JSON)) == (400, "malformed-json")
    assert problem(client.post("/users", data="{}", content_type="text/plain")) == (415, "unsupported-media-type")
    assert problem(client.patch("/users", json={})) == (405, "method-not-allowed")


def test_the_register_is_read_page_by_page(client: FlaskClient) -> None:
    for user_id in (30, 5, END, 12):
        id_of(register(client, f"{user_id}@example.com", user_id=user_id))
    first = client.get("/users?limit=2").get_json()
    assert [user["user_id"] for user in first["users"]] == [5, 12]
    assert first["next_after"] == 12
    second = client.get("/users?limit=2&after=12").get_json()
    assert [user["user_id"] for user in second["users"]] == [30, END]
    assert second["next_after"] is None
    assert users(client, "?after=30") == [END]
    assert users(client, f"?after={END}") == []
    assert users(client) == [5, 12, 30, END]


def test_a_page_has_50_players_by_default(client: FlaskClient, sql: Sql) -> None:
    sql(
        "INSERT INTO registered_user (user_id, name, email)"
        " SELECT n, 'x', n || '@example.com' FROM generate_series(1, 250) AS n"
    )
    assert users(client) == list(range(1, 51))
    assert users(client, "?limit=200&after=40") == list(range(41, 241))


@pytest.mark.parametrize(
    ("query", "at_fault"), [("limit=0", "limit"), ("limit=201", "limit"), ("after=-1", "after"), ("before=1", "before")]
)
def test_an_invalid_parameter_is_named(client: FlaskClient, query: str, at_fault: str) -> None:
    answer = client.get(f"/users?{query}")
    assert problem(answer) == (400, "invalid-request")
    assert list(answer.get_json()["errors"]) == [at_fault]


def test_concurrent_registrations_get_distinct_ids(app_with: AppWith, sql: Sql) -> None:
    app, start = app_with(), Barrier(THREADS)
    for taken in (2, 3, 7, 40):
        send(app.test_client(), "deposit", "1", 1, user_id=taken)

    def play(n: int) -> list[int]:
        client = app.test_client()
        start.wait()
        return [id_of(register(client, f"{n}-{m}@example.com")) for m in range(5)]

    with ThreadPoolExecutor(THREADS) as threads:
        ids = [user_id for own in threads.map(play, range(THREADS)) for user_id in own]
    assert sorted(ids) == [user_id for user_id in range(1, 85) if user_id not in {2, 3, 7, 40}]
    assert sql("SELECT count(*) FROM registered_user") == [(80,)]


def test_concurrent_registrations_of_one_email_admit_one(app_with: AppWith, sql: Sql) -> None:
    app, start = app_with(), Barrier(THREADS)

    def play(n: int) -> TestResponse:
        start.wait()
        # Half of them seek an id and half bring one, all with one email in different letters.
        more = {"user_id": 100 + n} if n % 2 else {}
        name = "".join(letter.upper() if n >> place & 1 else letter for place, letter in enumerate("abcd"))
        return register(app.test_client(), f"{name}@example.com", **more)

    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(play, range(THREADS)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (THREADS - 1)
    assert {problem(answer) for answer in answers if answer.status_code != 201} == {(409, "duplicate-user")}
    assert sql("SELECT count(*) FROM registered_user") == [(1,)]


def test_a_locked_register_is_503_while_events_continue(app_with: AppWith, database: str) -> None:
    client = app_with(db_lock_timeout=0.1, registered_users_only=True).test_client()
    id_of(register(client, user_id=1))
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE registered_user IN SHARE ROW EXCLUSIVE MODE")
        assert problem(register(client, "b@example.com")) == (503, "unavailable")
        assert send(client, "deposit", "1", 1).status_code == 200
        assert users(client) == [1]
    assert id_of(register(client, "b@example.com")) == 2


def test_a_running_seal_does_not_block_registrations(app_with: AppWith, database: str) -> None:
    client = app_with(db_lock_timeout=0.1).test_client()
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [AdvisoryLock.SEALS])
        assert id_of(register(client)) == 1


SCOPES = [("GET", Scope.USERS_READ, 200), ("POST", Scope.USERS_WRITE, 201)]


@pytest.mark.parametrize(("method", "needed", "status"), SCOPES)
@pytest.mark.parametrize("scope", Scope)
def test_the_register_requires_its_scopes(
    app_with: AppWith, method: str, needed: Scope, status: int, scope: Scope
) -> None:
    app = app_with(access=Access.KEYS)
    headers = {"Authorization": f"Bearer {create_key(wiring(app).database, 'test', [scope], None)}"}
    body = {"name": "Ada", "email": "ada@example.com"} if method == "POST" else None
    answer = app.test_client().open("/users", method=method, headers=headers, json=body)
    assert answer.status_code == (status if scope is needed else 403)
