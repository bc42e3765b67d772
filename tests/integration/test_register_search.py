"""Players are found by id, by email, by a part of the name or the email, and by group."""

import pytest
from flask.testing import FlaskClient

from tests.integration.clients import problem


@pytest.fixture(autouse=True)
def registered(client: FlaskClient) -> None:
    for user_id, name, email, groups in (
        (7, "Ada Größe", "ada@example.com", ["vip"]),
        (70, "Ben 7", "ben.ada@example.com", []),
        (71, "Cleo 100%", "cleo@example.com", ["vip", "18-24"]),
    ):
        body = {"user_id": user_id, "name": name, "email": email, "groups": groups}
        assert client.post("/users", json=body).status_code == 201


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=7", [7]),
        ("search=99999999999999999999", []),
        ("search=ADA@example.com", [7]),
        ("search=ada", [7, 70]),
        ("search=größe", [7]),
        ("search=100%25", [71]),
        ("search=_", []),
        ("search=example", [7, 70, 71]),
        ("search=example&after=7", [70, 71]),
        ("group=vip", [7, 71]),
        ("group=vip&search=cleo", [71]),
        ("group=young", []),
    ],
)
def test_a_search_finds(client: FlaskClient, query: str, found: list[int]) -> None:
    assert [user["user_id"] for user in client.get(f"/users?{query}").get_json()["users"]] == found


def test_pages_of_a_search_follow_each_other(client: FlaskClient) -> None:
    first = client.get("/users?search=example&limit=2").get_json()
    assert ([user["user_id"] for user in first["users"]], first["next_after"]) == ([7, 70], 70)
    assert client.get("/users?search=example&limit=2&after=70").get_json()["next_after"] is None


@pytest.mark.parametrize("query", ["search=", "search=%00", "search=" + "x" * 255, "group=VIP", "group="])
def test_what_nobody_can_be_found_by_is_refused(client: FlaskClient, query: str) -> None:
    assert problem(client.get(f"/users?{query}"))[0] == 400
