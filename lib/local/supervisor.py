"""The background process that starts PostgreSQL and the programs, and keeps them running until it is stopped.

`start` runs it as `python -m lib.local.supervisor`, in a session of its own. Standard input brings the variables with
the owner's address of the database. Standard error is that of `start` until the service answers, then the log.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import BinaryIO

from lib.local.child import Child
from lib.local.cluster import Cluster
from lib.local.keeper import Keeper, report
from lib.local.kept_secrets import keep_secrets
from lib.local.log_files import open_log, quoted_end, rotate
from lib.local.ports import reserve_port
from lib.local.postgres import cluster_of
from lib.local.processes import kill_leftovers
from lib.local.project import SERVICE, Project, this_project
from lib.local.service import responds
from lib.local.settings import Settings, owner_environment, program_environment, settings_of
from lib.local.state import STOP_SECONDS, LockHeld, State, hold_lock, is_removed, write_state
from lib.local.terminal import LocalError, say, step

OTHER_RUNS, STOPPED = 4, 5  # exit statuses: another supervisor runs, or a signal stopped this one
_GRACE_SECONDS = STOP_SECONDS - 30  # for the programs; the rest is for PostgreSQL
_LOCK_SECONDS = 2  # a command that checks the lock holds it for a moment
_READY_SECONDS = 30
_MAX_LAUNCHES = 4  # of the service, until it answers
_PERIOD = 0.1  # seconds between two checks


class Supervisor:
    """Runs a project's programs, and PostgreSQL unless DATABASE_URL names another.

    `lock` is the descriptor of the lock file, to which the state is written; `log` gets the programs' output.
    """

    def __init__(self, project: Project, settings: Settings, lock: int, log: BinaryIO) -> None:
        self._project = project
        self._settings = settings
        self._lock = lock
        programs = project.programs.items()
        self._children = {name: Child([sys.executable, *argv], project.root, log) for name, argv in programs}
        self._kept: list[Keeper] = []  # of the programs that were started
        self._ready = False
        self._write_state()  # early, because the file still names the supervisor before
        self._cluster = None if settings.database_url else cluster_of(project)
        self._stopping = threading.Event()
        self._address_changed = threading.Event()  # PostgreSQL has another port
        # A thread of its own, because PostgreSQL may take long to start: meanwhile the programs are kept running.
        self._database_keeper = threading.Thread(target=self._keep_database, args=[self._cluster], daemon=True)

    def start(self) -> None:
        """Start everything, and return when the service answers; raises `LocalError`.

        Programs beside it are started then, so they take no time from it. Whether they work changes nothing here.
        """
        if self._cluster is not None:
            with step("Starting PostgreSQL"):
                self._cluster.start()  # if a killed supervisor left it running, it may still be recovering
        with step("Applying the migrations"):
            self._migrate()
        if self._cluster is not None:
            self._database_keeper.start()
        with step("Starting the service"):
            self._keep_running(SERVICE)
            self._wait_until_ready()
        for name in self._children:
            if name != SERVICE:
                self._keep_running(name)
        self._ready = True
        self._write_state()

    def keep(self) -> None:
        """Keep everything running until the checkout is removed or a signal ends this."""
        while not is_removed(self._lock, self._project.supervisor_lock):
            self._check()

    def stop(self) -> None:
        """Stop the programs, and then PostgreSQL."""
        self._ready = False
        self._write_state()
        report("stopping")
        self._stopping.set()
        deadline = time.monotonic() + _GRACE_SECONDS
        for child in self._children.values():
            child.terminate()
        for child in self._children.values():
            child.stop(grace=deadline - time.monotonic())
        if self._cluster is not None:
            if self._database_keeper.is_alive():
                self._database_keeper.join()
            self._cluster.stop()
        report("stopped")

    def _check(self) -> None:
        time.sleep(_PERIOD)
        if self._address_changed.is_set():
            self._address_changed.clear()
            for child in self._children.values():
                child.terminate()  # to be launched again with the new address
        for keeper in self._kept:
            keeper.check(time.monotonic())
        rotate(self._project.service_log)
        rotate(self._project.postgres_log)

    def _migrate(self) -> None:
        """Apply the migrations as the owner of the database."""
        path = self._project.logs / "migrate.log"
        argv = [sys.executable, *self._project.migrate]
        environment = {**self._environment(), **owner_environment(self._settings, self._cluster)}
        with open_log(path) as log:
            log.truncate(0)
            done = subprocess.run(argv, env=environment, stdout=log, stderr=log, check=False)
        if done.returncode != 0:
            raise LocalError(f"the migrations failed; the end of {quoted_end(path)}")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not responds(self._settings.address + self._project.alive_path):
            if self._children[SERVICE].launches >= _MAX_LAUNCHES or time.monotonic() > deadline:
                raise LocalError(f"the service does not answer; the end of {quoted_end(self._project.service_log)}")
            self._check()

    def _keep_running(self, name: str) -> None:
        """Start a program, and again whenever it has ended; one that cannot be started is reported, like an end."""
        keeper = Keeper(name, partial(self._works, name), partial(self._launch, name), due=time.monotonic())
        keeper.check(time.monotonic())
        self._kept.append(keeper)

    def _works(self, name: str) -> bool:
        child = self._children[name]
        if child.is_running() and child.check_silence():
            report(f"{name} sends no heartbeats; killing it")
            return False
        return child.is_running()

    def _launch(self, name: str) -> None:
        self._children[name].launch(self._environment())
        self._write_state()

    def _environment(self) -> dict[str, str]:
        return program_environment(self._project, self._settings, self._cluster)

    def _write_state(self) -> None:
        programs = {name: (child.pid, child.launches) for name, child in self._children.items()}
        state = State(pid=os.getpid(), address=self._settings.address, ready=self._ready, programs=programs)
        write_state(self._lock, state)

    def _keep_database(self, cluster: Cluster) -> None:
        keeper = Keeper("PostgreSQL", cluster.is_running, partial(self._restart_database, cluster))
        while not self._stopping.wait(_PERIOD):
            keeper.check(time.monotonic())

    def _restart_database(self, cluster: Cluster) -> None:
        address = cluster.service_url
        cluster.start(create=False)
        report("PostgreSQL runs again")
        if cluster.service_url != address:  # another program took its port in the meantime
            self._address_changed.set()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Supervise the checkout in the current folder until stopped; return the exit status, 1 if a start failed."""
    signal.signal(signal.SIGTERM, _interrupt)
    project = this_project(Path.cwd(), os.environ)
    settings = settings_of(project, {**os.environ, **json.load(sys.stdin)})
    try:
        with hold_lock(project.supervisor_lock, seconds=_LOCK_SECONDS) as lock:
            os.dup(lock)  # so that the lock is held until this process has ended: `stop` waits for that
            return _supervise(project, settings, lock)
    except LockHeld:
        return OTHER_RUNS


def _supervise(project: Project, settings: Settings, lock: int) -> int:
    try:
        with open_log(project.service_log) as log:
            supervisor = Supervisor(project, settings, lock, log)
            kill_leftovers(project.mark)  # of a killed supervisor: they may hold the port
            reserve_port(settings.host, settings.port)
            keep_secrets(project, settings)
            try:
                supervisor.start()
                os.dup2(log.fileno(), sys.stderr.fileno())
                supervisor.keep()
            finally:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second signal must not interrupt the stop
                supervisor.stop()
    except LocalError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return STOPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
