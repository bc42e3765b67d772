"""Finds the processes that work in a folder or name it, whoever started them: nothing left behind is missed."""

import contextlib
import os
from pathlib import Path

import psutil

from lib.local.postgres import cluster_of
from lib.local.processes import is_running
from lib.local.project import Project


def users_of(folder: Path) -> list[psutil.Process]:
    """Find the processes that work in a folder or were started with it as an argument."""
    return [each for each in psutil.process_iter() if is_running(each) and _uses(each, str(folder))]


def left_by(project: Project) -> list[psutil.Process]:
    """Find the processes of a checkout, except this test itself, which works in its folder."""
    found = users_of(project.root) + users_of(cluster_of(project).data)
    return [process for process in found if process.pid != os.getpid()]


def _uses(process: psutil.Process, folder: str) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        return process.cwd() == folder or folder in process.cmdline()
    return False
