"""Sixteen threads send all kinds of events at once and correct some; an oracle agrees with all that comes of it.

The oracle follows what was received about each player by its arrival numbers, which the service gives under the
player's lock; it knows nothing else of the service.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection
from random import Random
from typing import Any

from apiflask import APIFlask

from testkit.oracle import Event
from testkit.player_log import PlayerLog
from tests.integration.conftest import Sql
from tests.integration.judging import verified
from tests.integration.raw_http import await_health
from tests.integration.servers import MAX_WAIT, Serve

THREADS, STEPS, PLAYERS = 16, 25, 6
HORIZON = 7 * 24 * 3600
EVENTS = """
    SELECT seq, t, n, event_id, type::text, amount::text, alert_codes, NULL::text, NULL::integer
    FROM activity_event
    WHERE user_id = {user} AND (t, n) NOT IN (SELECT t, n FROM superseded_event WHERE user_id = {user})
    UNION ALL
    SELECT event_seq, t, n, event_id, type::text, amount::text, alert_codes, NULL::text, NULL::integer
    FROM superseded_event
    WHERE user_id = {user} AND no = 1
    UNION ALL
    SELECT seq, t, n, event_id, NULL, NULL, NULL, new_amount::text, no FROM superseded_event
    WHERE user_id = {user}
    ORDER BY 1
"""
BELIEVED = """
    SELECT t, event_id, coalesce((
        SELECT codes_after FROM revision WHERE user_id = event.user_id AND t = event.t AND n = event.n
        ORDER BY no DESC LIMIT 1
    ), alert_codes) FROM activity_event AS event WHERE user_id = {user} ORDER BY t, n
"""


class Sender:
    """One of the threads: what it sends follows from its number, what is answered is kept."""

    def __init__(self, port: int, number: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=MAX_WAIT)
        self._random = Random(number)  # noqa: S311  # not for secrets
        self._sent: list[dict[str, Any]] = []
        self.answered: list[tuple[dict[str, Any], list[int]]] = []
        self.statuses: set[int] = set()

    def run(self) -> None:
        for _ in range(STEPS):
            step = self._random.random()
            if step < 0.45:
                self._single(self._event())
            elif step < 0.65:
                self._batch([self._event() for _ in range(self._random.randrange(2, 12))])
            elif step < 0.75 and self._sent:
                self._single(self._random.choice(self._sent))
            elif self._sent:
                self._correct(self._random.choice(self._sent))
        self._connection.close()

    def _event(self) -> dict[str, Any]:
        random = self._random
        event = {
            "type": random.choice(["deposit", "withdraw"]),
            "amount": random.choice(["50.00", "90.00", "101.00", "150.00"]),
            "user_id": random.randrange(1, PLAYERS + 1),
            "t": random.randrange(200),
        }
        named = {"event_id": f"e{random.randrange(400)}"} if random.random() < 0.7 else {}
        self._sent.append({**event, **named})
        return self._sent[-1]

    def _single(self, event: dict[str, Any]) -> None:
        status, body = self._send("/event", event)
        self._keep(event, status, body)

    def _batch(self, events: list[dict[str, Any]]) -> None:
        status, body = self._send("/events", events)
        assert status == 200, body
        for event, result in zip(events, body["results"], strict=True):
            self._keep(event, result["status"], result)

    def _keep(self, event: dict[str, Any], status: int, body: dict[str, Any]) -> None:
        self.statuses.add(status)
        if status == 200:
            self.answered.append((event, body["alert_codes"]))

    def _correct(self, event: dict[str, Any]) -> None:
        which = f"by-id/{event['event_id']}" if "event_id" in event else event["t"]
        path = f"/users/{event['user_id']}/events/{which}"
        if self._random.random() < 0.4:
            status, _ = self._send(f"{path}/reversal", {"reason": "charge-back"})
        else:
            amount = self._random.choice(["50.00", "101.00", "150.00"])
            status, _ = self._send(f"{path}/amendment", {"reason": "typing error", "amount": amount})
        assert status in {200, 404, 409}

    def _send(self, path: str, body: object) -> tuple[int, Any]:
        """Send a request, again after a 503, which a busy machine may answer: as clients are told to."""
        deadline = time.monotonic() + MAX_WAIT
        while True:
            self._connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            response = self._connection.getresponse()
            answer = json.loads(response.read())
            if response.status != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                return response.status, answer
            time.sleep(0.1)


def received(sql: Sql, user: int) -> Iterator[tuple[Event, list[int] | None, str | None, bool]]:
    """Yield what was received about a player: an event and its first answer, or a correction and the new amount."""
    events: dict[tuple[int, int], Event] = {}
    for number, row in enumerate(sql(EVENTS.format(user=user)), start=1):
        seq, t, n, event_id, kind, amount, answered, new_amount, no = row
        assert seq == number, "the numbers have no gap"
        if no is None:
            events[t, n] = Event(type=kind, amount=amount, user_id=0, t=t, event_id=event_id)
        yield events[t, n], answered, new_amount, no is not None


def test_any_mixture_from_sixteen_threads(app: APIFlask, serve: Serve, port: int, sql: Sql) -> None:
    serve(LATE_EVENTS="keep", WEB_WORKERS="2", LOG_LEVEL="ERROR")
    await_health(port)
    senders = [Sender(port, number) for number in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(sender.run) for sender in senders]:
            done.result()

    first_answers: dict[tuple[object, ...], list[int]] = {}
    for user in range(1, PLAYERS + 1):
        log = PlayerLog(horizon=HORIZON)
        for event, answered, amount, is_correction in received(sql, user):
            if not is_correction:
                answer = log.take(event)
                assert (answer.status, answer.codes) == (200, answered)
                first_answers[user, event.event_id or event.t, event.type, event.amount, event.t] = answer.codes
            elif amount is None:
                log.reverse(event)
            else:
                assert log.amend(event, amount) == 200
        found = sql(BELIEVED.format(user=user))
        assert found == [(each.t, each.event_id, codes) for each, codes in log.believed()]
    for sent, codes in (each for sender in senders for each in sender.answered):
        identity = sent.get("event_id", sent["t"])
        key = (sent["user_id"], identity, sent["type"], sent["amount"], sent["t"])
        assert first_answers[key] == codes, "every 200 has the first answer to that very event"
    assert {200, 409} <= set().union(*(sender.statuses for sender in senders))
    assert sql("SELECT min(late_events) > 0, min(corrections) > 0 FROM user_clock") == [(True, True)]
    findings = verified(app)
    assert ([each.what for each in findings.differences], [each.what for each in findings.losses]) == ([], [])
