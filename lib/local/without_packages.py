"""The commands that must work after an installation that failed: with the standard library alone."""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lib.install.venv import UNFINISHED, VENV
from lib.local.errors import LocalError
from lib.local.hints import make
from lib.local.locks import held
from lib.local.project import Project, read_project
from lib.local.state import last_state
from lib.local.terminal import say

NOT_RUNNING = 3
_STOP_SECONDS = 45
_PAUSE = 0.1


def obey(arguments: Sequence[str], missing: str) -> int:
    """Do one command as far as that goes without packages, `missing` being the module that is not there."""
    say(f"The installation here is not whole ({missing} is missing): {make('start')} mends it.")
    _have_it_made_anew()
    try:
        return _COMMANDS.get(arguments[0] if arguments else "", _refuse)(read_project(Path.cwd()))
    except LocalError as error:
        say(f"error: {error}")
    return 1


def _have_it_made_anew() -> None:
    """Mark `.venv` as unfinished, if this is its Python: by its stamps it is whole, and a start would mend nothing."""
    if Path(sys.prefix) == Path.cwd() / VENV:
        with contextlib.suppress(OSError):
            UNFINISHED.touch()
            for stamp in VENV.glob("*.stamp"):
                stamp.unlink()


def _refuse(_: Project) -> int:
    return 1


def status(project: Project) -> int:
    """Tell whether a service runs that was started before: 0 when it does, else 3."""
    state = last_state(project.supervisor_lock) if held(project.supervisor_lock) else None
    print(f"service     at {state.address} (supervisor {state.pid})" if state else "service     not running")
    return 0 if state else NOT_RUNNING


def stop(project: Project) -> int:
    """Stop the supervisor, which ends its service and its PostgreSQL.

    Raises:
        LocalError: it does not end, or PostgreSQL runs without it.

    """
    lock = project.supervisor_lock
    state = last_state(lock) if held(lock) else None
    if state is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.pid, signal.SIGTERM)
        _wait_for_end(lock, state.pid)
    postgres = _postgres(project)
    if postgres is not None:
        mend = f"{make('start')} mends it, then {make('stop')} ends it"
        raise LocalError(f"PostgreSQL still runs here (pid {postgres}): {mend}")
    say("Stopped; the data stays." if state else "Nothing is running.")
    return 0


def clean(project: Project) -> int:
    """Stop what runs, then remove the data and the logs.

    Raises:
        LocalError: something does not end.

    """
    stop(project)
    for folder in (project.var, project.outside):
        if folder.exists():
            shutil.rmtree(folder)
    return 0


_COMMANDS: dict[str, Callable[[Project], int]] = {"status": status, "stop": stop, "clean": clean}


def _wait_for_end(lock: Path, pid: int) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while held(lock):
        if time.monotonic() > deadline:
            raise LocalError(f"the supervisor (pid {pid}) does not end: kill {pid}, then do the same again")
        time.sleep(_PAUSE)


def _postgres(project: Project) -> int | None:
    """Find the private PostgreSQL by the file that it keeps while it runs; None when there is no such process."""
    for parent in (project.var, project.outside):
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            pid = int((parent / "postgres/data/postmaster.pid").read_text().splitlines()[0])
            with contextlib.suppress(PermissionError):
                os.kill(pid, 0)
            return pid
    return None
