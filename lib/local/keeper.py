"""Keeps something running: starts it again when it has ended, and logs that."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

_FIRST_PAUSE, _MAX_PAUSE, _HEALTHY = 0.2, 2.0, 10.0  # seconds


@dataclass(slots=True)
class Keeper:
    """Keeps one thing running; if it ends soon after each start, the pauses between the starts double."""

    name: str
    works: Callable[[], bool]
    start: Callable[[], None]
    began: float = 0  # the time of the last start; this and the others in seconds
    pause: float = 0
    due: float | None = None  # the time of the next start; None while the thing runs

    def check(self, now: float) -> None:
        """Check whether it works, and start it if that is due; a start that fails counts as an end."""
        try:
            if self.due is None and not self.works():
                ended_soon = self.pause and now - self.began < _HEALTHY
                self.pause = min(self.pause * 2, _MAX_PAUSE) if ended_soon else _FIRST_PAUSE
                self.due = now + self.pause
                report(f"{self.name} has ended; starting it again in {self.pause:.1f} s")
            if self.due is not None and now >= self.due:
                self.began, self.due = now, None
                self.start()
        except Exception as error:  # noqa: BLE001 - the next try is better than giving up
            report(f"{self.name} cannot be started or checked: {error}")


def report(text: str) -> None:
    """Write a line to the supervisor's log, its standard output; a full disk is ignored."""
    with suppress(OSError):
        # As one string, since two threads write: print would write the line break on its own.
        print(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} supervisor: {text}\n", end="", flush=True)
