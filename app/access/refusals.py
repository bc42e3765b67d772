"""Refusals by access control: how many an address gets in full, and what the log says about them.

A flood costs one log line at its start, one with a count every ten seconds, and no query. Behind a proxy all clients
share its address, so this never counts against a good key.
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
MAX_IN_FULL = 20  # refusals of an address within a window that get a full answer
MAX_COUNTED = 1000  # addresses, and kinds of refusals, that are counted separately within a window
OTHERS = "others"  # all further addresses

log = get_logger()


@dataclass(frozen=True, slots=True)
class Kind:
    """Refusals that share a log line; with the public facts of the key, if it is one of ours."""

    reason: str
    address: str
    key: ApiKey | None = None

    def facts(self) -> dict[str, object]:
        """Return the facts for the log."""
        facts: dict[str, object] = {"reason": self.reason, "address": self.address}
        if self.key:
            facts |= {"key_id": self.key.id, "key_prefix": self.key.prefix, "key_name": self.key.name}
        return facts


class Refusals:
    """The refusals of this process in its current window of ten seconds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ends_at = float("-inf")  # of `time.monotonic`
        self._of_address: Counter[str] = Counter()
        self._of_kind: Counter[Kind] = Counter()

    def exhausted(self, address: str | None) -> bool:
        """Tell whether an address was refused so often that it gets the shortest answer only."""
        return self._of_address[_origin(address)] >= MAX_IN_FULL and time.monotonic() < self._ends_at

    def seconds_left(self) -> int:
        """Return the whole seconds until the window ends."""
        return max(1, int(self._ends_at - time.monotonic()) + 1)

    def record(self, reason: str, address: str | None, path: str, key: ApiKey | None = None) -> None:
        """Count a refusal, and log the first of its kind."""
        self.report()
        with self._lock:
            if not self._of_kind:
                self._ends_at = time.monotonic() + WINDOW
            kind = Kind(reason, self._counted_as(_origin(address)), key)
            if len(self._of_kind) >= MAX_COUNTED and kind not in self._of_kind:
                kind = Kind(reason, OTHERS)
            self._of_address[kind.address] += 1
            self._of_kind[kind] += 1
            first = self._of_kind[kind] == 1
        if first:
            log.warning("access refused", **kind.facts(), path=path)

    def report(self, *, early: bool = False) -> None:
        """At the end of the window, log the count of each kind that was repeated, and start a new window."""
        if not self._of_kind or (time.monotonic() < self._ends_at and not early):
            return
        with self._lock:
            counts, self._of_kind = self._of_kind, Counter()
            self._of_address = Counter()
        for kind, count in counts.items():
            if count > 1:
                log.warning("access refused", **kind.facts(), count=count, seconds=WINDOW)

    def _counted_as(self, address: str) -> str:
        return address if address in self._of_address or len(self._of_address) < MAX_COUNTED else OTHERS


@lru_cache(maxsize=4096)
def _origin(address: str | None) -> str:
    """Return the unit in which refusals are counted: an address, or the IPv6 network of one customer."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(parsed, IPv6Address) and not parsed.ipv4_mapped and not parsed.is_loopback:
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
