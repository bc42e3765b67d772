"""Looking at processes and ending them. A zombie has ended: only its parent has not looked yet."""

import contextlib
import time
from collections.abc import Collection, Iterable, Sequence
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


def programs_in(folder: Path, names: Collection[str]) -> list[psutil.Process]:
    """Find the processes of some programs that work in a folder or were started with it as an argument.

    Which program it is, is told by the file that it runs, and not by what it calls itself: an editor, a shell or a
    backup may name a folder as well. It runs as the owner of the folder, or is none of ours.
    """
    try:
        owner = folder.stat().st_uid
    except OSError:
        return []
    return [each for each in psutil.process_iter() if alive(each) and _runs(each, names, owner) and _uses(each, folder)]


def _runs(process: psutil.Process, names: Collection[str], owner: int) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        # A program that was replaced on disk meanwhile is "/folder/postgres (deleted)".
        return process.uids().real == owner and Path(process.exe().removesuffix(" (deleted)")).name in names
    return False


def _uses(process: psutil.Process, folder: Path) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        if process.cwd() == str(folder):
            return True
    return names_folder(process, folder)


def with_arguments(arguments: Sequence[str]) -> list[psutil.Process]:
    """Find the processes of this user whose arguments begin with these, whatever runs them."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cmdline()[1 : len(arguments) + 1] == list(arguments) and alive(process):
                found.append(process)
    return found


def has_variable(process: psutil.Process, name: str, value: str) -> bool:
    """Tell whether a process was started with this variable in its environment, by whoever knew the value."""
    with contextlib.suppress(psutil.Error, OSError):
        return bool(value) and process.environ().get(name) == value
    return False


def with_variable(name: str, value: str) -> list[psutil.Process]:
    """Find the processes that were started with this variable in their environment."""
    return [each for each in psutil.process_iter() if alive(each) and has_variable(each, name, value)]


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
