"""Reads the body of a request: complete or not at all, and only when it is needed.

It reads the server's stream directly: Werkzeug silently truncates a chunked body at its limit, and costs more per
request.
"""

from wsgiref.types import InputStream, WSGIEnvironment

from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

MAX_BODY_SIZE = 16 * 1024  # bytes, unless a schema sets its own limit
_DRAINED = 64 * 1024  # bytes read of a refused body, so that a client still sending sees the answer
_READ = "lib.bodies.read"  # set in the environment of a request whose body was read to its end


def too_large(longest: int) -> RequestEntityTooLarge:
    """Return the exception for a body of more than `longest` bytes."""
    return RequestEntityTooLarge(f"send no more than {longest // 1024} KiB")


def too_many(most: int, things: str) -> RequestEntityTooLarge:
    """Return the exception for a body that holds more than `most` of these."""
    return RequestEntityTooLarge(f"send no more than {most:,} {things} at once")


def cut_short() -> RequestTimeout:
    """Return the exception for a body that ended before its announced length, or did not arrive in time."""
    return RequestTimeout("the body did not arrive whole; send the same request again, without a pause in it")


def read_body(environ: WSGIEnvironment, longest: int = MAX_BODY_SIZE) -> bytes:
    """Return the body, whether it was sent with its length or in chunks.

    Raises `RequestEntityTooLarge` for a body of more than `longest` bytes, part of which may then still be unread, and
    `RequestTimeout` for one that ends before its announced length.
    """
    length = environ.get("CONTENT_LENGTH")
    if length:
        expected = int(length)
        if expected > longest:
            raise too_large(longest)
    elif environ.get("wsgi.input_terminated"):
        expected = longest + 1  # one byte beyond the limit shows that it is too long
    else:
        return b""  # no body was announced, and the stream may never end
    body = _read_up_to(expected, environ["wsgi.input"])
    if length and len(body) < expected:
        raise cut_short()
    if len(body) > longest:
        raise too_large(longest)
    environ[_READ] = True
    return body


def is_unread(environ: WSGIEnvironment) -> bool:
    """Return whether a body was announced but not read to its end.

    Nothing shows where the next request on that connection would begin, so it must be closed.
    """
    announced = environ.get("CONTENT_LENGTH", "0") not in {"", "0"} or "HTTP_TRANSFER_ENCODING" in environ
    return announced and _READ not in environ


def drain(environ: WSGIEnvironment) -> None:
    """Read and drop what a client is still sending of a refused body, up to 64 KiB.

    Closing a connection with unread bytes resets it, and the client may never see the answer.
    """
    environ["wsgi.input"].read(_DRAINED)


def _read_up_to(most: int, stream: InputStream) -> bytes:
    """Read until `most` bytes or the end: one read may return only what has arrived so far."""
    body = stream.read(most)
    while len(body) < most and (more := stream.read(most - len(body))):
        body += more
    return body
