"""The command `status`: what runs, how it is doing, where it listens, and where its data and logs are."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

import psutil

from lib.database_url import masked_url
from lib.local.postgres import cluster_of
from lib.local.processes import is_running
from lib.local.project import Project
from lib.local.settings import program_environment, read_settings
from lib.local.state import State, running_state
from lib.local.terminal import LocalError
from lib.local.without_packages import NOT_RUNNING

_REPORT_SECONDS = 10  # for the report of a program, which on an idle machine takes one

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
    for title, text in lines:
        print(f"{title:<12}{text}")
    return 0 if state else NOT_RUNNING


def _program_lines(project: Project, state: State) -> Iterator[Line]:
    programs = (f", {name} {_process(*process)}" for name, process in state.programs.items())
    yield "pids", f"supervisor {state.pid}{''.join(programs)}"
    for name, argv in project.reports.items():
        if name in state.programs:
            yield name, _report(project, argv)


def _process(pid: int, starts: int) -> str:
    runs = pid != 0 and psutil.pid_exists(pid) and is_running(psutil.Process(pid))
    return f"{pid if runs else 'not running'} (starts: {starts})"


def _report(project: Project, argv: Sequence[str]) -> str:
    """Return the line in which a program says how it is doing, or why that cannot be told."""
    try:
        settings = read_settings(project.root, os.environ)
        cluster = None if settings.database_url else cluster_of(project)
        done = subprocess.run(
            [sys.executable, *argv],
            cwd=project.root,
            env=program_environment(project, settings, cluster),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_REPORT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"unknown: no report within {_REPORT_SECONDS} s"
    except (LocalError, OSError) as error:
        return f"unknown: {error}"
    if said := done.stdout.splitlines():
        return said[0]
    *_, cause = done.stderr.splitlines() or ["it said nothing"]
    return f"unknown: {cause.removeprefix('Error: ')}"


def _database_lines(project: Project) -> list[Line]:
    errors = []
    try:
        url = read_settings(project.root, os.environ).database_url
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
