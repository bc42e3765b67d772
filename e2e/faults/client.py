"""One keep-alive connection, and what became of each request that was sent over it.

A server may close a connection between two requests (RFC 9112, 9.3.1), so before each request a client looks whether it
did, and then opens another. What breaks after that had a request on it.
"""

import json
import secrets
import select
import socket
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from http.client import HTTPConnection, HTTPException, HTTPResponse

from testkit.oracle import Event

PATIENCE = 12  # seconds; far above what any request may take, so that a hang is measured and not cut short
HEADERS = {"Content-Type": "application/json"}
REPLAY_HEADER = "Idempotent-Replay"


class Outcome(StrEnum):
    """How a request ended: the first four are the contract's."""

    TAKEN = "200"
    UNAVAILABLE = "503 with Retry-After"
    BROKEN = "connection broken"  # without an answer to what was sent on it
    REFUSED = "connection refused"
    STRANGE = "not in the contract"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request: when it began and was done (monotonic seconds), how it ended, what was answered.

    `request_id` is how the service's log names it; `reopened`, that the server had closed the connection between two
    requests.
    """

    began: float
    done: float
    outcome: Outcome
    request_id: str = ""
    reopened: bool = False
    answer: bytes = b""
    replayed: bool = False
    detail: str = ""

    @property
    def seconds(self) -> float:
        return self.done - self.began


class Connection:
    """A client's connection to the service, reopened after it broke."""

    def __init__(self, port: int) -> None:
        self._http = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def send(self, event: Event) -> Attempt:
        """Send an event once; return an attempt for any outcome, and never raise."""
        began, request_id, reopened = time.monotonic(), secrets.token_hex(8), False
        step = Outcome.STRANGE  # an idle connection must not be reset
        try:
            reopened = self._was_closed()
            step = Outcome.REFUSED
            if self._http.sock is None:
                self._http.connect()
            step = Outcome.BROKEN
            headers = {**HEADERS, "X-Request-ID": request_id}
            self._http.request("POST", "/event", json.dumps(event.body()).encode(), headers)
            response = self._http.getresponse()
            attempt = judged(began, response, response.read())
        except (OSError, HTTPException) as error:
            self._http.close()
            attempt = Attempt(began=began, done=time.monotonic(), outcome=step, detail=repr(error))
        return replace(attempt, request_id=request_id, reopened=reopened)

    def close(self) -> None:
        self._http.close()

    def _was_closed(self) -> bool:
        """Tell whether the server has closed the connection since the last answer; if so, let it go.

        Raises `OSError` where it was not closed but reset.
        """
        kept: socket.socket | None = self._http.sock
        if kept is None or not select.select([kept], [], [], 0)[0] or kept.recv(1, socket.MSG_PEEK):
            return False
        self._http.close()
        return True


def judged(began: float, response: HTTPResponse, answer: bytes) -> Attempt:
    """Tell which of the contract's answers this is."""
    outcome = Outcome.STRANGE
    if response.status == 200:
        outcome = Outcome.TAKEN
    elif response.status == 503 and (response.getheader("Retry-After") or "").isdigit():
        outcome = Outcome.UNAVAILABLE
    return Attempt(
        began=began,
        done=time.monotonic(),
        outcome=outcome,
        answer=answer,
        replayed=response.getheader(REPLAY_HEADER) == "true",
        detail="" if outcome is Outcome.TAKEN else f"{response.status} {answer[:120].decode(errors='replace')}",
    )
