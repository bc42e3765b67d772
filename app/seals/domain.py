"""What is sealed, and its form for the digests: plain values and SHA-256 (A44).

An event and its alerts have one digest. A player's events since the last seal have one, in order of `t` and `n`. A seal
has one over all its players and the previous seal, so that no single one can be changed or left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

FIRST = b""  # in place of the previous digest in the first seal
UNNUMBERED = 0  # a part with this number or a lower one covers events without numbers


class EventFacts(NamedTuple):
    """An event with its first answer; `received` is in microseconds of Unix time, `seq` None if it has no number."""

    user_id: int
    t: int
    seq: int | None
    type: str
    amount: Decimal
    codes: Sequence[int]
    edition: int
    received: int
    n: int = 0
    event_id: str | None = None


class PlayerPart(NamedTuple):
    """What a seal covers of a player: `events` events, the last of which has the number `seq`; `t` is their latest.

    Events without a number are in separate parts, 0, -1, -2 …, each with the events since the part before.
    """

    user_id: int
    seq: int
    t: int
    events: int
    digest: bytes


class SealFacts(NamedTuple):
    """A seal: `at` in microseconds of Unix time; `all_counted` if it left no event without a number uncounted."""

    no: int
    at: int
    all_counted: bool


class Sealed(NamedTuple):
    """The number and the digest of a seal, to keep elsewhere."""

    no: int
    digest: bytes

    def __str__(self) -> str:
        return f"{self.no}:{self.digest.hex()}"


def read_seal(written: str) -> Sealed:
    """Parse a seal from its text; raises `ValueError`."""
    no, _, digest = written.strip().partition(":")
    seal = Sealed(int(no), bytes.fromhex(digest))
    if seal.no < 1 or len(seal.digest) != sha256().digest_size:
        raise ValueError
    return seal


@dataclass(slots=True)
class PartDigest:
    """The digest over events of a player, added in order of `t` and `n`, and their number."""

    events: int = 0
    _sha256: Any = field(default_factory=sha256)

    def add(self, digest: bytes) -> None:
        """Add the digest of an event."""
        self.events += 1
        self._sha256.update(digest)

    def digest(self) -> bytes:
        """Return the digest over all of them."""
        result: bytes = self._sha256.digest()
        return result


def event_digest(event: EventFacts, alerts: Iterable[str]) -> bytes:
    """Return the digest of an event and its alerts, each of them a line in the form of `seals.queries.ALERT`.

    Line breaks separate the parts; no part contains one, JSON least of all. An event without an id has the digest that
    it had before events could have one (A49).
    """
    user_id, t, seq, kind, amount, codes, edition, received, n, event_id = event
    number = "-" if seq is None else seq
    written = f"{user_id} {t} {number} {kind} {amount} {','.join(map(str, codes))} {edition} {received}"
    if event_id is not None:
        written += f" {n} {event_id}"
    return sha256("\n".join((written, *sorted(alerts))).encode()).digest()


class SealDigest:
    """The digest of a seal, whose players are added in order of ids and numbers."""

    def __init__(self, seal: SealFacts, previous: bytes) -> None:
        written = f"seal 1 {seal.no} {seal.at} {'all counted' if seal.all_counted else 'some not counted'}"
        self._sha256 = sha256(f"{written} {previous.hex()}".encode())

    def add(self, part: PlayerPart) -> None:
        """Add a player."""
        user_id, seq, t, events, digest = part
        self._sha256.update(f"\n{user_id} {seq} {t} {events} {digest.hex()}".encode())

    def digest(self) -> bytes:
        """Return the digest over all of them."""
        return self._sha256.digest()
