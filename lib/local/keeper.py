"""Keeps things alive, and tells in the log what it does."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

_FIRST_PAUSE, _MAX_PAUSE, _HEALTHY = 0.2, 2.0, 10.0  # seconds


@dataclass(slots=True)
class Keeper:
    """Keeps one thing alive: starts it again when it has ended, later and later if it ends at once each time."""

    name: str
    alive: Callable[[], bool]
    start: Callable[[], None]
    began: float = 0  # the last start; this and the others in seconds
    pause: float = 0
    due: float | None = None  # the next start, if it has ended

    def check(self, now: float) -> None:
        """Look once; a start that fails counts as an end."""
        try:
            if self.due is None and not self.alive():
                ends_at_once = self.pause and now - self.began < _HEALTHY
                self.pause = min(self.pause * 2, _MAX_PAUSE) if ends_at_once else _FIRST_PAUSE
                self.due = now + self.pause
                report(f"{self.name} has ended; starting it again in {self.pause:.1f} s")
            if self.due is not None and now >= self.due:
                self.began, self.due = now, None
                self.start()
        except Exception as error:  # noqa: BLE001 - giving up is never better than the next try
            report(f"{self.name} cannot be started or looked at: {error}")


def report(text: str) -> None:
    """Add a line to the log; a full disk must not end who is there to start things again."""
    with suppress(OSError):
        print(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} supervisor: {text}", flush=True)
