"""Strict reading of JSON requests, for every view that declares its input with APIFlask.

APIFlask reads bodies through webargs and not through Flask's JSON provider, so this module replaces webargs' loader.
It refuses what a lenient parser accepts: duplicate members, NaN, anything but an object, encodings other than UTF-8.
No number becomes binary floating point.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from apiflask.schema_adapters.marshmallow import parser
from flask import Request
from marshmallow import Schema, ValidationError

from lib.bodies import MAX_BODY_SIZE, read_body
from lib.body_forms import encoding_fault, refuse_other_forms
from lib.concurrency import acquire_slot

MAX_NAMED = 20  # invalid members that an error names; a body may hold thousands
MAX_DEPTH = 64  # levels of nesting
_MAX_SHOWN = 60  # characters of a name that a client chose
_MAX_DIGITS = 40  # of an integer; Python refuses to parse thousands, and no member of ours needs more than 19

_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{\]}]', re.DOTALL)  # the body may end within a string


class MalformedJson(Exception):
    """The body is not a JSON object."""


class InvalidMembers(Exception):
    """The request has invalid members or parameters; `errors` says what is wrong with each.

    A schema may name a subclass to raise instead, as its `refusal`.
    """

    def __init__(self, errors: Mapping[str, Any]) -> None:
        named = sorted(errors)[:MAX_NAMED]
        more = f" and {len(errors) - MAX_NAMED} more" if len(errors) > MAX_NAMED else ""
        super().__init__(f"see errors for what to change in {', '.join(named)}{more}")
        self.errors = {name: errors[name] for name in named}


class NumberLiteral(str):
    """A JSON number that is not an integer, exactly as it was written: 0.10 stays "0.10"."""

    __slots__ = ()


class GivenTwice(Exception):
    """Members were given more than once; `args` says which, such as "code", or "rules no. 2, code" within a list."""


class _Members(list[tuple[str, Any]]):
    """All members of an object as they were written, repeated ones included."""


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body of UTF-8; numbers other than integers become `NumberLiteral`.

    Raises `MalformedJson` or `GivenTwice`.
    """
    return object_in(_read(body, _decode))


