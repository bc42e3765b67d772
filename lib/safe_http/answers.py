"""Reads an answer: its status, the beginning of its text, and when it wants the request again."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, IncompleteRead
from io import BufferedReader
from typing import TYPE_CHECKING, cast

from lib.safe_http.errors import Failed
from lib.safe_http.wire import MAX_BODY, Wire

if TYPE_CHECKING:
    import socket

MAX_TEXT = 500  # characters
PIECE = 1_024  # bytes of the body read at a time: of a chunk that breaks off, http.client keeps no part
MAX_INTERIM = 5  # answers such as 103 Early Hints before the real one
SECONDS = re.compile(r"[0-9]{1,9}")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered.

    `text` is the beginning of the body, at most 500 characters without any that would steer a terminal; it is still
    the server's, so a page has to escape it. `retry_after` is in seconds; None if the server named no time.
    """

    status: int
    text: str
    retry_after: float | None


class SharedReader(BufferedReader):
    """What `http.client` needs of a socket: the reader of all answers on it, which may hold the beginning of the next.

    So it does not close when `http.client` is done with one of them.
    """

    def makefile(self, _mode: str) -> "SharedReader":
        """Return this reader."""
        return self

    def close(self) -> None:
        """Do nothing: whoever opened the connection closes it."""


def read_answer(wire: Wire) -> Answer:
    """Read the answer to a request.

    An answer counts as soon as its headers have come: if its body breaks off or is too long, what came of it is kept.
    Only a body that is not there in time is an error, since waiting for it takes a thread as long as no answer does.

    Raises:
        Failed: if no answer comes, or one that is not HTTP, or its body is late.

    """
    answer = _final_answer(SharedReader(wire))
    wire.begin_body(answer.status)
    return Answer(
        status=answer.status,
        text=harmless(_body(answer)),
        retry_after=seconds_until(answer.getheader("Retry-After"), datetime.now(UTC)),
    )


def _final_answer(reader: SharedReader) -> HTTPResponse:
    for _ in range(MAX_INTERIM + 1):
        answer = _begin(reader)
        # After 101 no answer follows, nor anything else in HTTP.
        if answer.status >= HTTPStatus.OK or answer.status == HTTPStatus.SWITCHING_PROTOCOLS:
            return answer
    raise Failed(f"no answer: more than {MAX_INTERIM} interim ones")


def _begin(reader: SharedReader) -> HTTPResponse:
    answer = HTTPResponse(cast("socket.socket", reader), method="POST")
    try:
        answer.begin()
    except HTTPException:  # its message would be whatever the server sent
        raise Failed("no answer: what came is not HTTP") from None
    return answer


def _body(answer: HTTPResponse) -> bytes:
    body = bytearray()
    try:
        while len(body) < MAX_BODY and (piece := answer.read(PIECE)):
            body += piece
    except HTTPException as error:
        body += error.partial if isinstance(error, IncompleteRead) else b""
    return bytes(body)


def harmless(body: bytes) -> str:
    """Return the beginning of a body as one line without control characters, whatever its encoding."""
    text = body.decode("utf-8", "replace").strip()[:MAX_TEXT]
    return "".join(each if each.isprintable() else " " if each.isspace() else REPLACEMENT for each in text)


def seconds_until(retry_after: str | None, now: datetime) -> float | None:
    """Return for how many seconds from `now` the header Retry-After asks (RFC 9110, 10.2.3): a number, or a date.

    A date that has passed is 0. None if there is no header, or one that is neither.
    """
    value = (retry_after or "").strip()
    if SECONDS.fullmatch(value):
        return float(value)
    with suppress(ValueError, OverflowError):
        date = parsedate_to_datetime(value)
        # A date without a zone is in UTC, as are all dates of HTTP.
        return max(0.0, ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds())
    return None
