"""Reading many JSON objects from one body: an array, or NDJSON with one object a line.

Each is read as strictly as an object that is a body of its own (lib.json_requests), and is refused alone.
"""

from typing import Any

from flask import Request

from lib.bodies import read_body, too_many
from lib.body_forms import refuse_other_forms
from lib.concurrency import acquire_slot
from lib.json_requests import GivenTwice, MalformedJson, object_in, read_array, read_object

JSON, NDJSON = "application/json", "application/x-ndjson"
MEDIA_TYPES = (NDJSON, JSON)
_BLANK = b" \t\r"

Part = dict[str, Any] | MalformedJson | GivenTwice  # an object, or why it cannot be read


def read_parts(request: Request, *, longest: int, most: int, things: str) -> list[Part]:
    """Return the objects in the request's body of at most `longest` bytes; blank lines of NDJSON are none.

    The body is read completely before the request takes its slot, so a slow sender holds none. Raises what
    `refuse_other_forms`, `read_body` and `acquire_slot` raise, `MalformedJson` if it holds no `things` or is a broken
    array, and `RequestEntityTooLarge` if they are more than `most`.
    """
    refuse_other_forms(request, MEDIA_TYPES)
    body = read_body(request.environ, longest)
    acquire_slot(request.environ)
    found: list[Any] = read_array(body) if request.mimetype == JSON else _lines(body)
    if not found:
        raise MalformedJson(f"the body holds no {things}: send at least one")
    if len(found) > most:
        raise too_many(most, things)
    read = _item if request.mimetype == JSON else _line
    return [read(each) for each in found]


def _lines(body: bytes) -> list[bytes]:
    return [line for line in body.split(b"\n") if line.strip(_BLANK)]


def _line(line: bytes) -> Part:
    try:
        return read_object(line)
    except (MalformedJson, GivenTwice) as fault:
        return fault


def _item(item: Any) -> Part:  # noqa: ANN401  # any JSON value
    try:
        return item if isinstance(item, GivenTwice) else object_in(item)
    except MalformedJson as fault:
        return fault
