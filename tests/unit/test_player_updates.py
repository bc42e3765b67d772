"""What updates of players do, one after the other: register, change, nothing, or why they are refused."""

import pytest

from app.players.domain import DuplicateUser, NotRegistered, PlayerUpdate, Profile
from app.players.updating import Known, Register, Updated

ADA = Profile("Ada", "ada@example.com", frozenset({"vip"}))
BEN = Profile("Ben", "ben@example.com")


@pytest.fixture
def register() -> Register:
    """A register with two players, where all that the tests name was looked up."""
    known = Register()
    known.learn(range(1, 6), {1: Known(ADA, 3), 2: Known(BEN)})
    owners = {"ada@example.com": 1, "ben@example.com": 2}
    known.learn_owners([*owners, "new@example.com", "other@example.com"], owners)
    return known


def update(register: Register, user_id: int, **members: object) -> Updated:
    return register.update(PlayerUpdate(user_id=user_id, **members), may_register=True)  # type: ignore[arg-type]  # as sent


def test_what_is_left_out_stays(register: Register) -> None:
    assert update(register, 1, name="Ada L") == Updated(1, ADA, ADA._replace(name="Ada L"), 4)
    assert update(register, 1, groups=frozenset()).after == Profile("Ada L", "ada@example.com")


@pytest.mark.parametrize("members", [{}, {"name": "Ada"}, {"email": "ada@example.com"}, {"groups": frozenset({"vip"})}])
def test_what_is_so_already_makes_no_version(register: Register, members: dict[str, object]) -> None:
    done = update(register, 1, **members)
    assert (done.changes, done.registers, done.version) == (False, False, 3)


def test_updates_follow_each_other(register: Register) -> None:
    versions = [update(register, 2, groups=frozenset({label})).version for label in ("a", "b", "b", "a")]
    assert versions == [1, 2, 2, 3]


def test_an_email_is_free_once_its_player_has_another(register: Register) -> None:
    with pytest.raises(DuplicateUser):
        update(register, 2, email="ADA@example.com")
    update(register, 1, email="new@example.com")
    assert update(register, 2, email="ADA@example.com").after.email == "ADA@example.com"
    with pytest.raises(DuplicateUser):
        update(register, 1, email="ada@example.com")
    assert update(register, 1, email="NEW@example.com").version == 5, "the letters of one's own email may change"


def test_anybody_else_is_registered_with_name_and_email(register: Register) -> None:
    with pytest.raises(NotRegistered, match="name and the email"):
        update(register, 3, name="Cleo")
    new = update(register, 3, name="Cleo", email="other@example.com")
    assert (new.registers, new.changes, new.version) == (True, False, 0)
    grouped = update(register, 4, name="Dan", email="new@example.com", groups=frozenset({"vip"}))
    assert (grouped.registers, grouped.changes, grouped.version) == (True, True, 1)
    assert update(register, 4, name="Dan").version == 1


def test_a_refused_update_leaves_everything_as_it_was(register: Register) -> None:
    with pytest.raises(DuplicateUser):
        update(register, 5, name="Eve", email="ben@example.com")
    with pytest.raises(NotRegistered):
        update(register, 5, name="Eve")
    assert update(register, 5, name="Eve", email="new@example.com").registers


def test_only_registered_players_are_changed_where_registering_is_not_asked_for(register: Register) -> None:
    with pytest.raises(NotRegistered, match="register the player first"):
        register.update(PlayerUpdate(user_id=3, name="Cleo", email="new@example.com"), may_register=False)
