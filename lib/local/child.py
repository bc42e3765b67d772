"""A program as a child process, with a lifeline (lib.lifeline): it ends when its parent does, however that ended."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from typing import IO

from lib import heartbeat, lifeline

SILENT = 100  # looks, ten a second
_PAUSE = 0.05


class Child:
    """One program, started as often as need be, each time in a process group of its own."""

    def __init__(self, argv: Sequence[str], folder: Path, output: IO[bytes] | None = None) -> None:
        self._argv = argv
        self._folder = folder
        self._output = output
        self._process: subprocess.Popen[bytes] | None = None
        # Nobody ever writes. Only this process holds the writing end, so its death of any kind closes it.
        self._lifeline, self._held = Pipe(duplex=False)
        self._reader, self._writer = heartbeat.make_pipe()
        self._missed: int | None = None  # looks without a sign of life; None before the first one

    @property
    def pid(self) -> int:
        """The id of the present process; 0 before the first start."""
        return self._process.pid if self._process else 0

    def launch(self, environment: Mapping[str, str]) -> None:
        """Start it, after killing what the one before left."""
        self._clear()
        heartbeat.read_beats(self._reader.fileno())  # what the one before sent last
        self._missed = None
        lines = {lifeline.VARIABLE: self._lifeline.fileno(), heartbeat.VARIABLE: self._writer.fileno()}
        self._process = subprocess.Popen(
            self._argv,
            cwd=self._folder,
            env={**environment, **{name: str(line) for name, line in lines.items()}},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            pass_fds=list(lines.values()),
            process_group=0,
        )

    def alive(self) -> bool:
        """Tell whether it still runs."""
        if self._process is None or self._process.returncode is not None:
            return False
        # WNOWAIT leaves it a zombie: until _clear has ended its group, no other process can get that id.
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, options) is None

    def silent(self) -> bool:
        """Tell whether the last `SILENT` looks heard no sign of life (lib.heartbeat); to be asked ten times a second.

        Looks, and not time: while the machine was asleep, nobody looked. Before the first sign it is starting.
        """
        if heartbeat.read_beats(self._reader.fileno()):
            self._missed = 0
        elif self._missed is not None:
            self._missed += 1
        return self._missed is not None and self._missed >= SILENT

    def terminate(self) -> None:
        """Ask it to end, without waiting."""
        if self.alive():
            os.kill(self.pid, signal.SIGTERM)
            os.kill(self.pid, signal.SIGCONT)  # a stopped process would not hear

    def stop(self, *, patience: float) -> None:
        """Ask it to end; after `patience` seconds, kill it."""
        self.terminate()
        deadline = time.monotonic() + patience
        while self.alive() and time.monotonic() < deadline:
            time.sleep(_PAUSE)
        self._clear()

    def _clear(self) -> None:
        """Kill all of its group: workers that outlive their main process would share the port with the next."""
        if self._process is None or self._process.returncode is not None:
            return
        with suppress(ProcessLookupError, PermissionError):  # macOS: a group of zombies may not be signalled
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
