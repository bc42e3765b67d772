"""Reading a JSON request strictly, for every view that declares its input with APIFlask.

APIFlask reads bodies through webargs, past Flask's own JSON provider; so it is webargs' loader that is replaced
here. It refuses what lenient ones let pass: members given twice, NaN, bodies that are no object, encodings other
than UTF-8. Numbers are never turned into binary floating point.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from apiflask.schema_adapters.marshmallow import parser
from flask import Request
from marshmallow import Schema, ValidationError

from lib.admission import take_place
from lib.bodies import LONGEST_BODY, read_body
from lib.body_forms import encoding_fault, refuse_other_forms

MOST_NAMED = 20  # members at fault; a body may hold thousands
LONGEST_SHOWN = 60  # characters of a name that somebody else chose
DEEPEST = 64  # levels of nesting
LONGEST_INTEGER = 40  # digits; Python refuses to read thousands of them, and no member of ours needs more than 19

STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{\]}]', re.DOTALL)  # a string may be cut short


class MalformedJson(Exception):
    """The body is no JSON object."""


class InvalidMembers(Exception):
    """A request is of the wrong form; `errors` says for each member or parameter what is wrong.

    A schema may name a kind of its own, as `refusal`.
    """

    def __init__(self, errors: Mapping[str, Any]) -> None:
        named = sorted(errors)[:MOST_NAMED]
        more = f" and {len(errors) - MOST_NAMED} more" if len(errors) > MOST_NAMED else ""
        super().__init__(f"see errors for what to change in {', '.join(named)}{more}")
        self.errors = {name: errors[name] for name in named}


class NumberLiteral(str):
    """A JSON number that is no integer, as it was written."""

    __slots__ = ()


class GivenTwice(Exception):
    """Members of an object, those of `args`, are there more than once; `rules no. 2, code` is one of a list."""


class Members(list[tuple[str, Any]]):
    """An object's members as they were written, with those that are there more than once."""


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object from UTF-8; numbers other than integers come as `NumberLiteral`.

    Raises `MalformedJson`, and `GivenTwice` with the places of such members.
    """
    if _depth(body) > DEEPEST:
        raise MalformedJson(f"the body is nested deeper than {DEEPEST} levels")
    try:
        read = _decoded(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise MalformedJson(encoding_fault(body) or "the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        fault = f"{error.msg} at line {error.lineno} column {error.colno}"
        raise MalformedJson(encoding_fault(body) or fault) from None
    if not isinstance(read, dict):
        raise MalformedJson("the body must be a JSON object: { … }")
    return read


def shown(name: str) -> str:
    """Return a name for people and terminals: what cannot be printed escaped, and no more than they read."""
    escaped = name if name.isprintable() else repr(name)[1:-1]
    return escaped if len(escaped) <= LONGEST_SHOWN else f"{escaped[:LONGEST_SHOWN]}…"


def _depth(body: bytes) -> int:
    """Return how deep the body nests, or fewer levels than matter; brackets within strings do not count."""
    brackets = body.count(b"[") + body.count(b"{")
    if brackets <= DEEPEST:
        return brackets
    depth = deepest = 0
    for found in STRING_OR_BRACKET.finditer(body):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(found.group(), 0)
        deepest = max(deepest, depth)
    return deepest


def _decoded(text: str) -> Any:  # noqa: ANN401  # whatever JSON holds
    try:
        return _decoder.decode(text)
    except GivenTwice:  # raised within an object, which does not know where it stands
        members = _decoder_of_members.decode(text)
        if not isinstance(members, Members):
            return members
        raise GivenTwice(*_given_twice(members, "")) from None


def _given_twice(read: object, place: str) -> Iterator[str]:
    if isinstance(read, Members):
        within = f"{place}, " if place else ""
        times = Counter(name for name, _ in read)
        yield from (within + shown(name) for name in times if times[name] > 1)
        for name, value in read:
            yield from _given_twice(value, within + shown(name))
    elif isinstance(read, list):
        for number, value in enumerate(read, start=1):
            yield from _given_twice(value, f"{place} no. {number}")


def _object(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(members)
    if len(read) < len(members):
        raise GivenTwice
    return read


def _integer(written: str) -> int | NumberLiteral:
    return int(written) if len(written) <= LONGEST_INTEGER else NumberLiteral(written)


def _no_constant(written: str) -> NoReturn:
    raise MalformedJson(f"{written} is no JSON")


_decoder, _decoder_of_members = (
    json.JSONDecoder(object_pairs_hook=hook, parse_float=NumberLiteral, parse_int=_integer, parse_constant=_no_constant)
    for hook in (_object, Members)
)


@parser.location_loader("json")
def load_json(request: Request, schema: Schema) -> dict[str, Any]:
    """Read the body of a request for webargs.

    The request then waits for its place among those at work: who is slow to send has none. Raises what
    `refuse_other_forms`, `read_body`, `take_place` and `read_object` do, and the refusal that the schema names.
    """
    body = _body_of(request, schema)
    take_place(request.environ)
    try:
        return read_object(body)
    except GivenTwice as error:
        raise refusal_of(schema)({name: ["Was given twice."] for name in error.args}) from None


def _body_of(request: Request, schema: Schema) -> bytes:
    """Return the body: of more bytes than usual where a schema names its `longest_body`.

    Where it says that the `body_may_be_missing`, none says as much as an empty object.
    """
    longest = getattr(schema, "longest_body", LONGEST_BODY)
    if getattr(schema, "body_may_be_missing", False):
        body = read_body(request.environ, longest)
        if not body:
            return b"{}"
        refuse_other_forms(request)
        return body
    refuse_other_forms(request)
    return read_body(request.environ, longest)


def refusal_of(schema: Schema) -> type[InvalidMembers]:
    """Return the kind of refusal that a schema names, else the general one."""
    kind: type[InvalidMembers] = getattr(schema, "refusal", InvalidMembers)
    return kind


@parser.error_handler
def refuse(error: ValidationError, _: Request, schema: Schema, **__: object) -> NoReturn:
    """Turn marshmallow's complaint into ours; webargs files it under the part of the request that it is about."""
    [messages] = error.normalized_messages().values()  # type: ignore[no-untyped-call]  # marshmallow's gap
    raise refusal_of(schema)(messages)
