"""Fields of requests and answers that marshmallow has not, or has too lenient; no business word in them."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields

from lib.openapi_documents import schema_name

GREATEST = 2**63 - 1  # of PostgreSQL's bigint
# RFC 5321 without what nobody has: quoted names, and addresses of machines in brackets.
WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS = re.compile(rf"(?=.{{1,64}}@){WORD}(?:\.{WORD})*@(?:{LABEL}\.)+(?=[A-Za-z]){LABEL}")


def whole_number(value: Any, least: int, greatest: int = GREATEST) -> int:  # noqa: ANN401  # whatever JSON holds
    """Return a JSON integer from `least` to `greatest`; raises `TypeError` or `ValueError` for anything else."""
    if type(value) is not int:  # a boolean is one of Python's integers and none of JSON's
        raise TypeError
    if not least <= value <= greatest:
        raise ValueError
    return value


class WholeNumber(fields.Integer):
    """A JSON integer from `least` to `greatest`: marshmallow's own, even its strict one, also takes strings."""

    default_error_messages = {  # noqa: RUF012  # marshmallow's own form
        "invalid": "Must be a JSON integer.",
        "out_of_range": "Must be from {least} to {greatest}.",
    }

    def __init__(self, *, least: int, greatest: int = GREATEST, **more: Any) -> None:  # noqa: ANN401  # as above
        super().__init__(**more)
        self.metadata = {"format": "int64", "minimum": least, "maximum": greatest, **self.metadata}
        self._least, self._greatest = least, greatest

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:  # noqa: ANN401  # whatever JSON holds
        try:
            return whole_number(value, self._least, self._greatest)
        except TypeError:
            raise self.make_error("invalid") from None
        except ValueError:
            raise self.make_error("out_of_range", least=self._least, greatest=self._greatest) from None


class Switch(fields.Boolean):
    """A JSON boolean: marshmallow's own also takes "yes", 1 and other words for it."""

    default_error_messages = {"invalid": "Must be true or false."}  # noqa: RUF012  # marshmallow's own form

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:  # noqa: ANN401  # whatever JSON holds
        if type(value) is not bool:
            raise self.make_error("invalid", input=value)
        return value


class Line(fields.String):
    """A string of 1 to `longest` characters that can all be printed, and not of spaces only.

    So no control characters, no line breaks, nothing that PostgreSQL cannot store. Marshmallow's own would also
    take a number that is read as it was written.
    """

    default_error_messages = {  # noqa: RUF012  # as above
        "invalid": "Must be a string.",
        "length": "Must be 1 to {longest} characters.",
        "unprintable": "Must be of characters that can be printed.",
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


class Email(Line):
    """An address that mail can be sent to, in ASCII: so there is no doubt what it is without regard to case."""

    default_error_messages = {"no_address": "Must be an address such as ada@example.com, in ASCII."}  # noqa: RUF012

    def __init__(self, **more: Any) -> None:  # noqa: ANN401  # as above
        super().__init__(**more)
        self.metadata = {"format": "email", **self.metadata}

    def _deserialize(self, value: Any, *more: Any, **named: Any) -> str:  # noqa: ANN401  # as above
        address = super()._deserialize(value, *more, **named)
        if not ADDRESS.fullmatch(address):
            raise self.make_error("no_address")
        return address


class Hundredths(fields.Field[Decimal]):
    """Writes an exact decimal with two places, "42.00"."""

    def __init__(self, **more: Any) -> None:  # noqa: ANN401  # as above
        super().__init__(**more)
        self.metadata = {"type": "string", "pattern": r"^[0-9]+\.[0-9]{2}$", **self.metadata}

    def _serialize(self, value: Decimal | None, *_: Any, **__: Any) -> str | None:  # noqa: ANN401  # as above
        return None if value is None else f"{value:.2f}"


class Moment(fields.AwareDateTime):
    """Writes a moment as RFC 3339 has it, in UTC to the microsecond: "2026-01-31T09:30:00.000000Z"."""

    def _serialize(self, value: datetime | None, *_: Any, **__: Any) -> str | None:  # noqa: ANN401  # as above
        if value is None:
            return None
        return value.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


class ListOf(fields.Field[Sequence[Any]]):
    """Writes a list of what an operation of its own answers one of.

    Nested in the usual way it would have to be answered, and described, by an operation with a shorter path first.
    """

    def __init__(self, schema: type[Schema], **more: Any) -> None:  # noqa: ANN401  # as above
        super().__init__(**more)
        self._schema = schema(many=True)
        items = {"$ref": f"#/components/schemas/{schema_name(self._schema)}"}
        self.metadata = {"type": "array", "items": items, **self.metadata}

    def _serialize(self, value: Sequence[Any] | None, *_: Any, **__: Any) -> Any:  # noqa: ANN401  # as above
        return self._schema.dump(value or ())
