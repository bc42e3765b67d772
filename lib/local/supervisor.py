"""The process in the background that starts PostgreSQL and the programs, and keeps them alive until it is stopped.

Started by `start` as `python -m lib.local.supervisor`, detached. Until all is ready its standard error is that of
`start`, then the log; its standard input names the address of the database's owner.
"""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import BinaryIO

from lib.local.child import Child
from lib.local.errors import LocalError
from lib.local.keeper import Keeper, report
from lib.local.log_files import last_lines, open_log, shorten
from lib.local.ports import reserve_port
from lib.local.postgres import cluster_of
from lib.local.project import Project, read_project
from lib.local.service import GRACE_SECONDS, MARK, OTHER_RUNS, STOPPED, answers, stop_supervisor
from lib.local.settings import Settings, owner_environment, program_environment, read_settings
from lib.local.state import HeldByAnother, State, exclusive, last_state, lost, write_state
from lib.local.terminal import say, step

_LOCK_SECONDS = 2  # those who ask whether it is held hold it for a moment
_READY_SECONDS = 30
_FAILED_STARTS = 4
_LINES = 15
_LOOK = 0.1


class Supervisor:
    """Runs the programs of a project, and PostgreSQL unless DATABASE_URL names another.

    `lock` is the open file of its lock, in which it writes what runs; `log` is for the programs.
    """

    def __init__(self, project: Project, settings: Settings, lock: int, log: BinaryIO) -> None:
        self._project = project
        self._settings = settings
        self._lock = lock
        self._cluster = None if settings.database_url else cluster_of(project)
        programs = project.programs.items()
        self._children = {name: Child([sys.executable, *argv], project.root, log) for name, argv in programs}
        self._starts = dict.fromkeys(self._children, 0)
        self._ready = False
        self._keepers = [
            Keeper(name, partial(self._works, name), partial(self._start, name)) for name in self._children
        ]
        if self._cluster is not None:
            self._keepers.append(Keeper("PostgreSQL", self._cluster.running, self._restart_database))
        self._write_state()

    def start(self) -> None:
        """Start all, and return when the service answers; raises `LocalError`."""
        if self._cluster is not None:
            with step("Starting PostgreSQL"):
                self._cluster.start()  # also when it runs, left by a killed run: it may still be recovering
        with step("Applying the migrations"):
            self._migrate()
        with step("Starting the service"):
            for name in self._children:
                self._start(name)
            self._wait_until_ready()
        self._ready = True
        self._write_state()

    def keep(self) -> None:
        """Keep all alive, until the checkout is gone or an exception ends this."""
        while not lost(self._lock, self._project.supervisor_lock):
            self._look()

    def end(self) -> None:
        """End the programs, and after them PostgreSQL."""
        self._ready = False
        self._write_state()
        report("stopping")
        for child in self._children.values():
            child.terminate()
        for child in self._children.values():
            child.stop(patience=GRACE_SECONDS)
        if self._cluster is not None:
            self._cluster.stop()
        report("stopped")

    def _look(self) -> None:
        time.sleep(_LOOK)
        for keeper in self._keepers:
            keeper.check(time.monotonic())
        shorten(self._project.service_log)
        shorten(self._project.postgres_log)

    def _migrate(self) -> None:
        """Apply the migrations to the database in use, as its owner."""
        path = self._project.logs / "migrate.log"
        argv = [sys.executable, *self._project.migrate]
        environment = {**self._environment(), **owner_environment(self._settings, self._cluster)}
        with open_log(path) as log:
            log.truncate(0)
            done = subprocess.run(argv, env=environment, stdout=log, stderr=log, check=False)
        if done.returncode != 0:
            raise LocalError("\n  ".join([f"the migrations failed; the end of {path}:", *last_lines(path, _LINES)]))

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not answers(self._settings.address + self._project.alive_path):
            if max(self._starts.values()) >= _FAILED_STARTS or time.monotonic() > deadline:
                path = self._project.service_log
                end = last_lines(path, _LINES)
                raise LocalError("\n  ".join([f"the service does not answer; the end of {path}:", *end]))
            self._look()

    def _works(self, name: str) -> bool:
        child = self._children[name]
        if child.alive() and child.silent():
            report(f"{name} gives no sign of life any more; killing it")
            return False
        return child.alive()

    def _start(self, name: str) -> None:
        self._children[name].launch(self._environment())
        self._starts[name] += 1
        self._write_state()

    def _environment(self) -> dict[str, str]:
        return program_environment(self._project, self._settings, self._cluster)

    def _write_state(self) -> None:
        programs = {name: (child.pid, self._starts[name]) for name, child in self._children.items()}
        mark, address = os.environ.get(MARK, ""), self._settings.address
        state = State(pid=os.getpid(), address=address, mark=mark, ready=self._ready, programs=programs)
        write_state(self._lock, state)

    def _restart_database(self) -> None:
        if self._cluster is not None:
            address = self._cluster.service_url
            self._cluster.start(anew=False)
            report("PostgreSQL runs again")
            if self._cluster.service_url != address:
                # Another program took its port meanwhile. The programs know only the former address.
                for child in self._children.values():
                    child.terminate()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Supervise the checkout in the present folder until it is stopped: 1 when something could not be started."""
    signal.signal(signal.SIGTERM, _interrupt)
    project = read_project(Path.cwd())
    try:
        with exclusive(project.supervisor_lock, seconds=_LOCK_SECONDS) as lock:
            return _supervise(project, lock)
    except HeldByAnother:
        return OTHER_RUNS


def _supervise(project: Project, lock: int) -> int:
    settings = read_settings(project.root, {**os.environ, **json.load(sys.stdin)})
    former = last_state(project.supervisor_lock)
    try:
        with open_log(project.service_log) as log:
            stop_supervisor(former)  # what is left of a killed one may hold the port
            supervisor = Supervisor(project, settings, lock, log)
            reserve_port(settings.host, settings.port)
            try:
                supervisor.start()
                os.dup2(log.fileno(), sys.stderr.fileno())
                supervisor.keep()
            finally:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is ending is not to be disturbed
                supervisor.end()
    except LocalError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return STOPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
