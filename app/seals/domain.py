"""What is sealed and how it is written for the digest: plain values, and SHA-256 (A44).

An event has a digest of its own, with its alerts. Those of a player since the last seal have one together, in order of
`t`; and a seal has one over all its players and the seal before it, so that none can be changed or left out alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

FIRST = b""  # what stands in the first seal where the others have the digest of the one before
UNNUMBERED = 0  # a part of this number or a lower one covers events without any


class EventFacts(NamedTuple):
    """An event as it was answered first; `received` in microseconds of Unix time, `seq` None where it has none."""

    user_id: int
    t: int
    seq: int | None
    type: str
    amount: Decimal
    codes: Sequence[int]
    edition: int
    received: int


class PlayerPart(NamedTuple):
    """What one seal covers of one player: the `events` whose numbers end with `seq`; `t` is the latest of them.

    Events without a number are covered by parts of their own: 0, then -1, -2 …, each those since the part before.
    """

    user_id: int
    seq: int
    t: int
    events: int
    digest: bytes


class SealFacts(NamedTuple):
    """A seal: `at` in microseconds of Unix time; `all_counted` where no event without a number was left by then."""

    no: int
    at: int
    all_counted: bool


class Sealed(NamedTuple):
    """The number of a seal and its digest: what to keep elsewhere."""

    no: int
    digest: bytes

    def __str__(self) -> str:
        return f"{self.no}:{self.digest.hex()}"


def read_seal(written: str) -> Sealed:
    """Read a seal as it is written; raises `ValueError`."""
    no, _, digest = written.strip().partition(":")
    seal = Sealed(int(no), bytes.fromhex(digest))
    if seal.no < 1 or len(seal.digest) != sha256().digest_size:
        raise ValueError
    return seal


@dataclass(slots=True)
class PartDigest:
    """The digest over events of a player that come one after the other, in order of `t`, and how many these are."""

    events: int = 0
    _sha256: Any = field(default_factory=sha256)

    def add(self, digest: bytes) -> None:
        """Take up an event."""
        self.events += 1
        self._sha256.update(digest)

    def digest(self) -> bytes:
        """Return the digest over all of them."""
        result: bytes = self._sha256.digest()
        return result


def event_digest(event: EventFacts, alerts: Iterable[str]) -> bytes:
    """Return the digest of an event with its alerts, each of them a line as `seals.queries.ALERT` writes it.

    A line break ends each part: no line contains one, JSON least of all.
    """
    user_id, t, seq, kind, amount, codes, edition, received = event
    number = "-" if seq is None else seq
    told = f"{user_id} {t} {number} {kind} {amount} {','.join(map(str, codes))} {edition} {received}"
    return sha256("\n".join((told, *sorted(alerts))).encode()).digest()


class SealDigest:
    """The digest of a seal, whose players come one after the other, in order of their ids and numbers."""

    def __init__(self, seal: SealFacts, previous: bytes) -> None:
        told = f"seal 1 {seal.no} {seal.at} {'all counted' if seal.all_counted else 'some not counted'}"
        self._sha256 = sha256(f"{told} {previous.hex()}".encode())

    def add(self, part: PlayerPart) -> None:
        """Take up a player."""
        user_id, seq, t, events, digest = part
        self._sha256.update(f"\n{user_id} {seq} {t} {events} {digest.hex()}".encode())

    def digest(self) -> bytes:
        """Return the digest over all of them."""
        return self._sha256.digest()
