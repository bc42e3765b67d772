"""Reading the body of a request, whole or not at all, and never before it is wanted.

Straight from the server's stream: Werkzeug ends a chunked body at its limit without a word, and what is read
here is read at every request.
"""

from wsgiref.types import InputStream, WSGIEnvironment

from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

LONGEST_BODY = 16 * 1024  # bytes, where nothing else is said
DRAINED = 64 * 1024  # bytes of a refused body that are read all the same: a client that still sends sees its answer
READ = "lib.bodies.read"  # in the environment of a request whose body was read to its end


def too_large(longest: int) -> RequestEntityTooLarge:
    """Return what is raised for a body of more bytes."""
    return RequestEntityTooLarge(f"send no more than {longest // 1024} KiB")


def cut_short() -> RequestTimeout:
    """Return what is raised for a body that ended before its length, or did not arrive in time."""
    return RequestTimeout("the body did not arrive whole; send the same request again, without a pause in it")


def read_body(environ: WSGIEnvironment, longest: int = LONGEST_BODY) -> bytes:
    """Return the body, sent with its length or in chunks.

    Raises `RequestEntityTooLarge` when it has more than `longest` bytes; then a part of it may still be unread.
    Raises `RequestTimeout` when it ends before the length that was announced.
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
    if length and len(body) < expected:
        raise cut_short()
    if len(body) > longest:
        raise too_large(longest)
    environ[READ] = True
    return body


def is_unread(environ: WSGIEnvironment) -> bool:
    """Tell whether a body was announced, and not read to its end.

    Then the connection can be used for no other request: where the next one begins is not known.
    """
    announced = environ.get("CONTENT_LENGTH", "0") not in {"", "0"} or "HTTP_TRANSFER_ENCODING" in environ
    return announced and READ not in environ


def drain(environ: WSGIEnvironment) -> None:
    """Read what a client is still sending of a refused body, up to a bound, and drop it.

    A connection that is closed on bytes which nobody read is reset, and its client may lose the answer.
    """
    environ["wsgi.input"].read(DRAINED)


def _read_up_to(most: int, stream: InputStream) -> bytes:
    """Read until there is so much, or no more: a server may hand over what has arrived so far."""
    body = stream.read(most)
    while len(body) < most and (more := stream.read(most - len(body))):
        body += more
    return body
