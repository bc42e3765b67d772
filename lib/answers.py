"""What every answer has, whatever its route: headers for browsers and caches, and no name of the server's software.

A WSGI middleware: it covers what Flask refuses before its hooks run, and costs less than they do.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Semaphore
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from lib.bodies import drain, is_unread

# Answers are data: nothing in them is to be run, framed, guessed at or kept. What a route sets itself stays.
SECURITY = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Server", ""),  # the server would name itself where there is none
)
NAMES = frozenset(name for name, _ in SECURITY)
CLOSE = ("Connection", "close")


class Answers:
    """Adds the headers to each answer, and hands its body over whole, which is cheaper for the server.

    Of each answer `told` is told when it begins: the environment of its request, and its status. An answer that
    leaves the body of its request unread is sent at once, and says that the connection ends with it; up to `lingering`
    threads then still read what the client is sending.
    """

    def __init__(
        self, application: WSGIApplication, *, told: Callable[[WSGIEnvironment, str], object], lingering: int
    ) -> None:
        self._application = application
        self._told = told
        self._lingering = Semaphore(lingering)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request."""

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:  # noqa: ANN401
            own = [name for name, _ in headers if name in NAMES]
            headers += [header for header in SECURITY if header[0] not in own] if own else SECURITY
            if is_unread(environ):
                headers.append(CLOSE)
            self._told(environ, status)
            return start_response(status, headers, *more)

        body = self._application(environ, start)
        try:
            whole = list(body)
        finally:
            if close := getattr(body, "close", None):
                close()
        return self._then_drained(whole, environ) if is_unread(environ) else whole

    def _then_drained(self, whole: Sequence[bytes], environ: WSGIEnvironment) -> Iterator[bytes]:
        """Send the answer, and only then read on; not where the client waits for our word before it sends."""
        yield b"".join(whole)
        if "HTTP_EXPECT" not in environ and self._lingering.acquire(blocking=False):
            try:
                drain(environ)
            finally:
                self._lingering.release()
