"""Reading the body of a request, whole or not at all.

Straight from the server's stream: Werkzeug ends a chunked body at its limit without a word, and what is read
here is read at every request.
"""

from wsgiref.types import InputStream, WSGIEnvironment

from werkzeug.exceptions import RequestEntityTooLarge

LONGEST_BODY = 16 * 1024  # bytes, where nothing else is said


def too_large(longest: int) -> RequestEntityTooLarge:
    """Return what is raised for a body of more bytes."""
    return RequestEntityTooLarge(f"send no more than {longest // 1024} KiB")


def read_body(environ: WSGIEnvironment, longest: int = LONGEST_BODY) -> bytes:
    """Return the body, sent with its length or in chunks.

    Raises `RequestEntityTooLarge` when it has more than `longest` bytes; then a part of it may still be unread.
    """
    length = environ.get("CONTENT_LENGTH")
    if length:
        expected = int(length)
        if expected > longest:
            raise too_large(longest)
    elif environ.get("wsgi.input_terminated"):
        expected = longest + 1  # a byte more than we take, so that we see that there was more
    else:
        return b""  # no length, and a stream that may never end
    body = _read_up_to(expected, environ["wsgi.input"])
    if len(body) > longest:
        raise too_large(longest)
    return body


def _read_up_to(most: int, stream: InputStream) -> bytes:
    """Read until there is so much, or no more: a server may hand over what has arrived so far."""
    body = stream.read(most)
    while len(body) < most and (more := stream.read(most - len(body))):
        body += more
    return body
