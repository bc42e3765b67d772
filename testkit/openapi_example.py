"""One example of the OpenAPI document, to be reproduced over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from testkit.openapi_document import Example
from testkit.service import Player

JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleCase:
    """An example to reproduce, and a player without events."""

    example: Example
    player: Player

    def send(
        self, body: bytes = b"", media_type: str = JSON, *, path: str = "", parameters: Mapping[str, str] | None = None
    ) -> httpx.Response:
        headers = {"Accept": self.example.media_type, **({"Content-Type": media_type} if body else {})}
        return self.player.client.request(
            self.example.method, path or self.example.path, content=body, headers=headers, params=parameters
        )

    def event(self, event_type: str, amount: str, t: object) -> httpx.Response:
        event = {"type": event_type, "amount": amount, "user_id": self.player.user_id, "t": t}
        return self.player.client.post(self.example.path, json=event)

    def events(self, *events: tuple[str, str, object]) -> httpx.Response:
        """Send them in turn; the last answer counts."""
        *before, last = events
        for event in before:
            self.event(*event).raise_for_status()
        return self.event(*last)
