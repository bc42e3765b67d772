"""What short programs of the project say about it: how another one is doing, or where to go next."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from lib.hints import ADDRESS
from lib.local.postgres import cluster_of
from lib.local.project import Project
from lib.local.settings import Settings, program_environment, settings_of
from lib.local.state import running_state
from lib.local.terminal import LocalError

_SECONDS = 10  # for such a program, which on an idle machine takes one


def first_line(project: Project, argv: Sequence[str]) -> str:
    """Return the line in which a program says how another one is doing, or why that cannot be told."""
    try:
        done = _run(project, argv)
    except subprocess.TimeoutExpired:
        return f"unknown: no report within {_SECONDS} s"
    except (LocalError, OSError) as error:
        return f"unknown: {error}"
    if said := done.stdout.splitlines():
        return said[0]
    *_, cause = done.stderr.splitlines() or ["it said nothing"]
    return f"unknown: {cause.removeprefix('Error: ')}"


def all_lines(project: Project, argv: Sequence[str]) -> Sequence[str]:
    """Return what a program says, [] if it fails: what it says is not needed to go on."""
    try:
        done = _run(project, argv) if argv else None
    except (LocalError, OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.splitlines() if done and done.returncode == 0 else []


def environment_now(project: Project, settings: Settings) -> Mapping[str, str]:
    """Return the environment of the programs, with where the service listens if it runs."""
    cluster = None if settings.database_url else cluster_of(project)
    state = running_state(project.supervisor_lock)
    return {**({ADDRESS: state.address} if state else {}), **program_environment(project, settings, cluster)}


def _run(project: Project, argv: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *argv],
        cwd=project.root,
        env=environment_now(project, settings_of(project, os.environ)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
