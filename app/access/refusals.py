"""Requests that are refused for who sends them: how many of an address get an answer in full, and what the log says.

Whoever sends thousands costs one line when it begins and one with their number every ten seconds, and no look at the
database. Behind a proxy all clients have its address: so this never counts against a key that is good.
"""

import time
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock

from app.access.domain import ApiKey
from lib.logs import get_logger

WINDOW = 10.0  # seconds
ROOM = 20  # refusals of an address within them that are answered in full
MOST = 1000  # addresses, and kinds of refusals, that are told apart within them
OTHERS = "others"  # all addresses beyond

log = get_logger()


@dataclass(frozen=True, slots=True)
class Kind:
    """Refusals that are one line: of a key only what is public, and only of one that is ours."""

    reason: str
    address: str
    key: ApiKey | None = None

    def facts(self) -> dict[str, object]:
        """Return what a line says of them."""
        facts: dict[str, object] = {"reason": self.reason, "address": self.address}
        if self.key:
            facts |= {"key_id": self.key.id, "key_prefix": self.key.prefix, "key_name": self.key.name}
        return facts


class Refusals:
    """The refusals of this process since its present window of ten seconds began."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ends_at = float("-inf")  # of `time.monotonic`
        self._of_address: Counter[str] = Counter()
        self._of_kind: Counter[Kind] = Counter()

    def exhausted(self, address: str | None) -> bool:
        """Tell whether an address was refused so often that it gets no more than the shortest answer."""
        return self._of_address[_told_of(address)] >= ROOM and time.monotonic() < self._ends_at

    def seconds_left(self) -> int:
        """Return how long that goes on, in whole seconds."""
        return max(1, int(self._ends_at - time.monotonic()) + 1)

    def note(self, reason: str, address: str | None, path: str, key: ApiKey | None = None) -> None:
        """Count a refusal, and write a line about the first of its kind."""
        self.tell()
        with self._lock:
            if not self._of_kind:
                self._ends_at = time.monotonic() + WINDOW
            kind = Kind(reason, self._counted_as(_told_of(address)), key)
            if len(self._of_kind) >= MOST and kind not in self._of_kind:
                kind = Kind(reason, OTHERS)
            self._of_address[kind.address] += 1
            self._of_kind[kind] += 1
            first = self._of_kind[kind] == 1
        if first:
            log.warning("access refused", **kind.facts(), path=path)

    def tell(self, *, early: bool = False) -> None:
        """At the end of the window write a line for each kind that went on after its first line, and begin anew."""
        if not self._of_kind or (time.monotonic() < self._ends_at and not early):
            return
        with self._lock:
            told, self._of_kind = self._of_kind, Counter()
            self._of_address = Counter()
        for kind, count in told.items():
            if count > 1:
                log.warning("access refused", **kind.facts(), count=count, seconds=WINDOW)

    def _counted_as(self, address: str) -> str:
        return address if address in self._of_address or len(self._of_address) < MOST else OTHERS


@lru_cache(maxsize=4096)
def _told_of(address: str | None) -> str:
    """Return whose refusals are counted together: an address, of IPv6 the network that one customer has."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(parsed, IPv6Address) and not parsed.ipv4_mapped and not parsed.is_loopback:
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
