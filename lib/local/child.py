"""The service as a child process, with a lifeline: it ends when its parent does, however that ended."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.lifeline import VARIABLE

_PAUSE = 0.05


class Child:
    """One program, started as often as need be, each time in a process group of its own."""

    def __init__(self, argv: Sequence[str], folder: Path) -> None:
        self._argv = argv
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        # Nobody ever writes. Only this process holds the writing end, so its death of any kind closes it.
        self._lifeline, self._held = os.pipe()

    @property
    def pid(self) -> int:
        """The number of the present process; 0 before the first start."""
        return self._process.pid if self._process else 0

    def launch(self, environment: Mapping[str, str]) -> None:
        """Start it, after clearing away what the one before left."""
        self._clear()
        self._process = subprocess.Popen(
            self._argv,
            cwd=self._folder,
            env={**environment, VARIABLE: str(self._lifeline)},
            stdin=subprocess.DEVNULL,
            pass_fds=[self._lifeline],
            process_group=0,
        )

    def alive(self) -> bool:
        """Tell whether it still runs."""
        if self._process is None or self._process.returncode is not None:
            return False
        # WNOWAIT leaves it a zombie: until _clear has ended its group, no other process can get that number.
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, options) is None

    def terminate(self) -> None:
        """Ask it to end, without waiting."""
        if self.alive():
            os.kill(self.pid, signal.SIGTERM)
            os.kill(self.pid, signal.SIGCONT)  # a stopped process would not hear

    def stop(self, *, patience: float) -> None:
        """Ask it to end; after `patience` seconds, end it."""
        self.terminate()
        deadline = time.monotonic() + patience
        while self.alive() and time.monotonic() < deadline:
            time.sleep(_PAUSE)
        self._clear()

    def close(self) -> None:
        """Let go of the lifeline, which ends the process too."""
        os.close(self._held)
        os.close(self._lifeline)

    def _clear(self) -> None:
        """End all of its group: workers that outlive their main would share the port with the next."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: a group of zombies may not be signalled
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
