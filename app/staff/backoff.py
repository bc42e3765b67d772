"""How long somebody has to wait after wrong attempts to sign in (A70)."""

from dataclasses import dataclass
from datetime import timedelta

FORGOTTEN_AFTER = timedelta(days=1)  # without an attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff:
    """`free` attempts cost no wait; then each wait is twice the one before, from 1 s up to `longest` s."""

    free: int
    longest: int

    def wait(self, failures: int) -> int:
        """Return the seconds after the last of so many wrong attempts before which the next one is refused."""
        beyond = failures - self.free
        return min(2 ** min(beyond, self.longest.bit_length()), self.longest) if beyond >= 0 else 0


# By email address and network address together, by network address, by email address. An office may share a network
# address; and somebody who knows an email address must not be able to lock its owner out for long.
BOTH = BackOff(free=5, longest=900)
ADDRESS = BackOff(free=20, longest=300)
EMAIL = BackOff(free=100, longest=60)
