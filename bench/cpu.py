"""CPU time from the operating system: of a process, of all that it started, and of those that have ended."""

import time

import psutil

SETTLE = 0.2  # seconds until what was under way is answered and ended processes are counted


def cpu_seconds(root: psutil.Process) -> float:
    """Return user and system time of a process and its descendants.

    Children that ended count through their parent, which waited for them: the backends of PostgreSQL do.
    """
    own = root.cpu_times()
    total: float = own.children_user + own.children_system
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue  # ended just now, so counted by its parent at the next look
        total += times.user + times.system
    return total


class Meter:
    """How much CPU time trees of processes took since it was made."""

    def __init__(self, *roots: psutil.Process) -> None:
        self._roots = roots
        self._before = self._now()

    def _now(self) -> list[float]:
        time.sleep(SETTLE)
        return [cpu_seconds(root) for root in self._roots]

    def read(self) -> list[float]:
        """Return the seconds that each tree took."""
        return [after - before for before, after in zip(self._before, self._now(), strict=True)]
