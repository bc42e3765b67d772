"""The commands that must work after a failed installation; they use the standard library only."""

import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lib.install.venv import UNFINISHED, VENV
from lib.local.project import Project
from lib.local.state import running_state, stop_supervisor
from lib.local.terminal import LocalError, make, say

NOT_RUNNING = 3  # the exit status of `status` for a service that does not run, as on Linux


def execute(project: Project, arguments: Sequence[str], missing: str) -> int:
    """Execute a command if it needs no packages, and return the exit status; `missing` is a module that is missing."""
    say(f"The installation here is incomplete ({missing} is missing): {make('start')} repairs it.")
    if Path(sys.prefix) == Path.cwd() / VENV:  # its stamps say that it is complete, so `make start` would skip it
        with suppress(OSError):
            UNFINISHED.touch()
            for stamp in VENV.glob("*.stamp"):
                stamp.unlink()
    commands = {"status": status, "stop": stop, "clean": clean}
    return commands[arguments[0]](project) if arguments and arguments[0] in commands else 1


def status(project: Project) -> int:
    """Print whether the service runs; return 0 if it does, else 3."""
    state = running_state(project.supervisor_lock)
    print(f"service     at {state.address} (supervisor {state.pid})" if state else "service     not running")
    return 0 if state else NOT_RUNNING


def stop(project: Project) -> int:
    """Stop the supervisor, which stops its programs and PostgreSQL; raises `LocalError` if something still runs."""
    everything = (*project.further(), project)
    stopped = [stop_supervisor(each.supervisor_lock) for each in everything]
    for parent in (folder for each in everything for folder in (each.var, each.outside)):
        if postgres := _running_postgres(parent / "postgres/data/postmaster.pid"):
            repair = f"{make('start')} repairs the installation, then {make('stop')} ends it"
            raise LocalError(f"PostgreSQL still runs here (pid {postgres}): {repair}")
    say("Stopped; the data stays." if any(stopped) else "Nothing is running.")
    return 0


def _running_postgres(file: Path) -> int | None:
    with suppress(FileNotFoundError, ValueError, ProcessLookupError):
        pid = int(file.read_text().splitlines()[0])
        with suppress(PermissionError):
            os.kill(pid, 0)
        return pid
    return None


def clean(project: Project) -> int:
    """Stop what runs, then remove the data and the logs; raises `LocalError` if something still runs."""
    stop(project)
    for each in (*project.further(), project):
        remove(each)
    return 0


def remove(project: Project) -> None:
    """Remove everything that the runner has written."""
    for folder in (project.var, project.outside):
        if folder.exists():
            shutil.rmtree(folder)
