"""The command `start` for any instance: a further one gets a free port, and is filled when it starts first."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from lib.local.ports import free_port_above
from lib.local.project import Project
from lib.local.reports import environment_now
from lib.local.settings import Settings
from lib.local.starting import start
from lib.local.state import hold_lock, is_locked, running_state
from lib.local.stopping import stop_one
from lib.local.terminal import LocalError, make, say
from lib.local.without_packages import remove

_LOCK_SECONDS = 120  # for another start, which may be filling
_END_SECONDS = 10


def begin(project: Project, settings: Settings) -> int:
    """Start an instance unless it runs, and return when it answers: the exit status. Raises `LocalError`."""
    if project.own is None:
        return start(project, settings)
    lock = project.var.with_name(f"{project.own.name}.lock")  # outside its folder, which may have to be removed
    if is_locked(lock):
        say(f"Another start of {project.own.name} is in progress; waiting for it.")
    with hold_lock(lock, seconds=_LOCK_SECONDS):
        return _begin_further(project, settings, project.own.fill, project.own.greeting)


def _begin_further(project: Project, settings: Settings, fill: Sequence[str], greeting: Sequence[str]) -> int:
    began, filled = time.monotonic(), project.var / "filled"
    if fill and not filled.exists():
        _forget(project)  # of a start that was killed
    status = start(project, settings if running_state(project.supervisor_lock) else _with_port(project, settings))
    if status == 0 and fill and not filled.exists():
        _fill(project, settings, fill)
        filled.touch()
        say(f"Filled and ready after {time.monotonic() - began:.0f} s.")
    if status == 0 and greeting and (failed := _run(project, settings, greeting)):
        raise LocalError(f"the service runs, but {greeting[-1]} ended with {failed}")
    return status


def _with_port(project: Project, settings: Settings) -> Settings:
    """Return the settings with a free port above that of the checkout's own instance."""
    first = running_state(replace(project, own=None).supervisor_lock)
    port = free_port_above(settings.host, (first and urlsplit(first.address).port) or settings.port)
    return replace(settings, port=port, environment={**settings.environment, "PORT": str(port)})


def _fill(project: Project, settings: Settings, fill: Sequence[str]) -> None:
    """Fill a new instance; if that is interrupted or fails, nothing of the instance is left. Raises `LocalError`."""
    failed = True
    try:
        failed = _run(project, settings, fill) != 0
    finally:
        if failed:
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not interrupt this
            _forget(project)
            signal.signal(signal.SIGINT, before)
    if failed:
        raise LocalError(f"it could not be filled, so its data was removed: {make(project.target)} starts over")


def _forget(project: Project) -> None:
    """Stop an instance and remove its data; its logs are kept until the next start, to see what was wrong."""
    stop_one(project)
    kept = _logs_of(project)
    remove(project)
    for file, content in kept.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _logs_of(project: Project) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in project.logs.glob("*.log")}


def _run(project: Project, settings: Settings, argv: Sequence[str]) -> int:
    """Run a program of the project, and return its exit status; if this is interrupted, it ends as well."""
    program = subprocess.Popen(
        [sys.executable, *argv],
        cwd=project.root,
        env=environment_now(project, settings),
        stdin=subprocess.DEVNULL,
        process_group=0,  # the terminal's Ctrl-C reaches only this process, which ends that one
    )
    try:
        return program.wait()
    except BaseException:
        program.terminate()
        with suppress(subprocess.TimeoutExpired):
            program.wait(_END_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
        raise
