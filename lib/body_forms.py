"""The form of a request's body: plain JSON in UTF-8. Anything else is refused, and the refusal says what it is."""

import codecs
import json
from collections.abc import Sequence
from typing import Any

from flask import Request
from werkzeug.exceptions import UnsupportedMediaType

_MEDIA_TYPE = "application/json"
_IDENTITY = "identity"  # compression gains nothing for a small body, and lets a bomb in
_GZIP = b"\x1f\x8b"  # the first bytes of anything compressed with gzip (RFC 1952)


class NotJson(UnsupportedMediaType):
    """The body is not declared as JSON; the response names what is accepted (RFC 9110, section 15.5.16)."""

    def __init__(self, accepted: Sequence[str] = (_MEDIA_TYPE,)) -> None:
        super().__init__(f"send JSON, with Content-Type: {' or '.join(accepted)}")
        self._accepted = ", ".join(accepted)

    def get_headers(self, *of_request: Any) -> list[tuple[str, str]]:  # noqa: ANN401  # Werkzeug's form
        """Add the header that names the media types."""
        return [*super().get_headers(*of_request), ("Accept", self._accepted)]


class Encoded(UnsupportedMediaType):
    """The body is compressed or otherwise encoded; the response names what is accepted (as above)."""

    description = "send the JSON as it is, without Content-Encoding: compressed bodies are not accepted"

    def get_headers(self, *of_request: Any) -> list[tuple[str, str]]:  # noqa: ANN401  # Werkzeug's form
        """Add the header that names the content coding."""
        return [*super().get_headers(*of_request), ("Accept-Encoding", _IDENTITY)]


def refuse_other_forms(request: Request, accepted: Sequence[str] = (_MEDIA_TYPE,)) -> None:
    """Raise `NotJson` or `Encoded` for a body that its headers do not declare as plain JSON of an accepted type."""
    environ = request.environ
    # The first comparison spares nearly every request the parsing of the header.
    if environ.get("CONTENT_TYPE") not in accepted and request.mimetype not in accepted:
        raise NotJson(accepted)
    if "HTTP_CONTENT_ENCODING" in environ and not _is_plain(environ["HTTP_CONTENT_ENCODING"]):
        raise Encoded


def _is_plain(codings: str) -> bool:
    return {coding.strip().lower() for coding in codings.split(",")} <= {"", _IDENTITY}


def encoding_fault(body: bytes) -> str:
    """Return how an unreadable body is encoded and what to send instead; "" if that is unknown (A29).

    UTF-16 and UTF-32 are recognised by their byte order marks or by their zero bytes, which JSON in UTF-8 never has
    (RFC 4627, section 3).
    """
    if body.startswith(codecs.BOM_UTF8):
        return "the body begins with a byte order mark (bytes EF BB BF): send the same UTF-8 without it"
    if body.startswith(_GZIP):
        return "the body is compressed with gzip: send the JSON as it is"
    encoding = json.detect_encoding(body)
    try:
        body.decode(encoding)
    except UnicodeDecodeError:
        return ""
    return "" if encoding == "utf-8" else f"the body is in {encoding[:6].upper()}: send the JSON in UTF-8"
