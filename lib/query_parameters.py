"""Strict reading of query parameters, for every view that declares them with APIFlask.

As in bodies (`lib.json_requests`), an unknown parameter and one that is given twice are refused, not ignored.
"""

import re
from typing import Any

from apiflask import Schema
from apiflask.schema_adapters.marshmallow import parser
from flask import Request
from marshmallow import fields

from lib.fields import WholeNumber
from lib.json_requests import refusal_of
from lib.keyset import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

_DIGITS = re.compile(r"[0-9]{1,19}")  # as many as `BIGINT_MAX` has


class WholeNumberInDigits(WholeNumber):
    """A whole number in a query: ASCII digits only. Python's `int`, and so marshmallow, also takes "+1" and "1_0"."""

    default_error_messages = {  # noqa: RUF012  # marshmallow declares it so
        "invalid": "Must be a whole number of at most 19 plain digits."
    }

    def _deserialize(self, value: Any, *more: Any, **named: Any) -> int:  # noqa: ANN401  # marshmallow's arguments
        if not _DIGITS.fullmatch(value):
            raise self.make_error("invalid")
        return super()._deserialize(int(value), *more, **named)


class TrueOrFalse(fields.Boolean):
    """A boolean in a query: exactly `true` or `false`."""

    default_error_messages = {"invalid": "Must be true or false."}  # noqa: RUF012  # as above
    truthy = {"true"}  # noqa: RUF012  # as above
    falsy = {"false"}  # noqa: RUF012  # as above


class NoParameters(Schema):
    """The operation has no parameters."""


class PageParameters(Schema):
    """The size of a page; each list adds the parameter that says where the page begins."""

    limit = WholeNumberInDigits(
        least=1,
        greatest=MAX_PAGE_SIZE,
        load_default=DEFAULT_PAGE_SIZE,
        metadata={"description": "the maximum number of items on a page", "example": DEFAULT_PAGE_SIZE},
    )


def next_page(parameter: str) -> fields.Integer:
    """Return the last field of a page: the value of the parameter that asks for the next page."""
    description = f"the `{parameter}` of the next page; null exactly when there is none"
    return fields.Integer(required=True, allow_none=True, metadata={"description": description})


@parser.location_loader("query")
def load_query(request: Request, schema: Schema) -> dict[str, str]:
    """Return the query parameters, for webargs.

    Raises the schema's refusal (`refusal_of`), which names the parameters that are unknown or given twice.
    """
    known = {field.data_key or name for name, field in schema.load_fields.items()}
    errors = {}
    for name, values in request.args.lists():
        if name not in known:
            errors[name] = [f"Unknown parameter; there is {', '.join(sorted(known)) or 'none'}."]
        elif len(values) > 1:
            errors[name] = ["Was given twice."]
    if errors:
        raise refusal_of(schema)(errors)
    return request.args.to_dict()
