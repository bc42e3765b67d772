"""One keep-alive connection, and what became of each request that was sent over it."""

import json
import time
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPConnection, HTTPException, HTTPResponse

from e2e.oracle import Event

PATIENCE = 12  # seconds; far above what any request may take, so that a hang is measured and not cut short
HEADERS = {"Content-Type": "application/json"}
REPLAY_HEADER = "Idempotent-Replay"


class Outcome(StrEnum):
    """How a request ended: the first four are the contract's."""

    TAKEN = "200"
    UNAVAILABLE = "503 with Retry-After"
    BROKEN = "connection broken"
    REFUSED = "connection refused"
    STRANGE = "not in the contract"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request: when it began and was done (monotonic seconds), how it ended, what was answered."""

    began: float
    done: float
    outcome: Outcome
    answer: bytes = b""
    replayed: bool = False
    told: str = ""

    @property
    def seconds(self) -> float:
        return self.done - self.began


class Connection:
    """A client's connection to the service, opened anew when it has broken."""

    def __init__(self, port: int) -> None:
        self._http = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def send(self, event: Event) -> Attempt:
        """Send an event once; whatever happens is an attempt, never an exception."""
        began = time.monotonic()
        try:
            if self._http.sock is None:
                self._http.connect()
        except OSError as error:
            return self._failed(began, Outcome.REFUSED, error)
        try:
            self._http.request("POST", "/event", json.dumps(event.body()).encode(), HEADERS)
            response = self._http.getresponse()
            return judged(began, response, response.read())
        except (OSError, HTTPException) as error:
            return self._failed(began, Outcome.BROKEN, error)

    def close(self) -> None:
        self._http.close()

    def _failed(self, began: float, outcome: Outcome, error: Exception) -> Attempt:
        self._http.close()
        return Attempt(began=began, done=time.monotonic(), outcome=outcome, told=repr(error))


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
        told="" if outcome is Outcome.TAKEN else f"{response.status} {answer[:120].decode(errors='replace')}",
    )
