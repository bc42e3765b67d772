"""What every answer has, whatever its route: headers for browsers and caches, and no name of the server's software.

A WSGI middleware: it covers what Flask refuses before its hooks run, and costs less than they do.
"""

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# Answers are data: nothing in them is to be run, framed, guessed at or kept. What a route sets itself stays.
SECURITY = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Server", ""),  # the server would name itself where there is none
)
NAMES = frozenset(name for name, _ in SECURITY)


class Answers:
    """Adds the headers to each answer, and hands its body over whole, which is cheaper for the server.

    Of each answer `told` is told when it begins: the environment of its request, and its status.
    """

    def __init__(self, application: WSGIApplication, told: Callable[[WSGIEnvironment, str], object]) -> None:
        self._application = application
        self._told = told

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request."""

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:  # noqa: ANN401
            own = [name for name, _ in headers if name in NAMES]
            headers += [header for header in SECURITY if header[0] not in own] if own else SECURITY
            self._told(environ, status)
            return start_response(status, headers, *more)

        body = self._application(environ, start)
        try:
            return list(body)
        finally:
            if close := getattr(body, "close", None):
                close()
