"""Keeps one thing alive: looks whether it still is, starts it again when it is not."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

_PAUSE = 0.1


@dataclass(slots=True)
class Backoff:
    """How long to wait before a next start: longer and longer for what dies at once. All in seconds."""

    first: float = 0.2
    longest: float = 2
    healthy: float = 10
    _next: float = 0

    def after(self, lived: float) -> float:
        """Tell how long to wait after the death of something that lived for so long."""
        if lived >= self.healthy or self._next == 0:
            self._next = self.first
        wait, self._next = self._next, min(self._next * 2, self.longest)
        return wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """One thing to keep alive: how to see that it lives, how to start it, where to tell of it."""

    name: str
    alive: Callable[[], bool]
    launch: Callable[[], None]
    report: Callable[[str], None]

    def keep(self, stop: Event) -> None:
        """Keep it alive until `stop` is set. A start that fails counts as a death."""
        backoff, began = Backoff(), time.monotonic()
        while not stop.wait(_PAUSE):
            if self._lives():
                continue
            wait = backoff.after(time.monotonic() - began)
            self.report(f"{self.name} has ended; starting it again in {wait:.1f} s")
            if stop.wait(wait):
                return
            self._try_launch()
            began = time.monotonic()

    def _lives(self) -> bool:
        try:
            return self.alive()
        except Exception as error:  # noqa: BLE001 - a look that fails is no death
            self.report(f"{self.name} cannot be looked at: {error!r}")
            return True

    def _try_launch(self) -> None:
        try:
            self.launch()
        except Exception as error:  # noqa: BLE001 - giving up is never better than the next try
            self.report(f"{self.name} did not start: {error}")
