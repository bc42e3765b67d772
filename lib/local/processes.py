"""Finds processes and ends them. A zombie counts as ended: only its parent has not read its exit status yet."""

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "LOCAL_RUN"  # in the environment of each program: the checkout, or its further instance, that started it
_LEFTOVER_SECONDS = 3
_PAUSE = 0.02


def is_running(process: psutil.Process) -> bool:
    """Return whether a process runs; a stopped one does, a zombie or another process with the same id does not."""
    with suppress(psutil.NoSuchProcess):
        if process.is_running():
            # The main thread may end before the others, which keep the process's sockets open.
            return bool(process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    return False


def postgres_in(data: Path) -> list[psutil.Process]:
    """Return the PostgreSQL processes of a data folder."""
    return [process for process in psutil.process_iter() if is_postgres_in(data, process)]


def is_postgres_in(data: Path, process: psutil.Process) -> bool:
    """Return whether a process is a PostgreSQL on this data folder, which is then its current folder."""
    with suppress(psutil.Error, OSError):
        # If the file was replaced since the start, Linux calls it "/folder/postgres (deleted)".
        executable = Path(process.exe().removesuffix(" (deleted)")).name
        return executable == "postgres" and process.cwd() == str(data) and is_running(process)
    return False


def wait_for_end(processes: Iterable[psutil.Process], *, seconds: float) -> bool:
    """Wait until all processes have ended; return False if some still run after `seconds`."""
    # psutil.wait_procs would also wait for zombies, which stay if nobody reads their status, as in many containers.
    left, deadline = list(processes), time.monotonic() + seconds
    while left := [process for process in left if is_running(process)]:
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True


def kill_after(processes: Iterable[psutil.Process], *, seconds: float) -> None:
    """Wait until all processes have ended; kill those that still run after `seconds`."""
    processes = list(processes)
    if not wait_for_end(processes, seconds=seconds):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        wait_for_end(processes, seconds=5)


def kill_leftovers(mark: str) -> None:
    """Kill the programs of a project whose supervisor was killed, if they are stuck; otherwise they end by themselves.

    They are found by MARK, whose value is the project's `mark`: another process may have the ids that the supervisor
    wrote down.
    """
    leftovers = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark:
                leftovers.append(process)
    kill_after(leftovers, seconds=_LEFTOVER_SECONDS)
