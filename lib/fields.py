"""Fields for requests and answers that marshmallow lacks or parses too leniently."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from marshmallow import Schema, fields, validate

from lib.openapi_documents import schema_name

BIGINT_MAX = 2**63 - 1  # PostgreSQL's bigint
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
# RFC 5321, except for forms that nobody uses: quoted local parts, and IP addresses in brackets.
_WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+(?=[A-Za-z]){_LABEL}")


def whole_number(value: Any, least: int, greatest: int = BIGINT_MAX) -> int:  # noqa: ANN401  # any JSON value
    """Return a JSON integer from `least` to `greatest`; raises `TypeError` or `ValueError` for anything else.

    It accepts what `WholeNumber` accepts, at a lower cost per event.
    """
    if type(value) is not int:  # in Python a boolean is an integer, in JSON it is not
        raise TypeError
    if not least <= value <= greatest:
        raise ValueError
    return value


class WholeNumber(fields.Integer):
    """A JSON integer from `least` to `greatest`; "1", 1.0 and true are refused."""

    default_error_messages = {"invalid": "Must be a JSON integer."}  # noqa: RUF012  # marshmallow declares it so

    def __init__(self, *, least: int, greatest: int = BIGINT_MAX, **more: Any) -> None:  # noqa: ANN401  # marshmallow's
        in_range = validate.Range(least, greatest, error="Must be from {min} to {max}.")
        super().__init__(strict=True, validate=in_range, **more)
        self.metadata = {"format": "int64", **self.metadata}


class Switch(fields.Boolean):
    """A JSON boolean; marshmallow's own also accepts 1 and 1.0, which in Python equal `True`."""

    default_error_messages = {"invalid": "Must be true or false."}  # noqa: RUF012  # as above

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:  # noqa: ANN401  # as above
        if type(value) is not bool:
            raise self.make_error("invalid", input=value)
        return value


def one_of(values: Sequence[str]) -> str:
    """Say which values are allowed: Must be "a", "b" or "c"."""
    *others, last = (f'"{each}"' for each in values)
    return f"Must be {', '.join(others)} or {last}." if others else f"Must be {last}."


class Line(fields.String):
    """A string of 1 to `longest` printable characters that is not blank.

    Without control characters and line breaks, it can be stored in PostgreSQL and shown on a terminal. Marshmallow's
    own string would also accept a `NumberLiteral`.
    """

    default_error_messages = {  # noqa: RUF012  # as above
        "invalid": "Must be a string.",
        "length": "Must be 1 to {longest} characters.",
        "unprintable": "Must consist of printable characters.",
        "blank": "Must not be blank.",
    }

    def __init__(self, *, longest: int, **more: Any) -> None:  # noqa: ANN401  # as above
        super().__init__(**more)
        self.metadata = {"minLength": 1, "maxLength": longest, **self.metadata}
        self._longest = longest

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:  # noqa: ANN401  # as above
        if type(value) is not str:
            raise self.make_error("invalid")
        if not 1 <= len(value) <= self._longest:
            raise self.make_error("length", longest=self._longest)
        if not value.isprintable():
            raise self.make_error("unprintable")
        if value.isspace():
            raise self.make_error("blank")
        return value


class Prose(fields.String):
    """A string of at most `longest` characters in lines; no other control characters, so that it can be stored."""

    default_error_messages = {  # noqa: RUF012  # as above
        "invalid": "Must be a string.",
        "length": "Must be at most {longest} characters.",
        "unprintable": "Must consist of printable characters and line breaks.",
    }

    def __init__(self, *, longest: int, **more: Any) -> None:  # noqa: ANN401  # as above
        super().__init__(**more)
        self.metadata = {"maxLength": longest, **self.metadata}
        self._longest = longest

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:  # noqa: ANN401  # as above
        if type(value) is not str:
            raise self.make_error("invalid")
        if len(value) > self._longest:
            raise self.make_error("length", longest=self._longest)
        if not all(each.isprintable() or each in "\n\t" for each in value):
            raise self.make_error("unprintable")
        return value


