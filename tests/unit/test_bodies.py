"""Reading bodies: by length, in pieces, and not at all without a known end."""

import io

import pytest
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

from lib.bodies import MAX_BODY_SIZE, is_unread, read_body


class Trickle(io.BytesIO):
    """A stream that hands over a few bytes at a time, as a network does."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 7, 7))


@pytest.mark.parametrize("stream", [io.BytesIO, Trickle])
def test_a_body_is_read_whole(stream: type[io.BytesIO]) -> None:
    body = b"x" * 100
    assert read_body({"CONTENT_LENGTH": "100", "wsgi.input": stream(body)}) == body
    assert read_body({"wsgi.input_terminated": True, "wsgi.input": stream(body)}) == body


def test_no_more_is_read_than_the_content_length() -> None:
    assert read_body({"CONTENT_LENGTH": "3", "wsgi.input": io.BytesIO(b"x" * 100)}) == b"xxx"


def test_a_stream_that_may_never_end_is_not_read() -> None:
    assert read_body({"wsgi.input": io.BytesIO(b"x")}) == b""


def test_a_route_may_allow_larger_bodies() -> None:
    environ = {"CONTENT_LENGTH": str(MAX_BODY_SIZE + 1), "wsgi.input": io.BytesIO(b"x" * (MAX_BODY_SIZE + 1))}
    assert len(read_body(environ, MAX_BODY_SIZE + 1)) == MAX_BODY_SIZE + 1
    with pytest.raises(RequestEntityTooLarge, match="no more than 16 KiB"):
        read_body(environ)


@pytest.mark.parametrize("size", [MAX_BODY_SIZE, MAX_BODY_SIZE + 1])
@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_the_greatest_allowed_body_is_accepted(size: int, chunked: bool) -> None:  # noqa: FBT001
    shown = {"wsgi.input_terminated": True} if chunked else {"CONTENT_LENGTH": str(size)}
    environ = {**shown, "wsgi.input": io.BytesIO(b"x" * size)}
    if size > MAX_BODY_SIZE:
        with pytest.raises(RequestEntityTooLarge):
            read_body(environ)
    else:
        assert len(read_body(environ)) == size


def test_a_body_that_ends_before_its_length_is_refused() -> None:
    """A33."""
    with pytest.raises(RequestTimeout, match="send the same request again"):
        read_body({"CONTENT_LENGTH": "100", "wsgi.input": io.BytesIO(b"xx")})


@pytest.mark.parametrize(
    ("headers", "unread"),
    [
        ({}, False),
        ({"CONTENT_LENGTH": "0"}, False),
        ({"CONTENT_LENGTH": ""}, False),
        ({"CONTENT_LENGTH": "2"}, True),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, True),
    ],
)
def test_unread_bodies_are_detected(headers: dict[str, str], unread: bool) -> None:  # noqa: FBT001
    environ = {**headers, "wsgi.input_terminated": True, "wsgi.input": io.BytesIO(b"xx")}
    assert is_unread(environ) is unread
    read_body(environ)
    assert not is_unread(environ)


def test_an_oversized_body_is_not_read() -> None:
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "wsgi.input": io.BytesIO(b"x" * 99)}
    with pytest.raises(RequestEntityTooLarge):
        read_body(environ, 9)
    assert is_unread(environ)
