"""The running service as a client sees it: its address, a connection to it, and a player."""

import os
from dataclasses import dataclass

import httpx

from testkit.oracle import Event, EventType

URL = os.environ.get("E2E_URL", "").rstrip("/")  # `make e2e` sets it
SEED = int(os.environ.get("E2E_SEED", "7"))
REPLAY_HEADER = "Idempotent-Replay"

TIMEOUT = httpx.Timeout(15)  # seconds; generous: a machine of CI may be busy, a lock must still not hang
MAX_CONNECTIONS = 32
LEAKS = ("traceback", "psycopg", "sqlalchemy", "/app/", "site-packages", ".py")


def refuse_defects(response: httpx.Response) -> None:
    """Fail any test on an answer that is a 5xx or reveals an internal name."""
    text = response.read().decode("utf-8", errors="replace")
    assert response.status_code < 500, f"{response.request.method} {response.url}: {response} {text}"
    leaked = [leak for leak in LEAKS if leak in text.lower()]
    assert not leaked, f"the answer shows {leaked}: {text}"


def connect(*, connections: int = MAX_CONNECTIONS) -> httpx.Client:
    """Open a client that watches every answer; a proxy of the environment is not for a service near by."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    hooks = {"response": [refuse_defects]}
    return httpx.Client(base_url=URL, timeout=TIMEOUT, limits=limits, event_hooks=hooks, trust_env=False)


def codes_in(response: httpx.Response, user_id: int) -> list[int]:
    """Codes of a 200, once the whole answer has the form of the contract."""
    assert response.status_code == 200, f"{response.status_code} {response.text}"
    assert response.headers["Content-Type"] == "application/json", response.headers
    answer = response.json()
    codes: list[int] = answer["alert_codes"]
    expected = {"alert": bool(codes), "alert_codes": sorted(set(codes)), "user_id": user_id}
    assert answer == expected, f"{answer} instead of {expected}"
    assert type(answer["alert"]) is bool, answer
    return codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """One player of the platform, new to the service."""

    client: httpx.Client
    user_id: int

    def event(self, event_type: EventType, amount: str, t: int) -> Event:
        return Event(type=event_type, amount=amount, user_id=self.user_id, t=t)

    def send(self, event_type: EventType, amount: str, *, t: int) -> httpx.Response:
        return self.client.post("/event", json=self.event(event_type, amount, t).body())

    def send_text(self, text: str | bytes, *, path: str = "/event") -> httpx.Response:
        """Send a body exactly as written, called JSON."""
        return self.client.post(path, content=text, headers={"Content-Type": "application/json"})

    def deposit(self, amount: str, *, t: int) -> list[int]:
        return codes_in(self.send("deposit", amount, t=t), self.user_id)

    def withdraw(self, amount: str, *, t: int) -> list[int]:
        return codes_in(self.send("withdraw", amount, t=t), self.user_id)
