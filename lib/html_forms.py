"""Reads the body of an HTML form: complete or not at all, and only when it has arrived."""

from typing import Any
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from lib.bodies import read_body
from lib.concurrency import acquire_slot

MEDIA_TYPE = "application/x-www-form-urlencoded"
MAX_FORM_SIZE = 64 * 1024  # bytes
MAX_FIELDS = 1000


def read_form(request: Request, *, size: int = MAX_FORM_SIZE, most_fields: int = MAX_FIELDS) -> MultiDict[str, str]:
    """Return the fields of a form, each with all of its values, and take the request's slot.

    `size` (bytes) and `most_fields` are the most that is read. A line break, which browsers send as CR and LF, is a
    single LF. Raises `UnsupportedMediaType`, `RequestEntityTooLarge`, `RequestTimeout`, or `BadRequest` for what is not
    UTF-8 or has too many fields.
    """
    if request.mimetype != MEDIA_TYPE:
        raise UnsupportedMediaType(f"send a form, with Content-Type: {MEDIA_TYPE}")
    body = read_body(request.environ, size)
    acquire_slot(request.environ)
    fields: MultiDict[str, Any] = MultiDict()
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=most_fields
        )
    except ValueError:
        raise BadRequest("the form cannot be read") from None
    for name, value in pairs:
        if "\x00" in value:
            raise BadRequest("the form contains a character that cannot be stored")
        fields.add(name, value.replace("\r\n", "\n"))
    return fields
