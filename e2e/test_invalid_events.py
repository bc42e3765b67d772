"""JSON objects that are no valid event: each refusal names the invalid members and leaves no trace."""

import pytest

from e2e.invalid_values import INVALID_INTEGERS, INVALID_LITERALS
from e2e.problems import invalid_fields, problem_in
from testkit.bodies import MAX_INTEGER, event_text
from testkit.service import Player

MEMBERS = {"type", "amount", "user_id", "t"}
NAMES_OF_TIME = {"t", "time"}

ONE_WRONG_MEMBER = [
    pytest.param(member, literal, id=f"{member}: {wrong}")
    for member, literals in INVALID_LITERALS.items()
    for wrong, literal in literals.items()
]


def fields_refused(player: Player, text: str) -> set[str]:
    """Fields that the refusal of a body names, once a second look has shown that nothing was stored.

    A refused withdrawal at t = 1 would stand in the way of the first withdrawal, and two withdrawals are no streak.
    """
    fields = invalid_fields(problem_in(player.send_text(text), 400, "invalid-event"))
    assert [player.withdraw("7.00", t=t) for t in (1, 2)] == [[], []]
    return fields


@pytest.mark.parametrize(("member", "literal"), ONE_WRONG_MEMBER)
def test_an_invalid_member_is_refused(player: Player, member: str, literal: str) -> None:
    assert fields_refused(player, event_text(player.user_id, **{member: literal})) == {member}


@pytest.mark.parametrize("literal", INVALID_INTEGERS.values(), ids=INVALID_INTEGERS.keys())
def test_an_invalid_time_is_refused(player: Player, literal: str) -> None:
    fields = fields_refused(player, event_text(player.user_id, t=None, time=literal))
    assert fields in ({"t"}, {"time"})


@pytest.mark.parametrize("member", sorted(MEMBERS))
def test_a_missing_member_is_refused(player: Player, member: str) -> None:
    assert fields_refused(player, event_text(player.user_id, **{member: None})) == {member}


def test_all_missing_members_are_reported(player: Player) -> None:
    assert fields_refused(player, "{}") == MEMBERS


def test_all_invalid_members_are_reported_together(player: Player) -> None:
    text = event_text(player.user_id, type='"bet"', amount='"0"', t="-1")
    assert fields_refused(player, text) == {"type", "amount", "t"}


@pytest.mark.parametrize("name", ["note", "Type", "TYPE", "userId", "amount ", "__proto__", "alert_codes", "id"])
def test_an_unknown_member_is_refused_by_name(player: Player, name: str) -> None:
    assert fields_refused(player, event_text(player.user_id, f'"{name}": 1')) == {name}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("\\u0000", id="a null character"),
        pytest.param("\\ud800", id="a lone surrogate"),
        pytest.param("\u202e", id="a change of direction"),
        pytest.param("x" * 10_000, id="10000 letters"),
        pytest.param("<script>alert(1)</script>", id="a script"),
    ],
)
def test_a_member_with_an_odd_name_is_refused(player: Player, name: str) -> None:
    assert fields_refused(player, event_text(player.user_id, f'"{name}": 1'))


@pytest.mark.parametrize(
    ("member", "again"),
    [
        pytest.param("type", '"withdraw"', id="type, the same"),
        pytest.param("type", '"deposit"', id="type, another"),
        pytest.param("amount", '"42.00"', id="amount, the same"),
        pytest.param("amount", '"1.00"', id="amount, another"),
        pytest.param("user_id", "1", id="user_id"),
        pytest.param("t", "1", id="t, the same"),
        pytest.param("t", "2", id="t, another"),
        pytest.param("\\u0074", "1", id="t, escaped the second time"),
    ],
)
def test_a_repeated_member_is_refused(player: Player, member: str, again: str) -> None:
    fields = fields_refused(player, event_text(player.user_id, f'"{member}": {again}'))
    assert fields == {member.replace("\\u0074", "t")}


def test_a_repeated_unknown_member_is_refused(player: Player) -> None:
    assert fields_refused(player, event_text(player.user_id, '"note": 1', '"note": 1')) == {"note"}


@pytest.mark.parametrize("time", ["1", "2", "null"])
def test_t_and_time_together_are_refused(player: Player, time: str) -> None:
    fields = fields_refused(player, event_text(player.user_id, time=time))
    assert fields
    assert fields <= NAMES_OF_TIME


def test_a_repeated_time_is_refused(player: Player) -> None:
    fields = fields_refused(player, event_text(player.user_id, '"time": 1', '"time": 1', t=None))
    assert fields
    assert fields <= NAMES_OF_TIME


@pytest.mark.parametrize(
    ("member", "accepted", "refused"),
    [
        pytest.param("t", "0", "-1", id="t from 0"),
        pytest.param("t", str(MAX_INTEGER), str(MAX_INTEGER + 1), id="t to 2^63-1"),
        pytest.param("amount", '"0.01"', '"0.00"', id="amounts from a cent"),
        pytest.param("amount", '"999999999999.99"', '"1000000000000.00"', id="amounts of 12 digits"),
        pytest.param("amount", '"42.00"', '"42.000"', id="amounts with 2 decimals"),
    ],
)
def test_both_sides_of_each_bound(player: Player, member: str, accepted: str, refused: str) -> None:
    response = player.send_text(event_text(player.user_id, **{member: refused}))
    assert invalid_fields(problem_in(response, 400, "invalid-event")) == {member}
    assert player.send_text(event_text(player.user_id, **{member: accepted})).status_code == 200