def object_in(read: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON value
    """Return a value if it is an object; raises `MalformedJson` otherwise."""
    if not isinstance(read, dict):
        raise MalformedJson("the body must be a JSON object: { … }")
    return read


def read_array(body: bytes) -> list[Any]:
    """Return the JSON array in a body of UTF-8; an object in it that has a member twice is a `GivenTwice`, unraised.

    Raises `MalformedJson`.
    """
    read = _read(body, _decode_array)
    if not isinstance(read, list):
        raise MalformedJson("the body must be a JSON array: [ … ]")
    return read


def _read(body: bytes, decode: Callable[[str], Any]) -> Any:  # noqa: ANN401  # as above
    if _depth(body) > MAX_DEPTH:
        raise MalformedJson(f"the body is nested deeper than {MAX_DEPTH} levels")
    try:
        return decode(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise MalformedJson(encoding_fault(body) or "the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        fault = f"{error.msg} at line {error.lineno} column {error.colno}"
        raise MalformedJson(encoding_fault(body) or fault) from None


def printable(name: str) -> str:
    """Return a name that a client chose in a printable form: control characters escaped, cut to 60 characters."""
    escaped = name if name.isprintable() else repr(name)[1:-1]
    return escaped if len(escaped) <= _MAX_SHOWN else f"{escaped[:_MAX_SHOWN]}…"


def _depth(body: bytes) -> int:
    """Return the nesting depth of the body, without brackets in strings; or an upper bound if it has few brackets."""
    brackets = body.count(b"[") + body.count(b"{")
    if brackets <= MAX_DEPTH:
        return brackets
    depth = deepest = 0
    for found in _STRING_OR_BRACKET.finditer(body):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(found.group(), 0)
        deepest = max(deepest, depth)
    return deepest


def _decode(text: str) -> Any:  # noqa: ANN401  # any JSON value
    try:
        return _decoder.decode(text)
    except GivenTwice:  # from the hook, which does not know its object's position: decode again to find the positions
        read = _decoder_of_members.decode(text)
        if not isinstance(read, _Members):
            return read
        raise GivenTwice(*_repeated(read)) from None


def _decode_array(text: str) -> Any:  # noqa: ANN401  # any JSON value
    try:
        return _decoder.decode(text)
    except GivenTwice:
        read = _decoder_of_members.decode(text)
    return [_unless_repeated(item) for item in read] if type(read) is list else read


def _unless_repeated(item: object) -> object:
    """Return an item as it would be alone: a `GivenTwice` if it has a member twice."""
    repeated = tuple(_repeated(item))
    return GivenTwice(*repeated) if repeated else _plain(item)


def _plain(value: Any) -> Any:  # noqa: ANN401  # as above
    if isinstance(value, _Members):
        return {name: _plain(member) for name, member in value}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _repeated(value: object, place: str = "") -> Iterator[str]:
    """Yield the place of each member that is given more than once."""
    if isinstance(value, _Members):
        within = f"{place}, " if place else ""
        times = Counter(name for name, _ in value)
        yield from (within + printable(name) for name in times if times[name] > 1)
        for name, member in value:
            yield from _repeated(member, within + printable(name))
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _repeated(item, f"{place} no. {number}")


def _object(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(members)
    if len(read) < len(members):
        raise GivenTwice
    return read


def _integer(written: str) -> int | NumberLiteral:
    return int(written) if len(written) <= _MAX_DIGITS else NumberLiteral(written)


def _no_constant(written: str) -> NoReturn:
    raise MalformedJson(f"{written} is not JSON")


_decoder, _decoder_of_members = (
    json.JSONDecoder(object_pairs_hook=hook, parse_float=NumberLiteral, parse_int=_integer, parse_constant=_no_constant)
    for hook in (_object, _Members)
)


@parser.location_loader("json")
def load_json(request: Request, schema: Schema) -> dict[str, Any]:
    """Return the members of the request's body, for webargs.

    The body is read completely before the request takes its slot, so a slow sender holds none. Raises what
    `refuse_other_forms`, `read_body`, `acquire_slot` and `read_object` raise; but for duplicate members the schema's
    refusal.
    """
    body = _body_of(request, schema)
    acquire_slot(request.environ)
    try:
        return read_object(body)
    except GivenTwice as error:
        raise refusal_of(schema)(given_twice(error)) from None


def given_twice(error: GivenTwice) -> dict[str, list[str]]:
    """Return what is wrong with each member that was given twice, as `InvalidMembers` takes it."""
    return {name: ["Was given twice."] for name in error.args}


def _body_of(request: Request, schema: Schema) -> bytes:
    """Return the body; a missing body is an empty object if the schema says `body_may_be_missing`.

    A schema may set its own limit of bytes as `longest_body`.
    """
    longest = getattr(schema, "longest_body", MAX_BODY_SIZE)
    if getattr(schema, "body_may_be_missing", False):
        body = read_body(request.environ, longest)
        if not body:
            return b"{}"
        refuse_other_forms(request)
        return body
    refuse_other_forms(request)
    return read_body(request.environ, longest)


def refusal_of(schema: Schema) -> type[InvalidMembers]:
    """Return the exception for invalid input that the schema names, or else `InvalidMembers`."""
    kind: type[InvalidMembers] = getattr(schema, "refusal", InvalidMembers)
    return kind


@parser.error_handler
def refuse(error: ValidationError, _: Request, schema: Schema, **__: object) -> NoReturn:
    """Raise the schema's refusal for marshmallow's errors, which webargs nests under the part of the request."""
    [messages] = error.normalized_messages().values()  # type: ignore[no-untyped-call]  # marshmallow's gap
    raise refusal_of(schema)(messages)
