"""The commands that must work after an installation that failed: with the standard library alone."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lib.install.venv import UNFINISHED, VENV
from lib.local.errors import LocalError
from lib.local.hints import make
from lib.local.project import Project
from lib.local.state import running_state
from lib.local.terminal import say

NOT_RUNNING = 3  # as the status of a service that does not run is told on Linux
_STOP_SECONDS = 45
_PAUSE = 0.1


def do(project: Project, arguments: Sequence[str], missing: str) -> int:
    """Do a command as far as that goes without packages, `missing` being the module that is not there."""
    say(f"The installation here is not whole ({missing} is missing): {make('start')} mends it.")
    if Path(sys.prefix) == Path.cwd() / VENV:  # by its stamps it is whole, and a start would mend nothing
        with suppress(OSError):
            UNFINISHED.touch()
            for stamp in VENV.glob("*.stamp"):
                stamp.unlink()
    commands = {"status": status, "stop": stop, "clean": clean}
    return commands[arguments[0]](project) if arguments and arguments[0] in commands else 1


def status(project: Project) -> int:
    """Tell whether a service runs that was started before: 0 when it does, else 3."""
    state = running_state(project.supervisor_lock)
    print(f"service     at {state.address} (supervisor {state.pid})" if state else "service     not running")
    return 0 if state else NOT_RUNNING


def stop(project: Project) -> int:
    """Stop the supervisor, which ends its programs and PostgreSQL; raises `LocalError` where something goes on."""
    state = running_state(project.supervisor_lock)
    if state is not None:
        with suppress(ProcessLookupError):
            os.kill(state.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while running_state(project.supervisor_lock):
            if time.monotonic() > deadline:
                raise LocalError(f"the supervisor does not end: kill {state.pid}, then do the same again")
            time.sleep(_PAUSE)
    for parent in (project.var, project.outside):
        if postgres := _running_postgres(parent / "postgres/data/postmaster.pid"):
            mend = f"{make('start')} mends it, then {make('stop')} ends it"
            raise LocalError(f"PostgreSQL still runs here (pid {postgres}): {mend}")
    say("Stopped; the data stays." if state else "Nothing is running.")
    return 0


def _running_postgres(file: Path) -> int | None:
    with suppress(FileNotFoundError, ValueError, ProcessLookupError):
        pid = int(file.read_text().splitlines()[0])
        with suppress(PermissionError):
            os.kill(pid, 0)
        return pid
    return None


def clean(project: Project) -> int:
    """Stop what runs, then remove the data and the logs; raises `LocalError` where something does not end."""
    stop(project)
    remove(project)
    return 0


def remove(project: Project) -> None:
    """Remove all that a run left."""
    for folder in (project.var, project.outside):
        if folder.exists():
            shutil.rmtree(folder)
