"""One keep-alive connection, and what became of each request that was sent over it.

A server may close a connection between two requests (RFC 9112, 9.3.1), so before each request a client looks whether it
did, and then opens another. What breaks after that had a request on it.
"""

import json
import secrets
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from http.client import HTTPConnection, HTTPException, HTTPResponse

from testkit.oracle import Event

PATIENCE = 12  # seconds; far above what any request may take, so that a hang is measured and not cut short
ONE, MANY = "application/json", "application/x-ndjson"
REPLAY_HEADER, LATE_HEADER = "Idempotent-Replay", "Late-Event"


class Outcome(StrEnum):
    """How a request ended: the first four are the contract's."""

    TAKEN = "200"
    UNAVAILABLE = "503 with Retry-After"
    BROKEN = "connection broken"  # without an answer to what was sent on it
    REFUSED = "connection refused"
    STRANGE = "not in the contract"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The 200 to one event: its body, which is made from a batch's result where it was in a batch."""

    body: bytes
    replayed: bool
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request: when it began and was done (monotonic seconds), how it ended, what was answered to each event.

    `request_id` is how the service's log names it; `reopened`, that the server had closed the connection between two
    requests.
    """

    began: float
    done: float
    outcome: Outcome
    request_id: str = ""
    reopened: bool = False
    answers: Sequence[Answer] = ()
    detail: str = ""

    @property
    def seconds(self) -> float:
        return self.done - self.began


class Connection:
    """A client's connection to the service, reopened after it broke."""

    def __init__(self, port: int) -> None:
        self._http = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def send(self, events: Sequence[Event]) -> Attempt:
        """Send one event, or several as a batch, once; return an attempt for any outcome, and never raise."""
        began, request_id, reopened = time.monotonic(), secrets.token_hex(8), False
        step = Outcome.STRANGE  # an idle connection must not be reset
        try:
            reopened = self._was_closed()
            step = Outcome.REFUSED
            if self._http.sock is None:
                self._http.connect()
            step = Outcome.BROKEN
            self._post(events, request_id)
            response = self._http.getresponse()
            attempt = judged(began, response, response.read(), len(events))
        except (OSError, HTTPException) as error:
            self._http.close()
            attempt = Attempt(began=began, done=time.monotonic(), outcome=step, detail=repr(error))
        return replace(attempt, request_id=request_id, reopened=reopened)

    def close(self) -> None:
        self._http.close()

    def _post(self, events: Sequence[Event], request_id: str) -> None:
        path, kind = ("/event", ONE) if len(events) == 1 else ("/events", MANY)
        body = "\n".join(json.dumps(event.body()) for event in events).encode()
        self._http.request("POST", path, body, {"Content-Type": kind, "X-Request-ID": request_id})

    def _was_closed(self) -> bool:
        """Tell whether the server has closed the connection since the last answer; if so, let it go.

        Raises `OSError` where it was not closed but reset.
        """
        kept: socket.socket | None = self._http.sock
        if kept is None or not select.select([kept], [], [], 0)[0] or kept.recv(1, socket.MSG_PEEK):
            return False
        self._http.close()
        return True


def judged(began: float, response: HTTPResponse, answer: bytes, events: int) -> Attempt:
    """Tell which of the contract's answers this is; a batch that refuses any event is none, since all were valid."""
    outcome, answers = Outcome.STRANGE, list[Answer]()
    if response.status == 200:
        replayed, late = (response.getheader(name) == "true" for name in (REPLAY_HEADER, LATE_HEADER))
        answers = [Answer(body=answer, replayed=replayed, late=late)] if events == 1 else results_in(answer)
        outcome = Outcome.TAKEN if len(answers) == events else Outcome.STRANGE
    elif response.status == 503 and (response.getheader("Retry-After") or "").isdigit():
        outcome = Outcome.UNAVAILABLE
    return Attempt(
        began=began,
        done=time.monotonic(),
        outcome=outcome,
        answers=answers,
        detail="" if outcome is Outcome.TAKEN else f"{response.status} {answer[:120].decode(errors='replace')}",
    )


def results_in(answer: bytes) -> list[Answer]:
    """Return the answers to a batch's events, each as the event alone would have got it: those in place with a 200."""
    try:
        results = json.loads(answer)["results"]
    except (ValueError, KeyError):
        return []
    return [alone(each) for place, each in enumerate(results) if (each["index"], each["status"]) == (place, 200)]


def alone(result: dict[str, object]) -> Answer:
    said = {name: value for name, value in result.items() if name not in {"index", "status", "replayed", "late"}}
    body = f"{json.dumps(said, separators=(',', ':'))}\n".encode()
    return Answer(body=body, replayed=bool(result.get("replayed")), late=bool(result.get("late")))
