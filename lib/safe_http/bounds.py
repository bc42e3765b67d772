"""What a caller allows beyond https to public addresses, and the deadline of one request."""

import time
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from lib.safe_http.errors import Failed

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What is allowed beyond https to public addresses.

    `networks` are reached whatever kind of address they have. `http_setting` and `networks_setting` are what a refusal
    names as the setting to change, such as "HOOKS_HTTP=true" and "HOOKS_ALLOW"; if they are empty, it names none.
    """

    http: bool = False
    networks: tuple[Network, ...] = ()
    http_setting: str = ""
    networks_setting: str = ""


class Deadline:
    """The moment by which everything has to be done, `seconds` from now."""

    __slots__ = ("_end", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self, doing: str) -> float:
        """Return the seconds left, which are more than 0, for what is being done.

        Raises:
            Failed: if none are left.

        """
        if (left := self._end - time.monotonic()) <= 0:
            raise self.missed(doing)
        return left

    def missed(self, doing: str) -> Failed:
        """Return the error of a missed deadline; `doing` is such as "connecting"."""
        return Failed(f"timed out after {self._seconds:g} s while {doing}")
