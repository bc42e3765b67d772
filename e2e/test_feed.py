"""Each answered code comes in the feed, once, soon after the answer; `make faults` proves it under faults."""

import time
from collections.abc import Iterator
from typing import Any

import httpx

from testkit.service import Player

MAX_WAIT = 30  # seconds; the worker takes a quarter of one, and the machine may be busy


def feed(client: httpx.Client, after: int) -> Iterator[dict[str, Any]]:
    """Yield what is in the feed after a number."""
    while True:
        response = client.get("/alerts/feed", params={"after": after, "limit": 200})
        assert response.status_code == 200, response.text
        page = response.json()
        yield from page["alerts"]
        if not page["alerts"]:
            return
        after = page["next_after"]


def test_each_answered_code_is_in_the_feed_once(player: Player) -> None:
    last = max((entry["number"] for entry in feed(player.client, 0)), default=0)
    answered = [(t, code) for t in range(1, 8) for code in player.withdraw("150.00", t=t)]
    assert len(answered) == 7 + 5
    until = time.monotonic() + MAX_WAIT
    told: list[dict[str, Any]] = []
    while len(told) < len(answered) and time.monotonic() < until:
        time.sleep(0.1)
        told = [entry for entry in feed(player.client, last) if entry["user_id"] == player.user_id]
    assert sorted((entry["t"], entry["code"]) for entry in told) == sorted(answered)
    assert {entry["kind"] for entry in told} == {"raised"}
    for entry in told:
        alert = player.client.get(f"/alerts/{player.user_id}/{entry['t']}/{entry['code']}").json()
        assert entry["evidence"] == alert["evidence"]
