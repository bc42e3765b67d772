"""Runs programs one after the other, with a line of progress for each and their output in a log."""

import os
import subprocess
import time
from pathlib import Path

LOG = Path("var/log/install.log")
_MARK = "$ "  # begins the line of a command in the log
# Variables that would make a tool install elsewhere, or other packages than the lock's. The user's settings of where
# packages come from, how that place is reached and how long it may take are kept.
_PYTHON_REDIRECTS = ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV")
_PIP_REDIRECTS = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_CONSTRAINT", "PIP_REQUIREMENT", "PIP_PYTHON")
_UV_KEPT = ("UV_CACHE_DIR", "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES", "UV_LINK_MODE", "UV_SYSTEM_CERTS")


class InstallError(Exception):
    """One line: what is missing, and what to do next."""


def _is_kept(name: str) -> bool:
    if name.startswith("UV_"):
        return name in _UV_KEPT
    return name not in _PYTHON_REDIRECTS + _PIP_REDIRECTS


def clean_environment() -> "dict[str, str]":
    """Return the environment without variables that would redirect an installation."""
    return {name: value for name, value in os.environ.items() if _is_kept(name)}


def begin_log() -> None:
    """Create the log, or empty it."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.write_bytes(b"")
    LOG.chmod(0o640)  # as all logs: they say who did what


def last_output() -> str:
    """Return what the last command in the log printed."""
    text = LOG.read_bytes().decode("utf-8", "replace")
    return text[text.rfind("\n" + _MARK) + 1 :]


def run_logged(argv: "list[str]") -> bool:
    """Run a program and append its output to the log; return whether it succeeded."""
    with LOG.open("ab") as log:
        log.write(("\n" + _MARK + " ".join(argv) + "\n").encode())
        log.flush()
        return subprocess.run(argv, stdout=log, stderr=log, env=clean_environment(), check=False).returncode == 0


def step(title: str, argv: "list[str]") -> bool:
    """Run a program and print a line of progress; return whether it succeeded."""
    began = time.monotonic()
    print(title, end=" ... ", flush=True)
    success = run_logged(argv)
    print(f"{time.monotonic() - began:.1f} s" if success else "failed", flush=True)
    return success
