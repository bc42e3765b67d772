"""A worker as a process of its own, endpoints for it to tell, and what waits in its outbox."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import psutil

from bench.database import run
from bench.errors import BenchError
from bench.servers import ROOT
from lib.derived_secrets import name_of
from lib.local.child import Child
from lib.local.log_files import last_lines

_KEY = "a key for the measurement of alerts"
_START_SECONDS, _STOP_SECONDS = 30, 30
_LOOK = 0.25  # seconds between two looks at the outbox
_TO_A_FILE = ["/bin/sh", "-c", 'log=$1; shift; exec "$@" >"$log" 2>&1', "sh"]
_WAITING = "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(made_at)), 0)::float FROM outbox"
_ADD = """
    INSERT INTO endpoint (name, url, format, per_second, key, made_by)
    VALUES (%(url)s, %(url)s, 'standard', 1000, %(key)s, 'bench') RETURNING id
"""
_ENABLE = "UPDATE endpoint SET state = CASE WHEN id = ANY (%(ids)s) THEN 'enabled' ELSE 'paused' END, hold_until = NULL"
_DUE = "SELECT count(*) FROM delivery WHERE state = 'due' AND endpoint_id = ANY (%(ids)s)"
_DROP = "UPDATE delivery SET state = 'dropped', lease_until = NULL, done_at = now() WHERE state = 'due'"


@contextmanager
def working(name: str, database_url: str, folder: Path) -> Iterator[psutil.Process]:
    """Run a worker as long as the context lasts, its output going to a file in the folder.

    Raises:
        BenchError: it did not start.

    """
    log = folder / f"{name}.log"
    command = [sys.executable, "-m", "flask", "--app", "app", "work"]
    child = Child([*_TO_A_FILE, str(log), *command], folder)
    environment = {"DATABASE_URL": database_url, "PYTHONPATH": str(ROOT), "LOG_FORMAT": "json", "WEBHOOK_KEY": _KEY}
    try:
        child.launch({**os.environ, **environment, "WEBHOOK_HTTP": "true", "WEBHOOK_ALLOW": "127.0.0.0/8"})
        limit = time.monotonic() + _START_SECONDS
        while not (log.exists() and "worker started" in log.read_text()):
            if not child.is_running() or time.monotonic() > limit:
                raise BenchError("\n".join(["the worker did not start:", *last_lines(log, 20)]))
            time.sleep(0.05)
        yield psutil.Process(child.pid)
    finally:
        child.stop(grace=_STOP_SECONDS)


def add_endpoints(database_url: str, urls: Sequence[str]) -> list[int]:
    """Add endpoints that are told of everything, as fast as they take it; return their ids."""
    values = [{"url": url, "key": name_of(_KEY)} for url in urls]
    return [run(database_url, _ADD, each)[0][0] for each in values]


def enable(database_url: str, ids: Sequence[int]) -> None:
    """Drop what is due to any endpoint, and let only these be told from now on."""
    run(database_url, _DROP)
    run(database_url, _ENABLE, {"ids": [*ids]})


def waiting(database_url: str) -> tuple[int, float]:
    """Return how many notes wait in the outbox, and for how many seconds the oldest does."""
    [(notes, oldest)] = run(database_url, _WAITING)
    return notes, oldest


def drained_after(database_url: str, patience: float) -> float | None:
    """Return after how many seconds the outbox was empty; None if it was not in time."""
    began = time.monotonic()
    while waiting(database_url)[0]:
        if time.monotonic() - began > patience:
            return None
        time.sleep(0.05)
    return time.monotonic() - began


def settled(database_url: str, ids: Sequence[int], patience: float) -> None:
    """Wait until all notes are numbered and nothing is due to these endpoints.

    Raises:
        BenchError: something was after the patience.

    """
    limit = time.monotonic() + patience
    while waiting(database_url)[0] or run(database_url, _DUE, {"ids": [*ids]}) != [(0,)]:
        if time.monotonic() > limit:
            raise BenchError(f"not all was delivered after {patience:.0f} s")
        time.sleep(0.05)


class Lag:
    """The greatest number of notes and the greatest age of one that was seen, in seconds."""

    def __init__(self) -> None:
        self.notes, self.seconds = 0, 0.0

    @contextmanager
    def watched(self, database_url: str) -> Iterator[None]:
        """Look as long as the context lasts."""
        over = Event()

        def look() -> None:
            while not over.wait(_LOOK):
                notes, oldest = waiting(database_url)
                self.notes, self.seconds = max(self.notes, notes), max(self.seconds, oldest)

        thread = Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
