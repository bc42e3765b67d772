"""Runs a program as a child process that ends with its parent, however that ends (lib.lifeline)."""

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

MISSED = 100  # checks without a heartbeat after which a child is silent; there are ten a second
_PAUSE = 0.05  # seconds


class Child:
    """A program that can be launched again and again, each time as a process group of its own."""

    def __init__(self, argv: Sequence[str], folder: Path, output: IO[bytes] | None = None) -> None:
        self._argv = argv
        self._folder = folder
        self._output = output
        self._process: subprocess.Popen[bytes] | None = None
        # Only this process holds the writing end, so the pipe closes when it ends. Nothing is ever written.
        self._lifeline, self._lifeline_writer = Pipe(duplex=False)
        self._heartbeats, self._heartbeats_writer = heartbeat.make_pipe()
        self._missed: int | None = None  # checks since the last heartbeat; None before the first one
        self.launches = 0

    @property
    def pid(self) -> int:
        """The id of the latest process; 0 before the first launch."""
        return self._process.pid if self._process else 0

    def launch(self, environment: Mapping[str, str]) -> None:
        """Launch the program, after killing what is left of the process before."""
        self._clear()
        heartbeat.read_beats(self._heartbeats.fileno())  # the last ones of the process before
        self._missed = None
        self.launches += 1
        pipes = {
            lifeline.VARIABLE: self._lifeline.fileno(),
            heartbeat.VARIABLE: self._heartbeats_writer.fileno(),
        }
        self._process = subprocess.Popen(
            self._argv,
            cwd=self._folder,
            env={**environment, **{name: str(descriptor) for name, descriptor in pipes.items()}},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            pass_fds=list(pipes.values()),
            process_group=0,
        )

    def is_running(self) -> bool:
        """Return whether the process runs."""
        if self._process is None or self._process.returncode is not None:
            return False
        # WNOWAIT leaves a zombie, so no other process can get its id before _clear has killed its group.
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, options) is None

    def check_silence(self) -> bool:
        """Return whether the process has missed MISSED heartbeats (lib.heartbeat); to be called ten times a second.

        It counts checks, not seconds: while the machine was asleep, nothing was checked either. Before its first
        heartbeat a process is starting, and not silent.
        """
        if heartbeat.read_beats(self._heartbeats.fileno()):
            self._missed = 0
        elif self._missed is not None:
            self._missed += 1
        return self._missed is not None and self._missed >= MISSED

    def terminate(self) -> None:
        """Send SIGTERM, without waiting for the end."""
        if self.is_running():
            os.kill(self.pid, signal.SIGTERM)
            os.kill(self.pid, signal.SIGCONT)  # a stopped process would not handle the signal

    def stop(self, *, grace: float) -> None:
        """Send SIGTERM, and kill the process group after `grace` seconds."""
        self.terminate()
        deadline = time.monotonic() + grace
        while self.is_running() and time.monotonic() < deadline:
            time.sleep(_PAUSE)
        self._clear()

    def _clear(self) -> None:
        """Kill the process group: workers that outlive their main process would share the port with the next."""
        if self._process is None or self._process.returncode is not None:
            return
        with suppress(ProcessLookupError, PermissionError):  # macOS permits no signal to a group of zombies
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
