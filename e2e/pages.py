"""Reading lists page by page, as a client does."""

from collections.abc import Iterator
from typing import Any

import httpx


def read(client: httpx.Client, path: str, **parameters: int) -> dict[str, Any]:
    """Return the body of a 200."""
    response = client.get(path, params=parameters)
    assert response.status_code == 200, f"{response.status_code} {response.text}"
    assert response.headers["Content-Type"] == "application/json", response.headers
    body: dict[str, Any] = response.json()
    return body


def events_of(client: httpx.Client, user_id: int, *, limit: int, **parameters: int) -> Iterator[dict[str, Any]]:
    """Read all pages of a player's events, checking the size of each."""
    while True:
        page = read(client, f"/users/{user_id}/events", limit=limit, **parameters)
        assert set(page) == {"events", "next_before"}, page
        yield from page["events"]
        if page["next_before"] is None:
            assert len(page["events"]) <= limit
            return
        assert len(page["events"]) == limit, "only the last page may be shorter"
        assert page["next_before"] == page["events"][-1]["t"], page
        parameters["before"] = page["next_before"]
