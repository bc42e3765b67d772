"""From the members of a request to an event, and from a decision to the members of an answer."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from app.events.domain import Decision
from app.events.schemas import DecisionSchema, EventSchema, parse_fast, render_decision
from app.rules.event import ActivityEvent, EventType
from lib.json_requests import NumberLiteral
from tests.builders import deposit

SAMPLE: dict[str, Any] = {"type": "deposit", "amount": "42.00", "user_id": 1, "t": 10}

AMOUNTS = {
    "a string": ("42.00", "42.00"),
    "whole": ("42", "42"),
    "one decimal": ("42.5", "42.5"),
    "the least": ("0.01", "0.01"),
    "leading zeros": ("007.50", "7.50"),
    "the greatest": ("999999999999.99", "999999999999.99"),
    "a JSON integer": (42, "42"),
    "a JSON number": (NumberLiteral("0.10"), "0.10"),
}


@pytest.mark.parametrize(("given", "read"), AMOUNTS.values(), ids=AMOUNTS.keys())
def test_amounts_that_are_accepted(given: object, read: str) -> None:
    """A8."""
    event: ActivityEvent = EventSchema().load({**SAMPLE, "amount": given})
    assert event.amount == Decimal(read)


def test_an_event_is_loaded_completely() -> None:
    assert EventSchema().load(SAMPLE) == ActivityEvent(user_id=1, t=10, type=EventType.DEPOSIT, amount=Decimal("42.00"))


def test_time_is_another_name_for_t() -> None:
    """A10."""
    members = {name: value for name, value in SAMPLE.items() if name != "t"}
    assert EventSchema().load({**members, "time": 10}) == EventSchema().load(SAMPLE)


LIMITS = [("user_id", 1), ("user_id", 2**63 - 1), ("t", 0), ("t", 2**63 - 1)]


@pytest.mark.parametrize(("name", "value"), LIMITS)
def test_the_bounds_of_integers_are_inclusive(name: str, value: int) -> None:
    assert getattr(EventSchema().load({**SAMPLE, name: value}), name) == value


INVALID_AMOUNTS: list[object] = [
    *("0", "0.00", "-1", "+1", "1.", ".5", "1.234", "1e2", "1E2", " 1", "1 ", "1\n", "1,5", "1_000", "", "x"),
    *("1234567890123", "٤٢", "NaN", "Infinity", "0x10"),
    *(0, -1, 10**12, NumberLiteral("1e2"), NumberLiteral("1.234"), NumberLiteral("-0.5")),
    *(True, None, [], {}, 1.5),
]
WRONG_OF: dict[str, list[object]] = {
    "amount": INVALID_AMOUNTS,
    "type": ["Deposit", "DEPOSIT", "bet", "", None, 1, True, [], {}, "deposit "],
    "user_id": [0, -1, 2**63, "1", True, None, 1.0, NumberLiteral("1.0"), [], {}],
    "t": [-1, 2**63, "1", False, None, NumberLiteral("1e3"), [], {}],
}
WRONG = [(name, value) for name, values in WRONG_OF.items() for value in values]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}={value!r}" for name, value in WRONG])
def test_an_invalid_member_is_named_with_its_fault(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        EventSchema().load({**SAMPLE, name: value})
    assert list(refused.value.normalized_messages()) == [name]  # type: ignore[no-untyped-call]  # marshmallow's gap


@pytest.mark.parametrize("name", SAMPLE)
def test_a_missing_member_is_named(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        EventSchema().load({key: value for key, value in SAMPLE.items() if key != name})
    assert refused.value.messages == {name: ["Missing data for required field."]}


def test_an_unknown_member_is_refused() -> None:
    """A9."""
    with pytest.raises(ValidationError, match="Unknown field"):
        EventSchema().load({**SAMPLE, "currency": "EUR"})


def test_t_and_time_at_once_are_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        EventSchema().load({**SAMPLE, "time": 10})
    assert list(refused.value.messages) == ["time"]


@pytest.mark.parametrize(("codes", "alert"), [((), False), ((30, 123), True)], ids=["no code", "two codes"])
def test_alert_is_true_exactly_when_there_are_codes(codes: tuple[int, ...], alert: bool) -> None:  # noqa: FBT001
    decision = Decision(event=deposit("1", user_id=7), alert_codes=codes, edition=1)
    answer = {"alert": alert, "alert_codes": list(codes), "user_id": 7}
    assert DecisionSchema().dump(decision) == answer
    assert json.loads(render_decision(decision)) == answer


VALUES: st.SearchStrategy[object] = st.one_of(
    st.sampled_from(
        [
            "deposit",
            "withdraw",
            "42.00",
            "7",
            "",
            " 1",
            "0",
            "0.00",
            "1e2",
            0,
            1,
            -1,
            2**63,
            2**63 - 1,
            True,
            None,
            1.5,
            [],
        ]
    ),
    st.builds(NumberLiteral, st.sampled_from(["1.0", "1.25", "1.234", "0.0", "1e2"])),
    st.integers(),
)
SENT = st.dictionaries(
    st.sampled_from(["type", "amount", "user_id", "t", "time", "x"]), VALUES
) | st.fixed_dictionaries({"type": VALUES, "amount": VALUES, "user_id": VALUES, "t": VALUES})


@given(SENT)
def test_the_fast_parser_agrees_with_marshmallow(members: dict[str, object]) -> None:
    try:
        event = EventSchema().load(members)
    except ValidationError:
        event = None
    straight = parse_fast(members)
    assert straight == (event if "time" not in members else None)
