"""Sends a request to a URL that somebody else chose."""

import re
from collections.abc import Mapping

from lib.safe_http.answers import Answer, read_answer
from lib.safe_http.bounds import Allowed, Deadline
from lib.safe_http.connections import open_connection
from lib.safe_http.errors import Failed, Refused
from lib.safe_http.resolving import resolve
from lib.safe_http.targets import Target, parse_target
from lib.safe_http.wire import Wire

CHECK_TIMEOUT = 5.0  # seconds for resolving a name where somebody waits for the result
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a token of RFC 9110, 5.6.2
HEADER_VALUE = re.compile(r"[\x20-\x7e\t]*")
# Ours: with these a caller could send a second request within the first, or ask for what is not read.
OWN_HEADERS = frozenset({"accept-encoding", "connection", "content-length", "expect", "host", "transfer-encoding"})


def check_url(url: str, allowed: Allowed) -> None:
    """Check whether a request may be sent to a URL, by what its host resolves to now. Nothing is sent.

    It says nothing of later, when the name may resolve to something else: `post` checks again.

    Raises:
        Refused: if not, or if the host cannot be resolved.

    """
    target = parse_target(url, allowed)
    try:
        resolve(target, allowed, Deadline(CHECK_TIMEOUT))
    except Failed as error:
        raise Refused(str(error)) from None


def post(url: str, body: bytes, headers: Mapping[str, str], allowed: Allowed, *, timeout: float = 15.0) -> Answer:
    """Send a body to a URL, and return the answer, whatever its status: no redirect is followed.

    Nothing in the environment applies, such as a proxy. `timeout` is in seconds, for everything together. `headers`
    are added to those that every request needs.

    Raises:
        Refused: if the request may not be sent.
        Failed: if no answer comes in time.

    """
    deadline = Deadline(timeout)
    target = parse_target(url, allowed)
    request = _head(target, len(body), headers) + body
    addresses = resolve(target, allowed, deadline)
    with open_connection(target, addresses, deadline) as connection:
        wire = Wire(connection, deadline)
        wire.send_all(request)
        return read_answer(wire)


def _head(target: Target, length: int, headers: Mapping[str, str]) -> bytes:
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.host_header}",
        "Connection: close",
        "Accept-Encoding: identity",
        f"Content-Length: {length}",
    ]
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or name.lower() in OWN_HEADERS or not HEADER_VALUE.fullmatch(value):
            raise Refused(f"the header {name!a} cannot be sent")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")
