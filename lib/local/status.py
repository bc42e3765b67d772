"""The command `status`: what runs, how it is doing, where it listens, and where its data and logs are."""

import os
from collections.abc import Iterator

import psutil

from lib.database_url import masked_url
from lib.local.postgres import cluster_of
from lib.local.processes import is_running
from lib.local.project import Project
from lib.local.reports import first_line
from lib.local.settings import settings_of
from lib.local.state import State, running_state
from lib.local.terminal import LocalError
from lib.local.without_packages import NOT_RUNNING

Line = tuple[str, str]


def status(project: Project) -> int:
    """Print what runs, where it listens and where its data and logs are; return 0 if the service runs, else 3."""
    state = running_state(project.supervisor_lock)
    lines = [("service", f"at {state.address}" if state else "not running")]
    if state is not None:
        lines += _program_lines(project, state)
    lines += _database_lines(project)
    lines += [("log file", str(path)) for path in sorted(project.logs.glob("*.log"))]
    lines += [("older log", str(path)) for path in sorted(project.logs.glob("*.log.1"))]
    for each in project.further():
        if running := running_state(each.supervisor_lock):
            lines.append((each.own.name if each.own else "", f"at {running.address} (supervisor {running.pid})"))
    for title, text in lines:
        print(f"{title:<12}{text}")
    return 0 if state else NOT_RUNNING


def _program_lines(project: Project, state: State) -> Iterator[Line]:
    programs = (f", {name} {_process(*process)}" for name, process in state.programs.items())
    yield "pids", f"supervisor {state.pid}{''.join(programs)}"
    for name, argv in project.reports.items():
        if name in state.programs:
            yield name, first_line(project, argv)


def _process(pid: int, starts: int) -> str:
    runs = pid != 0 and psutil.pid_exists(pid) and is_running(psutil.Process(pid))
    return f"{pid if runs else 'not running'} (starts: {starts})"


def _database_lines(project: Project) -> list[Line]:
    errors = []
    try:
        url = settings_of(project, os.environ).database_url
        if url:
            return [("database", f"{masked_url(url)} (DATABASE_URL)")]
    except LocalError as error:
        errors = [("settings", str(error))]
    cluster = cluster_of(project)
    if not cluster.home.exists():
        return [*errors, ("database", "none yet")]
    binaries = cluster.binaries()
    return [
        *errors,
        ("database", masked_url(cluster.service_url) if cluster.is_running() else "not running"),
        ("data folder", str(cluster.data)),
        ("programs", f"{binaries.folder} (PostgreSQL {binaries.major})"),
    ]
