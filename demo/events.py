"""Sends events to the service in batches, as a platform does."""

import json
import time
from collections.abc import Sequence

from demo.play import Event
from demo.site import DemoFailed, Site

BATCH = 500  # events of a request
ATTEMPTS = 5
UNAVAILABLE = 503
OK = 200


def send(site: Site, events: Sequence[Event]) -> None:
    """Send events in their order; raises `DemoFailed` if one is refused."""
    for begin in range(0, len(events), BATCH):
        _send_batch(site, json.dumps([event.body() for event in events[begin : begin + BATCH]]))


def _send_batch(site: Site, body: str) -> None:
    """Send a batch, and again after a 503: what was stored is replayed."""
    for attempt in range(1, ATTEMPTS + 1):
        status, answer = site.post("/events", body)
        if status != UNAVAILABLE:
            break
        time.sleep(attempt)
    refused = [each for each in json.loads(answer)["results"] if each["status"] != OK] if status == OK else [answer]
    if refused:
        raise DemoFailed(f"the service refused events ({status}): {refused[0]}")
