"""Looking at processes and ending them. A zombie has ended: only its parent has not looked yet."""

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

_PAUSE = 0.02


def alive(process: psutil.Process) -> bool:
    """Tell whether a process still runs: a stopped one does, not a zombie nor a later one of its number."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def postgres_in(data: Path) -> list[psutil.Process]:
    """Find the programs of PostgreSQL that work on a data folder."""
    return [process for process in psutil.process_iter() if works_in(data, process)]


def works_in(data: Path, process: psutil.Process) -> bool:
    """Tell whether a process is a PostgreSQL in its data folder, by the file that it runs: others may stand there."""
    with suppress(psutil.Error, OSError):
        # A program that was replaced on disk meanwhile is "/folder/postgres (deleted)".
        runs = Path(process.exe().removesuffix(" (deleted)")).name
        return runs == "postgres" and process.cwd() == str(data) and alive(process)
    return False


def with_variable(name: str, value: str) -> list[psutil.Process]:
    """Find the processes that were started with this variable in their environment, by whoever knew its value."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if value and process.environ().get(name) == value and alive(process):
                found.append(process)
    return found


def gone(processes: Iterable[psutil.Process], *, seconds: float) -> bool:
    """Wait until none of the processes runs; False when some still do after `seconds`."""
    # psutil.wait_procs is no help: it waits for zombies whose parent never looks, as in many containers.
    left, deadline = list(processes), time.monotonic() + seconds
    while left := [process for process in left if alive(process)]:
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True


def end(processes: Iterable[psutil.Process], *, after: float) -> None:
    """Wait for processes that are ending; kill those that still run after so many seconds."""
    victims = list(processes)
    if not gone(victims, seconds=after):
        for process in victims:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        gone(victims, seconds=5)
