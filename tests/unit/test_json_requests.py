"""Strict JSON parsing."""

import gzip

import pytest

from lib.json_requests import (
    MAX_DEPTH,
    GivenTwice,
    InvalidMembers,
    MalformedJson,
    NumberLiteral,
    printable,
    read_object,
)

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
    "nesting one too deep": b'{"a": ' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
    "nesting beyond reason": b"[" * 16_000,
    "nesting and a string cut short": b"[" * (MAX_DEPTH + 1) + b'"' + b'\\"' * 8_000,
    "nesting and a trailing backslash": b"[" * (MAX_DEPTH + 1) + b'"' + b"\\" * 15_001,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_body_that_is_no_json_object_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        read_object(body)


EVENT = '{"type": "deposit", "amount": "1"}'
OTHER_ENCODINGS = {
    "utf-8-sig": "byte order mark (bytes EF BB BF): send the same UTF-8 without it",
    "utf-16": "in UTF-16: send the JSON in UTF-8",
    "utf-16-le": "in UTF-16: ",
    "utf-16-be": "in UTF-16: ",
    "utf-32": "in UTF-32: ",
    "utf-32-le": "in UTF-32: ",
    "utf-32-be": "in UTF-32: ",
}


@pytest.mark.parametrize(("encoding", "expected"), OTHER_ENCODINGS.items())
def test_another_encoding_is_named_with_the_expected_one(encoding: str, expected: str) -> None:
    """A29."""
    with pytest.raises(MalformedJson) as refused:
        read_object(EVENT.encode(encoding))
    assert expected in str(refused.value)


def test_an_undeclared_gzip_body_is_recognised() -> None:
    with pytest.raises(MalformedJson, match="compressed with gzip"):
        read_object(gzip.compress(EVENT.encode()))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\xff\xfe\x00", "not UTF-8"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\x00"}', "control character"),
    ],
)
def test_undecodable_bytes_are_not_attributed_to_an_encoding(body: bytes, expected: str) -> None:
    with pytest.raises(MalformedJson, match=expected) as refused:
        read_object(body)
    assert "UTF-16" not in str(refused.value)


def test_moderate_nesting_is_accepted() -> None:
    assert read_object(b'{"a": ' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH)


def test_brackets_within_strings_and_side_by_side_are_no_nesting() -> None:
    body = b'{"a": "' + b"[" * 500 + b'\\"", "b": [' + b", ".join([b"[]"] * 500) + b"]}"
    assert len(read_object(body)["b"]) == 500


def test_numbers_come_exactly_as_written() -> None:
    read = read_object(b'{"a": 0.10, "b": 1E2, "c": -7, "d": 9223372036854775808}')
    assert read == {"a": "0.10", "b": "1E2", "c": -7, "d": 2**63}
    assert [type(read[name]) for name in "abcd"] == [NumberLiteral, NumberLiteral, int, int]


def test_an_integer_of_thousands_of_digits_is_handled_quickly() -> None:
    assert isinstance(read_object(b'{"a": ' + b"9" * 10_000 + b"}")["a"], NumberLiteral)


def test_repeated_members_are_named() -> None:
    with pytest.raises(GivenTwice) as refused:
        read_object(b'{"a": 1, "b": 2, "a": 1, "c": 3, "c": 3}')
    assert refused.value.args == ("a", "c")


def test_only_a_few_of_many_invalid_members_are_named() -> None:
    refused = InvalidMembers({f"member {n}": ["Unknown field."] for n in range(1000)})
    assert len(refused.errors) == 20
    assert "and 980 more" in str(refused)


TWICE_WITHIN = {
    b'{"a": {"b": 1, "b": 2}}': ("a, b",),
    b'{"a": [{"b": 1}, {"b": 1, "b": 2}, {"b": 1, "b": 2}]}': ("a no. 2, b", "a no. 3, b"),
    b'{"a": 1, "a": {"b": [[{"c": 1, "c": 1}]]}}': ("a", "a, b no. 1 no. 1, c"),
}


@pytest.mark.parametrize(("body", "named"), TWICE_WITHIN.items())
def test_a_repeated_member_is_named_with_its_place(body: bytes, named: tuple[str, ...]) -> None:
    with pytest.raises(GivenTwice) as refused:
        read_object(body)
    assert refused.value.args == named


@pytest.mark.parametrize(
    "body", [b'{"a": 1, "a": 2', b'{"a": 1, "a": NaN}', b'[{"a": 1, "a": 2}', b'{"a": 1, "a": 2} {}']
)
def test_malformed_json_is_reported_as_such_despite_a_repeated_member(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        read_object(body)


def test_a_list_is_not_an_object() -> None:
    with pytest.raises(MalformedJson, match="must be a JSON object"):
        read_object(b'[{"a": 1, "a": 2}]')


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("amount", "amount"),
        ("größe", "größe"),
        ("\x1b[31mred\nnext", r"\x1b[31mred\nnext"),
        ("\ud800", r"\ud800"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 60 + "…"),
    ],
)
def test_member_names_are_shown_safely_for_terminals(name: str, expected: str) -> None:
    assert printable(name) == expected
