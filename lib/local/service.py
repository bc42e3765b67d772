"""Sends requests to the service."""

import http.client
from contextlib import closing, suppress
from urllib.parse import urlsplit


def responds(url: str) -> bool:
    """Return whether a GET gets a response, whatever its status."""
    with suppress(OSError, http.client.HTTPException):
        request(url, seconds=5)
        return True
    return False


def request(url: str, json: str = "", *, key: str | None = None, seconds: float = 30) -> tuple[int, str, str]:
    """Send a GET, or a POST if there is JSON to send, with a key if there is one.

    Returns status, reason and body of the response; raises `OSError` or `HTTPException` if there is none.
    """
    parts = urlsplit(url)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)) as connection:
        connection.request("POST" if json else "GET", parts.path, json or None, headers)
        response = connection.getresponse()
        return response.status, response.reason, response.read().decode()
