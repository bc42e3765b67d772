"""Who works in a folder or names it, ours or not: what is left behind is seen, whatever it is."""

import contextlib
from pathlib import Path

import psutil

from lib.local.processes import is_running


def users_of(folder: Path) -> list[psutil.Process]:
    """Find all that work in a folder or were started with it as an argument."""
    return [each for each in psutil.process_iter() if is_running(each) and _uses(each, str(folder))]


def _uses(process: psutil.Process, folder: str) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        return process.cwd() == folder or folder in process.cmdline()
    return False
