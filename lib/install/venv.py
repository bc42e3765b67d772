"""The virtual environment: what it requires of this machine, whether it is usable, and how it is made."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from lib.install.causes import NEEDED_MB, failure
from lib.install.steps import InstallError, step

OLDEST = (3, 11)
VENV = Path(".venv")
PYTHON = VENV / "bin/python"
# Exists while packages are installed: a later run that finds it knows that an earlier one was killed.
UNFINISHED = VENV / "unfinished"
CLOSED = "{} is closed to you: run this as the user who made it, or in a checkout of your own"


def check_python(version: "tuple[int, ...]", retry: str) -> None:
    """Refuse a Python that is too old for the service; `retry` is the command that uses a newer one."""
    if version < OLDEST:
        needed, found = ".".join(map(str, OLDEST)), ".".join(map(str, version))
        raise InstallError(f"Python {needed} or newer is required, this is {found}: {retry}")


def check_modules() -> None:
    """Refuse a Python without venv, as Debian ships it."""
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise InstallError(f"this Python lacks its module {module}: apt install python3-venv (Debian, Ubuntu)")


def check_disk(free_bytes: int) -> None:
    """Refuse to begin an installation that will not fit on the disk."""
    free = free_bytes // 2**20
    if free < NEEDED_MB:
        raise InstallError(f"disk full: {NEEDED_MB} MB are required here, {free} MB are free: free some and try again")


def usable_venv() -> bool:
    """Return whether `.venv` is complete and was made with a Python of this version that still exists.

    Refuses a `.venv` that we may not enter, because it is another user's.
    """
    if UNFINISHED.exists():
        return False
    question = "import sys, pip; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run(  # the timeout, because the interpreter may hang on a dead network mount
            [str(PYTHON), "-I", "-c", question], capture_output=True, timeout=30, check=False
        )
    except PermissionError:
        raise InstallError(CLOSED.format(VENV)) from None
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.stdout.split() == [str(number).encode() for number in sys.version_info[:2]]


def make_venv(*, with_pip: bool) -> None:
    """Replace `.venv` by a new one."""
    # Not by `venv --clear`, which keeps the old files if .venv is a link or an incomplete folder.
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    shutil.rmtree(str(VENV), ignore_errors=True)
    options = [] if with_pip else ["--without-pip"]
    if not step("Making .venv", [sys.executable, "-m", "venv", *options, str(VENV)]):
        raise failure("making .venv")
