"""Compares what was acknowledged with the service, with its database and with the oracle."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from e2e.faults import database
from e2e.faults.client import Outcome
from e2e.faults.ledger import Acknowledged, Ledger
from e2e.faults.load import at_once
from e2e.site import Site
from testkit.oracle import Event, Oracle

Key = tuple[int, int]


@dataclass(slots=True, kw_only=True)
class Proof:
    """Acknowledged events by fault; `wrong`: the answer is not the oracle's.

    `doubled` counts what is stored and was never acknowledged; `unanswered` tells what came instead of a replay.
    """

    lost: set[Key] = field(default_factory=set)
    changed: set[Key] = field(default_factory=set)
    wrong: set[Key] = field(default_factory=set)
    doubled: int = 0
    unanswered: list[str] = field(default_factory=list)


def key(event: Event) -> Key:
    return event.user_id, event.t


@dataclass(slots=True)
class Book:
    """All that a service has acknowledged since it is there."""

    events: list[Acknowledged] = field(default_factory=list)
    oracle: Oracle = field(default_factory=Oracle)

    def enter(self, ledger: Ledger, site: Site) -> Proof:
        """Add the events acknowledged under a fault; prove that they and all earlier ones are as acknowledged."""
        self.events += ledger.acknowledged
        proof = Proof(wrong=self._wrong(ledger.acknowledged))
        send_again(ledger.acknowledged, site, proof)
        look_up(self.events, database.stored(site.url), proof)
        return proof

    def _wrong(self, events: Iterable[Acknowledged]) -> set[Key]:
        # The oracle goes on from its answers before: a player's play spans the faults.
        return {key(a.event) for a in events if json.loads(a.answer) != self.oracle.answer(a.event)}


def send_again(events: list[Acknowledged], site: Site, proof: Proof) -> None:
    """Every acknowledged event, sent again, must be a replay with the very same answer."""
    for acknowledged, attempt in at_once(events, site.port):
        if attempt.outcome is not Outcome.TAKEN:
            proof.unanswered.append(attempt.detail)
        elif not attempt.replayed:
            proof.lost.add(key(acknowledged.event))
        elif attempt.answer != acknowledged.answer:
            proof.changed.add(key(acknowledged.event))


def look_up(events: list[Acknowledged], rows: list[database.Row], proof: Proof) -> None:
    """Every acknowledged event must be stored once, as sent and answered, and nothing else."""
    stored = {(row.user_id, row.t): row for row in rows}
    for each in events:
        row = stored.get(key(each.event))
        if row is None:
            proof.lost.add(key(each.event))
        elif stored_values(row) != answered_values(each):
            proof.changed.add(key(each.event))
    proof.doubled = len(rows) - len(stored.keys() & {key(each.event) for each in events})


def stored_values(row: database.Row) -> tuple[object, ...]:
    return row.type, row.amount, row.codes


def answered_values(acknowledged: Acknowledged) -> tuple[object, ...]:
    event = acknowledged.event
    return event.type, Decimal(event.amount), json.loads(acknowledged.answer)["alert_codes"]
