"""The service and the floor as processes of their own, with the settings of production."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench.errors import BenchError
from lib.local.child import Child
from lib.local.log_files import last_lines
from testkit.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
_HOST = "127.0.0.1"
_START_SECONDS = 30
_STOP_SECONDS = 12
_PAUSE = 0.05
# The shell only turns the output into a file, then becomes the server.
_TO_A_FILE = ["/bin/sh", "-c", 'log=$1; shift; exec "$@" >"$log" 2>&1', "sh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where it takes events, and its main process; the workers are the children of that."""

    url: str
    process: psutil.Process


@contextmanager
def serving(module: str, *, name: str, database_url: str, folder: Path) -> Iterator[Server]:
    """Run `python -m module` as long as the context lasts, its output going to a file in the folder.

    Raises:
        BenchError: it did not start.

    """
    port, log = free_port(), folder / f"{name}.log"
    # In a folder without .env: only the environment speaks, and what it leaves open is the default of production.
    child = Child([*_TO_A_FILE, str(log), sys.executable, "-m", module], folder)
    try:
        child.launch(_environment(database_url, port))
        _wait(child, f"http://{_HOST}:{port}/", name, log)
        yield Server(url=f"http://{_HOST}:{port}/event", process=psutil.Process(child.pid))
    finally:
        child.stop(grace=_STOP_SECONDS)


def _environment(database_url: str, port: int) -> Mapping[str, str]:
    ours = {"DATABASE_URL": database_url, "HOST": _HOST, "PORT": str(port), "PYTHONPATH": str(ROOT)}
    return {**os.environ, **ours, "LOG_FORMAT": "json", "LOG_LEVEL": "INFO", "LOG_FILE": ""}


def _wait(child: Child, url: str, name: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    with httpx.Client(trust_env=False, timeout=_START_SECONDS) as client:
        while child.is_running() and time.monotonic() < deadline:
            try:
                client.get(url)  # a 404 is an answer, too
            except httpx.TransportError:
                time.sleep(_PAUSE)
            else:
                return
    raise BenchError("\n".join([f"the {name} did not start:", *last_lines(log, 20)]))
