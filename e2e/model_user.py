"""A player who gets malformed requests and then plays on as if nothing had happened."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import httpx
from hypothesis import note

from e2e.event_parser import Verdict, verdict_on
from e2e.fuzz_bodies import MOMENTS
from e2e.ledger import Ledger, outcome_of
from e2e.problems import invalid_fields, problem_in
from testkit.bodies import MAX_INTEGER
from testkit.oracle import Event
from testkit.service import Player

STATUSES = {"malformed-json": 400, "invalid-event": 400, "unsupported-media-type": 415, "too-large": 413}


@dataclass(slots=True, kw_only=True)
class ModelUser:
    """A player who gets all of these requests, and the model of what may remain."""

    player: Player
    ledger: Ledger = field(default_factory=Ledger)
    path: str = "/event"

    def expose_to(self, body: bytes, content_type: str | None) -> httpx.Response | None:
        """Send a request and judge its answer; one that would be another player's event is not sent."""
        verdict = verdict_on(body, content_type)
        if verdict.event and verdict.event.user_id != self.player.user_id:
            return None
        headers = {} if content_type is None else {"Content-Type": content_type}
        response = self.player.client.post(self.path, content=body, headers=headers)
        note(f"{response.status_code} to {content_type} {body!r}")
        self.judge(verdict, response)
        return response

    def judge(self, verdict: Verdict, response: httpx.Response) -> None:
        if verdict.event:
            self.follow(verdict.event, response)
        else:
            assert_refused(response, verdict.refusals)

    def follow(self, event: Event, response: httpx.Response) -> None:
        expected, self.ledger = self.ledger.take(event)
        assert outcome_of(response, event) == expected, event

    def play_on(self, moments: Iterable[int] = MOMENTS) -> None:
        """Use every t that was sent, then some more: an event stored in secret would conflict or count."""
        t_after = self.ledger.latest + 1
        for t in sorted({*moments, *range(t_after, min(t_after + 3, MAX_INTEGER + 1))}):
            event = self.player.event("withdraw", "7.01", t)
            self.follow(event, self.player.send(event.type, event.amount, t=t))


def assert_refused(response: httpx.Response, slugs: frozenset[str]) -> None:
    """Look at a refusal: one of these, its form that of the contract, fields at fault where it is about them."""
    assert response.status_code != 200, f"taken, instead of refused as {sorted(slugs)}: {response.text}"
    problem_type = str(response.json()["type"])
    slug = next((slug for slug in slugs if problem_type.endswith(f":{slug}")), None)
    assert slug, f"{problem_type} instead of {sorted(slugs)}: {response.text}"
    problem = problem_in(response, STATUSES[slug], slug)
    if slug == "invalid-event":
        assert invalid_fields(problem), problem
    else:
        assert "errors" not in problem, problem
