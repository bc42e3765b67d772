"""Compares what was acknowledged with the service, with its database and with the oracle."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from e2e.faults import database
from e2e.faults.client import Answer, Outcome
from e2e.faults.database import Key, Row
from e2e.faults.ledger import Acknowledged, Ledger
from e2e.faults.load import at_once
from e2e.site import Site
from testkit.oracle import Event
from testkit.player_log import PlayerLog

MAX_LAG = 20  # seconds after a fault within which the worker has numbered all alerts
HORIZON = 7 * 24 * 3600  # seconds; the service's default


@dataclass(slots=True, kw_only=True)
class Proof:
    """Acknowledged events by fault; `wrong`: the answer is not the oracle's.

    `changed` are also those that were stored without an alert of theirs, or without counting for their player, and
    those whose believed codes are not the oracle's; `unfed` are events whose alerts are not in the feed exactly once;
    `doubled` counts what is stored and was never acknowledged; `unanswered` tells what came instead of a replay.
    """

    lost: set[Key] = field(default_factory=set)
    changed: set[Key] = field(default_factory=set)
    wrong: set[Key] = field(default_factory=set)
    unfed: set[Key] = field(default_factory=set)
    doubled: int = 0
    unanswered: list[str] = field(default_factory=list)


def key(event: Event) -> Key:
    return event.user_id, event.t, event.event_id or ""


@dataclass(slots=True)
class Book:
    """All that a service must have stored since it is there: what it has acknowledged, and what was imported."""

    expected: dict[Key, Row] = field(default_factory=dict)
    players: defaultdict[int, PlayerLog] = field(default_factory=lambda: defaultdict(partial(PlayerLog, HORIZON)))
    imported: set[int] = field(default_factory=set)

    def enter(self, ledger: Ledger, imported: Sequence[Event], site: Site) -> Proof:
        """Add the events acknowledged or imported under a fault; prove that they and all earlier ones are stored so."""
        proof = Proof()
        for request in ledger.acknowledged:
            proof.wrong |= {key(event) for event, answer in request.answered() if not self._enter(event, answer)}
        for event in imported:
            self._expect(event, self.players[event.user_id].take(event).codes)
            self.imported.add(event.user_id)
        send_again(ledger.acknowledged, site, proof)
        look_up(self.expected, database.stored(site.url), proof)
        proof.changed |= database.half_stored(site.url) | self._disbelieved(ledger, site)
        proof.unfed = database.unfed(site.url, self.imported, seconds=MAX_LAG)
        return proof

    def _enter(self, event: Event, answer: Answer) -> bool:
        """Expect an event with its answer; return whether that is right.

        The oracle goes on from what it has of a player, whose play spans the faults.
        """
        answered, right = json.loads(answer.body), self.players[event.user_id].take(event)
        self._expect(event, answered["alert_codes"])
        body = {"alert": bool(right.codes), "alert_codes": right.codes, "user_id": event.user_id}
        return (200, body, right.late) == (right.status, answered, answer.late)

    def _disbelieved(self, ledger: Ledger, site: Site) -> set[Key]:
        """Find events, of players who had late ones, that are believed to raise other codes than the oracle says."""
        players = {event.user_id for event, _ in ledger.late()}
        known = database.believed(site.url, players)
        right = {key(event): codes for player in players for event, codes in self.players[player].believed()}
        return {place for place, codes in right.items() if known.get(place) != codes}

    def _expect(self, event: Event, codes: object) -> None:
        self.expected[key(event)] = (event.type, Decimal(event.amount), codes)


def send_again(requests: Iterable[Acknowledged], site: Site, proof: Proof) -> None:
    """Every acknowledged request, sent again, must be a replay with the very same answers."""
    for acknowledged, attempt in at_once([*requests], site.port):
        if attempt.outcome is not Outcome.TAKEN:
            proof.unanswered.append(attempt.detail)
            continue
        for (event, before), now in zip(acknowledged.answered(), attempt.answers, strict=True):
            if not now.replayed:
                proof.lost.add(key(event))
            elif (now.body, now.late) != (before.body, before.late):
                proof.changed.add(key(event))


def look_up(expected: dict[Key, Row], rows: Sequence[tuple[Key, Row]], proof: Proof) -> None:
    """Every event must be stored once, as sent and answered, and nothing else."""
    stored = dict(rows)
    proof.lost |= expected.keys() - stored.keys()
    proof.changed |= {key for key, row in expected.items() if key in stored and stored[key] != row}
    proof.doubled = len(rows) - len(stored.keys() & expected.keys())
