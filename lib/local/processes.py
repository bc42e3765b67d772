"""Looking at processes and ending them. A zombie has ended: only its parent has not looked yet."""

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

_PAUSE = 0.02


def alive(process: psutil.Process) -> bool:
    """Tell whether a process still runs: a stopped one does, not a zombie nor a later one of its number."""
    try:
        running: bool = process.is_running() and process.status() != psutil.STATUS_ZOMBIE

    except psutil.NoSuchProcess:
        return False
    return running


def find(pid: int) -> psutil.Process | None:
    """Find the process of that number, if it runs."""
    try:
        process = psutil.Process(pid)
    except (psutil.NoSuchProcess, OverflowError, ValueError):
        return None
    return process if alive(process) else None


def names_folder(process: psutil.Process, folder: Path) -> bool:
    """Tell whether a folder is among the arguments that a process was started with."""
    try:
        return str(folder) in process.cmdline()
    except psutil.Error:
        return False


def users_of(folder: Path) -> list[psutil.Process]:
    """Find the processes that work in a folder or were started with it as an argument."""
    return [process for process in psutil.process_iter() if alive(process) and _uses(process, folder)]


def _uses(process: psutil.Process, folder: Path) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        if process.cwd() == str(folder):
            return True
    return names_folder(process, folder)


def group_of(process: psutil.Process) -> int | None:
    """Read the process group of a process; None when it is gone."""
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None


def gone(processes: Iterable[psutil.Process], *, seconds: float) -> bool:
    """Wait until none of the processes runs; False when some still do after `seconds`."""
    # psutil.wait_procs is no help: it waits for zombies whose parent never looks, as in many containers.
    deadline = time.monotonic() + seconds
    left = [process for process in processes if alive(process)]
    while left and time.monotonic() < deadline:
        time.sleep(_PAUSE)
        left = [process for process in left if alive(process)]
    return not left


def kill(processes: Iterable[psutil.Process]) -> None:
    """End the processes at once."""
    victims = list(processes)
    for process in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    gone(victims, seconds=5)
