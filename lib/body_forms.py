"""In which form a body comes: JSON in UTF-8 as it is, and nothing else; what else it is gets named in the refusal."""

import codecs
import json
from typing import Any

from flask import Request
from werkzeug.exceptions import UnsupportedMediaType

MEDIA_TYPE = "application/json"
IDENTITY = "identity"  # a small body gains nothing by another content coding, and a bomb may be in it
GZIP = b"\x1f\x8b"  # begins whatever gzip made (RFC 1952)


class OtherMediaType(UnsupportedMediaType):
    """The body is said to be something else than JSON; the answer names what is taken (RFC 9110, section 15.5.16)."""

    description = f"send JSON, with Content-Type: {MEDIA_TYPE}"

    def get_headers(self, *of_request: Any) -> list[tuple[str, str]]:  # noqa: ANN401  # Werkzeug's form
        """Add the header that names it."""
        return [*super().get_headers(*of_request), ("Accept", MEDIA_TYPE)]


class OtherContentCoding(UnsupportedMediaType):
    """The body is compressed, or encoded in a way that nobody knows; the answer names what is taken (as above)."""

    description = "send the JSON as it is, without Content-Encoding: compressed bodies are not accepted"

    def get_headers(self, *of_request: Any) -> list[tuple[str, str]]:  # noqa: ANN401  # Werkzeug's form
        """Add the header that names it."""
        return [*super().get_headers(*of_request), ("Accept-Encoding", IDENTITY)]


def refuse_other_forms(request: Request) -> None:
    """Refuse a body whose headers say that it is no JSON, or JSON packed in some way.

    Raises `OtherMediaType` or `OtherContentCoding`.
    """
    environ = request.environ
    # The first look spares nearly every request the parsing of the header.
    if environ.get("CONTENT_TYPE") != MEDIA_TYPE and request.mimetype != MEDIA_TYPE:
        raise OtherMediaType
    if "HTTP_CONTENT_ENCODING" in environ and not _is_plain(environ["HTTP_CONTENT_ENCODING"]):
        raise OtherContentCoding


def _is_plain(codings: str) -> bool:
    return {coding.strip().lower() for coding in codings.split(",")} <= {"", IDENTITY}


def encoding_fault(body: bytes) -> str:
    """Say of a body that could not be read in which other encoding it is, and what to send instead; else nothing (A29).

    UTF-16 and UTF-32 are known by their byte order marks or, without one, by their zero bytes, of which JSON in UTF-8
    has none (RFC 4627, section 3).
    """
    if body.startswith(codecs.BOM_UTF8):
        return "the body begins with a byte order mark (bytes EF BB BF): send the same UTF-8 without it"
    if body.startswith(GZIP):
        return "the body is compressed with gzip: send the JSON as it is"
    encoding = json.detect_encoding(body)
    try:
        body.decode(encoding)
    except UnicodeDecodeError:
        return ""
    return "" if encoding == "utf-8" else f"the body is in {encoding[:6].upper()}: send the JSON in UTF-8"
