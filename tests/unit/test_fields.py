"""Fields of requests and answers: what they accept, what they refuse, how they are written."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields

from lib.fields import Email, Line, ListOf, Moment, TwoPlaces, WholeNumber
from lib.json_requests import NumberLiteral
from lib.query_parameters import TrueOrFalse, WholeNumberInDigits

MAX_LABEL = "d" * 63

LINE = Line(longest=5)
EMAIL = Email(longest=254)
NUMBER = WholeNumber(least=1, greatest=200)
DIGITS = WholeNumberInDigits(least=1, greatest=200)

LINES = {"one character": "A", "the longest": "Adaäé", "spaces around": " Ada ", "no Latin": "李雷", "no markup": "[b]"}
NO_LINES = {
    "nothing": "",
    "too long": "Ada Ad",
    "blank": "   ",
    "NUL": "A\0",
    "a line break": "A\nb",
    "a tab": "A\tb",
    "an escape": "\x1b[1m",
    "DEL": "A\x7f",
    "half a character": "\ud800",
    "another half": "A\udfff",
    "a mark of direction": "A\u202eb",
    "a separator of lines": "A\u2028b",
    "a number": 1,
    "a number as it was written": NumberLiteral("1.5"),
    "a boolean": True,
    "an array": ["A"],
    "null": None,
}
EMAILS = {
    "plain": "ada@example.com",
    "capitals": "Ada@Example.COM",
    "every sign of a name": "!#$%&'*+/=?^_`{|}~-.a@example.com",
    "a subdomain": "a@b.c.de",
    "digits": "1@2.3.d4",
    "a name as long as may be": "a" * 64 + "@example.com",
    "a label as long as may be": f"a@{MAX_LABEL}.com",
    "as long as may be": f"{'a' * 64}@{MAX_LABEL}.{MAX_LABEL}.{'d' * 57}.com",
    "punycode": "a@xn--bcher-kva.example",
}
NO_EMAILS = {
    "one too long": f"{'a' * 64}@{MAX_LABEL}.{MAX_LABEL}.{'d' * 58}.com",
    "a name too long": "a" * 65 + "@example.com",
    "a label too long": f"a@{MAX_LABEL}d.com",
    "no at": "ada.example.com",
    "two ats": "a@b@example.com",
    "no name": "@example.com",
    "no domain": "a@",
    "one label": "a@localhost",
    "an address of a machine": "a@127.0.0.1",
    "an address in brackets": "a@[127.0.0.1]",
    "a dot first": ".a@example.com",
    "a dot last": "a.@example.com",
    "two dots": "a..b@example.com",
    "an empty label": "a@example..com",
    "a label that begins with a hyphen": "a@-b.com",
    "a label that ends with a hyphen": "a@b-.com",
    "a dot at the end": "a@example.com.",
    "a space": "a b@example.com",
    "a space at the end": "a@example.com ",
    "a line break at the end": "a@example.com\n",
    "quoted": '"a b"@example.com',
    "a name with it": "Ada <ada@example.com>",
    "no ASCII in the name": "ädä@example.com",
    "no ASCII in the domain": "a@bücher.example",
    "a sign that folds to ASCII": "a@example.\u212aom",
    "NUL": "a\0@example.com",
    "half a character": "\ud800@example.com",
    "a number as it was written": NumberLiteral("1.5"),
    "null": None,
}


@pytest.mark.parametrize("value", LINES.values(), ids=LINES.keys())
def test_a_valid_line_is_kept_unchanged(value: str) -> None:
    assert LINE.deserialize(value) == value


@pytest.mark.parametrize("value", NO_LINES.values(), ids=NO_LINES.keys())
def test_invalid_lines_are_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        LINE.deserialize(value)


@given(st.text(st.characters(), max_size=6))
def test_every_accepted_line_can_be_stored_and_shown(value: str) -> None:
    try:
        taken = LINE.deserialize(value)
    except ValidationError:
        return
    assert taken == value
    assert "\0" not in taken
    assert len(taken.encode("utf-8").decode("utf-8").splitlines()) == 1


@pytest.mark.parametrize("value", EMAILS.values(), ids=EMAILS.keys())
def test_valid_emails_are_accepted(value: str) -> None:
    assert EMAIL.deserialize(value) == value


@pytest.mark.parametrize("value", NO_EMAILS.values(), ids=NO_EMAILS.keys())
def test_invalid_emails_are_refused(value: object) -> None:
    """A23."""
    with pytest.raises(ValidationError):
        EMAIL.deserialize(value)


@given(st.emails().filter(lambda address: len(address) <= 254))
def test_any_email_within_bounds_is_accepted(value: str) -> None:
    assert EMAIL.deserialize(value) == value


@pytest.mark.parametrize("value", ["1", "200", "007", "0" * 16 + "200"])
def test_digits_are_read_as_a_number(value: str) -> None:
    assert DIGITS.deserialize(value) == int(value)


NO_DIGITS = ["", " 1", "1 ", "+1", "-1", "1.0", "1e2", "0x1", "1_0", "٤", "²", "x", "1\n", "9" * 20, "9" * 10_000]


@pytest.mark.parametrize("value", NO_DIGITS)
def test_anything_but_plain_digits_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="plain digits"):
        DIGITS.deserialize(value)


@pytest.mark.parametrize("value", ["0", "201", "9" * 19])
def test_digits_out_of_range_are_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="from 1 to 200"):
        DIGITS.deserialize(value)


@pytest.mark.parametrize("value", [1, 200])
def test_the_bounds_of_a_number_are_inclusive(value: int) -> None:
    assert NUMBER.deserialize(value) == value


@pytest.mark.parametrize(
    "value", [0, 201, 10**30, "1", True, 1.0, NumberLiteral("1.0"), NumberLiteral("1e2"), [], None]
)
def test_invalid_numbers_are_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        NUMBER.deserialize(value)


AMOUNTS = [("0", "0.00"), ("42", "42.00"), ("0.1", "0.10"), ("999999999999.99", "999999999999.99"), ("1E+3", "1000.00")]


@pytest.mark.parametrize(("amount", "written"), [*AMOUNTS, ("999999999999999999999.99", "999999999999999999999.99")])
def test_an_exact_decimal_is_written_with_two_places(amount: str, written: str) -> None:
    assert TwoPlaces().serialize("amount", {"amount": Decimal(amount)}) == written


def test_a_datetime_is_written_in_utc() -> None:
    moment = datetime(2026, 1, 31, 10, 30, tzinfo=timezone(timedelta(hours=1)))
    assert Moment().serialize("at", {"at": moment}) == "2026-01-31T09:30:00.000000Z"
    assert Moment().serialize("at", {"at": datetime(2026, 1, 31, 9, 30, 0, 250, tzinfo=UTC)}) == (
        "2026-01-31T09:30:00.000250Z"
    )


@pytest.mark.parametrize("field", [TwoPlaces(), Moment()])
def test_none_is_written_as_null(field: fields.Field[object]) -> None:
    assert field.serialize("it", {"it": None}) is None


@pytest.mark.parametrize(("value", "meant"), [("true", True), ("false", False)])
def test_a_query_boolean_is_true_or_false(value: str, meant: bool) -> None:  # noqa: FBT001
    assert TrueOrFalse().deserialize(value) is meant


@pytest.mark.parametrize("value", ["True", "TRUE", "1", "0", "yes", "no", "on", "off", "t", "f", "", " true", "true\n"])
def test_any_other_word_is_no_boolean(value: str) -> None:
    with pytest.raises(ValidationError, match="true or false"):
        TrueOrFalse().deserialize(value)


class DiscSchema(Schema):
    """Something to make lists of."""

    title = fields.String()


def test_a_list_is_dumped_by_its_schema_and_documented_by_reference() -> None:
    field = ListOf(DiscSchema, metadata={"description": "all of them"})
    assert field.serialize("discs", {"discs": [{"title": "A", "more": 1}, {"title": "B"}]}) == [
        {"title": "A"},
        {"title": "B"},
    ]
    assert field.metadata == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Disc"},
        "description": "all of them",
    }
