"""Reading the parameters of a query strictly, for every view that declares them with APIFlask.

As bodies are (`lib.json_requests`): what a view does not know, or is told twice, is refused rather than passed over.
"""

import re
from typing import Any

from apiflask import Schema
from apiflask.schema_adapters.marshmallow import parser
from flask import Request
from marshmallow import fields

from lib.fields import GREATEST, WholeNumber
from lib.json_requests import refusal_of
from lib.keyset import LONGEST_PAGE, USUAL_PAGE

DIGITS = re.compile(r"[0-9]+")
MOST_DIGITS = 19  # of `GREATEST`


class WholeNumberInDigits(WholeNumber):
    """A whole number as a query has it: plain ASCII digits, no sign and no space."""

    default_error_messages = {"invalid": "Must be a whole number in plain digits."}  # noqa: RUF012  # marshmallow's

    def _deserialize(self, value: Any, *more: Any, **named: Any) -> int:  # noqa: ANN401  # as above
        if not DIGITS.fullmatch(value):
            raise self.make_error("invalid")
        # Python refuses to read thousands of digits; so many are out of range, whatever they say.
        return super()._deserialize(int(value) if len(value) <= MOST_DIGITS else GREATEST + 1, *more, **named)


class TrueOrFalse(fields.Boolean):
    """A truth value as a query has it: exactly `true` or `false`."""

    default_error_messages = {"invalid": "Must be true or false."}  # noqa: RUF012  # marshmallow's own form
    truthy = {"true"}  # noqa: RUF012  # as above
    falsy = {"false"}  # noqa: RUF012  # as above


class NoParameters(Schema):
    """There is nothing to ask for."""


class PageParameters(Schema):
    """How long a page of a list is; which one, each list says itself."""

    limit = WholeNumberInDigits(
        least=1,
        greatest=LONGEST_PAGE,
        load_default=USUAL_PAGE,
        metadata={"description": "how many there are on a page at most", "example": USUAL_PAGE},
    )


@parser.location_loader("query")
def load_query(request: Request, schema: Schema) -> dict[str, str]:
    """Read the parameters for webargs; raises the refusal of the schema, with the names of those at fault."""
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
