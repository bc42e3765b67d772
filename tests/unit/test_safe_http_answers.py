"""What of an answer is kept: a harmless text, and for how long to wait."""

import gzip
import socket
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.safe_http import Answer, Failed
from lib.safe_http.answers import MAX_TEXT, harmless, read_answer, seconds_until
from lib.safe_http.bounds import Deadline
from lib.safe_http.wire import Wire

NOW = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b" fine, thank you\r\n", "fine, thank you"),
        (b"two\r\nlines\tand a tab", "two  lines and a tab"),
        (b"\x1b[31mred\x07\x00", "�[31mred��"),
        ("\u202eright to left\u2028".encode() + b"x", "�right to left x"),
        ("Grüße 😀".encode(), "Grüße 😀"),
        (b"\xff\xfe", "��"),
        (b"x" * 501, "x" * 500),
        (b"", ""),
    ],
)
def test_control_characters_become_harmless(body: bytes, text: str) -> None:
    assert harmless(body) == text


@given(st.binary() | st.text().map(str.encode))
def test_a_text_is_short_and_printable(body: bytes) -> None:
    assert harmless(body).isprintable()
    assert len(harmless(body)) <= MAX_TEXT


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        (" 120 ", 120),
        ("999999999", 999_999_999),
        ("9999999999", None),
        ("1.5", None),
        ("-1", None),
        ("+1", None),
        ("1e9", None),
        ("١٢", None),
        ("soon", None),
        ("1, 2", None),
        ("Sat, 28 Nov 2026 12:01:30 GMT", 90),
        ("Saturday, 28-Nov-26 12:01:30 GMT", 90),
        ("Sat Nov 28 12:01:30 2026", 90),
        ("Sat, 28 Nov 2026 13:01:30 +0100", 90),
        ("Sat, 28 Nov 2026 12:01:30 -0000", 90),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0),
        ("Sat, 28 Nov 99999 11:00:00 GMT", None),
        ("Sat, 32 Nov 2026 11:00:00 GMT", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert seconds_until(header, NOW) == seconds


DATE_PARTS = st.sampled_from(
    ["Sat", ",", " ", "28", "Nov", "2026", "-", "+", ":", "12", "99", "GMT", "+0100", "(", ")"]
)


@given(st.text() | st.lists(DATE_PARTS, max_size=15).map("".join))
def test_retry_after_is_never_an_error(header: str) -> None:
    seconds = seconds_until(header, NOW)
    assert seconds is None or seconds >= 0


def read(sent: bytes) -> Answer:
    """Read what a server sends before it closes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(sent)
        theirs.shutdown(socket.SHUT_WR)
        return read_answer(Wire(ours, Deadline(5)))


PARTS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.0 103 \r\n\r\n",
        b"HTTP/9.9 204 x\r\n",
        b"HTTP/1.1 99999999999999999999 x\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: 99999999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Retry-After: 5\r\n",
        b": \r\n",
        b" folded\r\n",
        b"\r\n",
        b"5\r\nhello\r\n",
        b"-5\r\nhello\r\n",
        b"fffffffffffffffffffff\r\n",
        b"0\r\n\r\n",
        b"x" * 300,
    ]
)


@given(st.lists(PARTS, max_size=12).map(b"".join) | st.binary())
@example(b"HTTP/1.1 200 OK\r\n\r\n")
def test_whatever_a_server_sends_is_an_answer_or_none(sent: bytes) -> None:
    with suppress(Failed):
        answer = read(sent)
        assert 100 <= answer.status <= 999
        assert len(answer.text) <= MAX_TEXT


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello world", (200, "hello")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", (200, "hello")),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
            (200, "hello world"),
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nno number\r\n", (200, "hello")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n99\r\n wor", (200, "hello")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9999\r\n" + b"x" * 3000, (200, "x" * 500)),
        (b"HTTP/1.0 500 Oh\r\n\r\nhello", (500, "hello")),
        (b"HTTP/1.1 204 No Content\r\n\r\nhello", (204, "")),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\nhello", (101, "")),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 5
            + b"HTTP/1.1 410 Gone\r\n\r\n",
            (410, ""),
        ),
    ],
)
def test_an_answer_counts_once_its_headers_have_come(sent: bytes, answer: tuple[int, str]) -> None:
    found = read(sent)
    assert (found.status, found.text) == answer


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"", "the connection was closed"),
        (b"HTTP/1.1 200 OK\r\nContent-", "the connection was closed"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "the connection was closed"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "what came is not HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "what came is not HTTP"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 6, "more than 5 interim ones"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 101 + b"\r\n", "what came is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 32768, "its headers are longer than 32 KiB"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 1400, "its headers are longer than 32 KiB"),
    ],
)
def test_anything_else_is_no_answer(sent: bytes, why: str) -> None:
    with pytest.raises(Failed, match=f"^no answer: {why}$"):
        read(sent)


def test_nothing_is_decompressed() -> None:
    zipped = gzip.compress(b"hello" * 100_000)
    sent = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + zipped
    assert "hello" not in read(sent).text
