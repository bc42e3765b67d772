"""Receivers beside the load, each with an endpoint of its own, and what they must have got when all is over."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

from e2e.faults import database
from e2e.faults.receiver import Mood, Receiver, Reception, receiving
from e2e.site import Site, SiteError

TELLS = {"WEBHOOK_HTTP": "true", "WEBHOOK_ALLOW": "127.0.0.0/8"}  # the settings of a service that tells receivers here
MAX_RATE = 100  # messages a second
MAX_WAIT = 40  # seconds until all is delivered once the receivers are healthy
# Lets the time pass until every retry is due: the schedule goes on for three days. A lease that is older than a few
# seconds is that of a worker that was killed: these receivers answer at once by then.
MAKE_DUE = """
    WITH ready AS (UPDATE endpoint SET hold_until = NULL WHERE hold_until > now())
    UPDATE delivery SET next_at = now(), lease_until = NULL
    WHERE state = 'due' AND next_at > now() AND coalesce(lease_until < now() + interval '55 s', true) RETURNING id
"""
DUE = "SELECT count(*) FROM delivery WHERE state = 'due'"
LOST = "SELECT count(*) FROM delivery WHERE state NOT IN ('due', 'delivered')"
FEED = "SELECT number, user_id, t, n, kind::text, no, code FROM alert_feed"

Alert = tuple[int, int, int, int, str, int]  # number, user_id, t, n, kind and code


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A receiver, and what its endpoint is told of; no codes means all."""

    receiver: Receiver
    kinds: Sequence[str]
    codes: Sequence[int] = ()

    def register(self, site: Site) -> None:
        """Create the endpoint."""
        chosen = {"topics": [f"alert.{kind}" for kind in self.kinds], "codes": [*self.codes]}
        new = {"name": "faults", "url": self.receiver.url, "per_second": MAX_RATE, "filter": chosen}
        connection = HTTPConnection("127.0.0.1", site.port, timeout=10)
        connection.request("POST", "/webhooks/endpoints", json.dumps(new), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        if answer.status != 201:
            raise SiteError(f"no endpoint was created: {answer.status} {said.decode(errors='replace')}")
        self.receiver.secret = json.loads(said)["secret"]

    def complaints(self, feed: Sequence[tuple[Any, ...]]) -> Iterator[str]:
        """Compare what came with the feed: each alert at least once, under one id, signed, and nothing else."""
        expected, told = self._expected(feed), [(each.id, alerts_of(each)) for each in self.receiver.receptions]
        ids = defaultdict[Alert, set[str]](set)
        for message_id, alerts in told:
            for alert in alerts:
                ids[alert].add(message_id)
        differing = {message_id for message_id, alerts in told if alerts != expected.get(message_id)}
        doubled = [alert for alert, under in ids.items() if len(under) > 1]
        unsigned = [each.id for each in self.receiver.receptions if not each.signed]
        for count, what in (
            (len(expected.keys() - {message_id for message_id, _ in told}), "messages never came"),
            (len(differing), "messages do not tell what the feed has"),
            (len(doubled), "alerts came under several ids"),
            (len(unsigned), "signatures were wrong"),
        ):
            if count:
                yield f"receiver of {', '.join(self.kinds)}: {count:,} {what}"

    def _expected(self, feed: Sequence[tuple[Any, ...]]) -> dict[str, set[Alert]]:
        expected = defaultdict[str, set[Alert]](set)
        for number, user_id, t, n, kind, no, code in feed:
            if kind in self.kinds and (code in self.codes or not self.codes):
                expected[f"alert_{user_id}_{t}_{n}_{kind}_{no}"].add((number, user_id, t, n, kind, code))
        return expected


def alerts_of(reception: Reception) -> set[Alert]:
    data: Mapping[str, Any] = json.loads(reception.body)["data"]
    place = data["user_id"], data["t"], data["n"], data["kind"]
    return {(alert["number"], *place, alert["code"]) for alert in data["alerts"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What receivers got in all, for the page."""

    messages: int = 0
    receptions: int = 0
    lied: int = 0
    turned_away: int = 0

    def __str__(self) -> str:
        return (
            f"{self.messages:,} messages were read {self.receptions:,} times, {self.lied:,} of these by a liar;"
            f" {self.turned_away:,} connections were closed unread"
        )


class Audience:
    """All receivers of a service."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners

    def register(self, site: Site) -> None:
        """Create an endpoint for each."""
        for each in self._listeners:
            each.register(site)

    def settle(self, site: Site) -> list[str]:
        """Be healthy, let the time pass until all is delivered, and return the broken promises."""
        for each in self._listeners:
            each.receiver.settled = True
        limit = time.monotonic() + MAX_WAIT
        while (due := database.ask(site.url, DUE)[0][0]) and time.monotonic() < limit:
            database.ask(site.url, MAKE_DUE)
            time.sleep(0.3)
        [(lost,)] = database.ask(site.url, LOST)
        feed = database.ask(site.url, FEED)
        complaints = [complaint for each in self._listeners for complaint in each.complaints(feed)]
        complaints += [f"{due:,} deliveries are still due after {MAX_WAIT} s"] if due else []
        return complaints + ([f"{lost:,} deliveries were given up"] if lost else [])

    def heard(self) -> Heard:
        receivers = [each.receiver for each in self._listeners]
        receptions = [reception for each in receivers for reception in each.receptions]
        return Heard(
            messages=sum(len({reception.id for reception in each.receptions}) for each in receivers),
            receptions=len(receptions),
            lied=sum(each.mood is Mood.LYING for each in receptions),
            turned_away=sum(each.turned_away for each in receivers),
        )


@contextmanager
def audience() -> Iterator[Audience]:
    """Have two receivers: one of what is raised, of two codes, the other of all that becomes known late."""
    with ExitStack() as stack:
        raised, late = (stack.enter_context(receiving()) for _ in range(2))
        yield Audience(
            [
                Listener(receiver=raised, kinds=["raised"], codes=[30, 1100]),
                Listener(receiver=late, kinds=["found-late", "retracted"]),
            ]
        )
