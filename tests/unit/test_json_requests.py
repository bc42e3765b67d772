"""Reading JSON strictly."""

import pytest

from lib.json_requests import DEEPEST, GivenTwice, InvalidMembers, MalformedJson, NumberLiteral, read_object

MALFORMED = {
    "nothing": b"",
    "white space": b"  \n",
    "cut short": b'{"a": 1',
    "more after the object": b'{"a": 1} {}',
    "an array": b"[1]",
    "a string": b'"a"',
    "null": b"null",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "minus Infinity": b'{"a": -Infinity}',
    "no UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": '\ufeff{"a": 1}'.encode(),
    "a control character in a string": b'{"a": "\x01"}',
    "single quotes": b"{'a': 1}",
    "a leading zero": b'{"a": 01}',
    "a trailing comma": b'{"a": 1,}',
    "nesting one too deep": b'{"a": ' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1),
    "nesting beyond reason": b"[" * 16_000,
    "nesting and a string cut short": b"[" * (DEEPEST + 1) + b'"' + b'\\"' * 8_000,
    "nesting and a trailing backslash": b"[" * (DEEPEST + 1) + b'"' + b"\\" * 15_001,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_json_object_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        read_object(body)


def test_nesting_within_reason_is_read() -> None:
    assert read_object(b'{"a": ' * DEEPEST + b"1" + b"}" * DEEPEST)


def test_brackets_within_strings_and_side_by_side_are_no_nesting() -> None:
    body = b'{"a": "' + b"[" * 500 + b'\\"", "b": [' + b", ".join([b"[]"] * 500) + b"]}"
    assert len(read_object(body)["b"]) == 500


def test_numbers_come_exactly_as_written() -> None:
    read = read_object(b'{"a": 0.10, "b": 1E2, "c": -7, "d": 9223372036854775808}')
    assert read == {"a": "0.10", "b": "1E2", "c": -7, "d": 2**63}
    assert [type(read[name]) for name in "abcd"] == [NumberLiteral, NumberLiteral, int, int]


def test_an_integer_of_thousands_of_digits_is_no_way_to_stop_us() -> None:
    assert isinstance(read_object(b'{"a": ' + b"9" * 10_000 + b"}")["a"], NumberLiteral)


def test_members_given_twice_are_named() -> None:
    with pytest.raises(GivenTwice) as refused:
        read_object(b'{"a": 1, "b": 2, "a": 1, "c": 3, "c": 3}')
    assert refused.value.args == ("a", "c")


def test_of_thousands_of_members_at_fault_a_few_are_named() -> None:
    refused = InvalidMembers({f"member {n}": ["Unknown field."] for n in range(1000)})
    assert len(refused.errors) == 20
    assert "and 980 more" in str(refused)


def test_a_member_of_a_member_given_twice_is_refused_too() -> None:
    with pytest.raises(GivenTwice):
        read_object(b'{"a": {"b": 1, "b": 2}}')