class Word(fields.String):
    """A string that matches a pattern as a whole; `form` says in words what it has to be."""

    default_error_messages = {"invalid": "Must be {form}."}  # noqa: RUF012  # as above

    def __init__(self, *, pattern: str, form: str, **more: Any) -> None:  # noqa: ANN401  # as above
        super().__init__(**more)
        self.metadata = {"pattern": f"^{pattern}$", **self.metadata}
        self._pattern, self._form = re.compile(pattern), form

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:  # noqa: ANN401  # as above
        if type(value) is not str or not self._pattern.fullmatch(value):
            raise self.make_error("invalid", form=self._form)
        return value


class Email(Line):
    """An email address in ASCII, so that case-insensitive comparison is unambiguous."""

    default_error_messages = {"no_address": "Must be an address such as ada@example.com, in ASCII."}  # noqa: RUF012

    def __init__(self, **more: Any) -> None:  # noqa: ANN401  # as above
        super().__init__(**more)
        self.metadata = {"format": "email", **self.metadata}

    def _deserialize(self, value: Any, *more: Any, **named: Any) -> str:  # noqa: ANN401  # as above
        address = super()._deserialize(value, *more, **named)
        if not _ADDRESS.fullmatch(address):
            raise self.make_error("no_address")
        return address


class TwoPlaces(fields.Decimal):
    """Writes an exact decimal of up to 28 digits with two places, such as "42.00"; never used to read one.

    Reading would accept 1e2 and round values with more places.
    """

    def __init__(self, **more: Any) -> None:  # noqa: ANN401  # marshmallow's arguments
        super().__init__(places=2, as_string=True, **more)
        self.metadata = {"type": "string", "pattern": r"^[0-9]+\.[0-9]{2}$", **self.metadata}


class Moment(fields.AwareDateTime):
    """Writes a moment in UTC to the microsecond: "2026-01-31T09:30:00.000000Z" (RFC 3339).

    Marshmallow's own keeps the zone that the value has, and its "iso" format leaves out microseconds that are 0.
    """

    def _serialize(self, value: datetime | None, *_: Any, **__: Any) -> str | None:  # noqa: ANN401  # as above
        if value is None:
            return None
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Instant(Moment):
    """Reads a moment with its offset from UTC, as RFC 3339 has it; marshmallow's own reads other forms of ISO 8601."""

    default_error_messages = {"invalid": "Must be a moment such as 2026-01-31T09:30:00Z."}  # noqa: RUF012  # as above

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:  # noqa: ANN401  # as above
        if type(value) is not str or not RFC_3339.fullmatch(value):
            raise self.make_error("invalid")
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise self.make_error("invalid") from None


class ListOf(fields.Field[Sequence[Any]]):
    """Writes a list of items that another operation, with a longer path, returns one at a time.

    `fields.List(fields.Nested(…))` would not work: APIFlask describes operations in order of path length, and gives a
    schema that it first met as a nested one a second name in the operation that returns it.
    """

    def __init__(self, schema: type[Schema], **more: Any) -> None:  # noqa: ANN401  # as above
        super().__init__(**more)
        self._schema = schema(many=True)
        items = {"$ref": f"#/components/schemas/{schema_name(self._schema)}"}
        self.metadata = {"type": "array", "items": items, **self.metadata}

    def _serialize(self, value: Sequence[Any] | None, *_: Any, **__: Any) -> Any:  # noqa: ANN401  # as above
        return self._schema.dump(value or ())


class FormerName(fields.Field[Any]):
    """Writes the field `present` of the same schema again, under its name of the release before.

    `shape` is the JSON schema of its value.
    """

    _CHECK_ATTRIBUTE = False  # the value is that of the other field

    def __init__(self, present: str, shape: Mapping[str, Any]) -> None:
        super().__init__(required=True)
        self._present = present
        description = f"the former name of `{present}`, which the next release no longer sends"
        self.metadata = {"deprecated": True, "description": description, **shape}

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> Any:  # noqa: ANN401, ARG002  # as above
        return cast("Schema", self.parent).fields[self._present].serialize(self._present, obj)
