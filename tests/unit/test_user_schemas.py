"""From the members of a request to a player to be registered."""

import pytest
from marshmallow import ValidationError

from app.players.domain import DuplicateUser, NewPlayer
from app.players.schemas import NewUserSchema

ADA = {"name": "Ada", "email": "ada@example.com"}


@pytest.mark.parametrize("user_id", [1, 2**63 - 1])
def test_a_player_is_loaded_completely(user_id: int) -> None:
    user = NewUserSchema().load({**ADA, "user_id": user_id})
    assert user == NewPlayer(user_id=user_id, name="Ada", email="ada@example.com")


def test_the_id_may_be_left_out() -> None:
    assert NewUserSchema().load(ADA) == NewPlayer(user_id=None, name="Ada", email="ada@example.com")


def test_the_longest_name_is_accepted() -> None:
    assert NewUserSchema().load({**ADA, "name": "ä" * 100}).name == "ä" * 100


WRONG: list[tuple[str, object]] = [
    *(("user_id", value) for value in (0, -1, 2**63, "1", True, None, 1.0)),
    *(("name", value) for value in ("", " ", "ä" * 101, "a\0", None, 5)),
    *(("email", value) for value in ("", "ada", f"{'a' * 250}@b.de", None, 5)),
    ("created_at", "2026-01-01T00:00:00Z"),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}={value!r}" for name, value in WRONG])
def test_an_invalid_member_is_named(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        NewUserSchema().load({**ADA, name: value})
    assert list(refused.value.normalized_messages()) == [name]  # type: ignore[no-untyped-call]  # marshmallow's gap


@pytest.mark.parametrize("name", ADA)
def test_a_missing_member_is_named(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NewUserSchema().load({key: value for key, value in ADA.items() if key != name})
    assert refused.value.messages == {name: ["Missing data for required field."]}


def test_a_duplicate_names_the_taken_value() -> None:
    refused = DuplicateUser(["user_id", "email"])
    assert "this user_id and this email" in str(refused)
    assert refused.errors.keys() == {"user_id", "email"}
