"""Gives every response security headers, whatever its route, and hides the name of the server's software.

This is WSGI middleware: it also covers what Flask refuses before its hooks run, and costs less than hooks. A
`JsonResponse` is the cheapest response that passes through it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Semaphore
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Response

from lib.bodies import drain, is_unread

# Responses are data: not to be executed, framed, sniffed or cached. A header that a route sets itself is kept.
_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Server", ""),  # without one, the server would add its name
)
_NAMES = frozenset(name for name, _ in _HEADERS)
_CLOSE = ("Connection", "close")


class SecurityHeaders:
    """Middleware that adds the headers to each response, and returns its body complete, which is cheaper to serve.

    `on_response` is called when a response starts, with the request's environment and the status. A response that
    leaves the request's body unread is sent at once and closes the connection; up to `lingering` threads then go on
    reading what the client is still sending.
    """

    def __init__(
        self, application: WSGIApplication, *, on_response: Callable[[WSGIEnvironment, str], object], lingering: int
    ) -> None:
        self._application = application
        self._on_response = on_response
        self._lingering = Semaphore(lingering)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request."""

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:  # noqa: ANN401
            own = [name for name, _ in headers if name in _NAMES]
            headers += [header for header in _HEADERS if header[0] not in own] if own else _HEADERS
            if is_unread(environ):
                headers.append(_CLOSE)
            self._on_response(environ, status)
            return start_response(status, headers, *more)

        body = self._application(environ, start)
        try:
            parts = list(body)
        finally:
            if close := getattr(body, "close", None):
                close()
        return self._send_then_drain(parts, environ) if is_unread(environ) else parts

    def _send_then_drain(self, parts: Sequence[bytes], environ: WSGIEnvironment) -> Iterator[bytes]:
        """Send the response and then read on, unless the client waits for a 100 Continue before it sends its body."""
        yield b"".join(parts)
        if "HTTP_EXPECT" not in environ and self._lingering.acquire(blocking=False):
            try:
                drain(environ)
            finally:
                self._lingering.release()


class JsonResponse(Response):
    """A response to a POST whose JSON is already written; it is sent as it stands, at a third of the usual cost.

    Werkzeug would go through the headers of each response for what a HEAD, a redirect or a status without a body needs.
    """

    def __init__(self, body: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(body, 200, headers, content_type="application/json")

    def __call__(self, _: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the response."""
        start_response(self.status, self.headers.to_wsgi_list())
        return self.iter_encoded()
