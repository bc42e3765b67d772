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
    """An event as it was first answered; `received` is in microseconds of Unix time, `seq` None if it has no number.

    `taken_after` is None unless it came late (A51), `groups_version` unless it was judged by rules for groups (A56).
    """

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
    taken_after: int | None = None
    groups_version: int | None = None


class PlayerPart(NamedTuple):
    """What a seal covers of a player: `events` events and corrections, the last of which has the number `seq`.

    `t` is the latest of the player by then.

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


def event_digest(event: EventFacts, lines: Iterable[str]) -> bytes:
    """Return the digest of an event, its alerts and the revisions that it caused, each of these a line.

    Line breaks separate the parts; no part contains one, JSON least of all. An event without an id has the digest that
    it had before events could have one (A49), and so has one that came in order (A51) or without groups (A56).
    """
    user_id, t, seq, kind, amount, codes, edition, received, n, event_id, taken_after, groups_version = event
    number = "-" if seq is None else seq
    written = f"{user_id} {t} {number} {kind} {amount} {','.join(map(str, codes))} {edition} {received}"
    if event_id is not None:
        written += f" {n} {event_id}"
    if taken_after is not None:
        written += f" late after {taken_after}"
    if groups_version is not None:
        written += f" in groups {groups_version}"
    return entry_digest(written, lines)


def entry_digest(written: str, lines: Iterable[str]) -> bytes:
    """Return the digest of what was received about a player, an event or a correction, with its lines."""
    return sha256("\n".join((written, *sorted(lines))).encode()).digest()


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
