"""The background parent: keeps the service and the private PostgreSQL alive until it is told to stop.

Started by `start` as `python -m lib.local.supervisor`, detached, with its output in the log of the service.
"""

import contextlib
import dataclasses
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from lib.local.child import Child
from lib.local.cluster import Cluster
from lib.local.keeper import Keeper
from lib.local.postgres import cluster_of
from lib.local.project import Project, read_project
from lib.local.rotated_log import RotatedLog
from lib.local.settings import Settings, read_settings
from lib.local.state import Holder, State

GRACE_SECONDS = 15
MARK = "LOCAL_RUN"  # the variable by which all that one start has started is known
_LOCK_SECONDS = 5
_PAUSE = 0.5


class Supervisor:
    """Owns the service, and PostgreSQL unless DATABASE_URL names another (`cluster` is None then)."""

    def __init__(
        self,
        project: Project,
        settings: Settings,
        cluster: Cluster | None,
        holder: Holder,
        log: RotatedLog | None = None,
    ) -> None:
        self._project = project
        self._settings = settings
        self._cluster = cluster
        self._holder = holder
        self._log = log
        self._child = Child([sys.executable, *project.service], project.root)
        self._state = State(
            pid=os.getpid(),
            host=settings.host,
            port=settings.port,
            address=settings.address,
            mark=os.environ.get(MARK, ""),
        )
        self.stop = Event()

    def run(self) -> None:
        """Work until `stop` is set or the checkout is gone; then end the service, and after it PostgreSQL."""
        self._holder.write(self._state)
        self._start_service()
        threads = [Thread(target=keeper.keep, args=[self.stop]) for keeper in self._keepers()]
        for thread in threads:
            thread.start()
        while not self.stop.wait(_PAUSE) and not self._holder.lost():
            pass
        self.stop.set()
        for thread in threads:
            thread.join()
        self._end()

    def _keepers(self) -> list[Keeper]:
        kept = [("service", self._service_works, self._start_service)]
        if self._cluster is not None:
            kept += [("PostgreSQL", self._cluster.running, self._restart_database)]
        if self._log is not None:
            kept += [("the log", self._log.alive, self._log.launch)]
        return [Keeper(name=name, alive=alive, launch=launch, report=report) for name, alive, launch in kept]

    def _service_works(self) -> bool:
        if not self._child.alive():
            return False
        if self._child.silent():
            report("the service says nothing any more; ending it")
            return False
        return True

    def _start_service(self) -> None:
        self._child.launch(service_environment(self._project, self._settings, self._cluster))
        self._state = dataclasses.replace(
            self._state,
            service_pid=self._child.pid,
            starts=self._state.starts + 1,
        )
        self._holder.write(self._state)

    def _restart_database(self) -> None:
        if self._cluster is None:
            return
        address = self._cluster.service_url
        self._cluster.restart()
        report("PostgreSQL runs again")
        if self._cluster.service_url != address:
            # Another program took its port meanwhile. The service knows only the former address.
            self._child.terminate()

    def _end(self) -> None:
        report("stopping")
        self._child.stop(patience=GRACE_SECONDS)
        self._child.close()
        if self._cluster is not None:
            self._cluster.stop()
        report("stopped")


def service_environment(project: Project, settings: Settings, cluster: Cluster | None) -> dict[str, str]:
    """Write the environment of the service: of the logins of the database it is told its own, and no other."""
    environment = {**project.environment, **settings.environment, "HOST": settings.host, "PORT": str(settings.port)}
    if cluster is not None:
        environment["DATABASE_URL"] = cluster.service_url
    # Once a line, so that what the service says before it dies is in the log.
    return {**environment, "PYTHONUNBUFFERED": "1"}


def report(text: str) -> None:
    """Add a line to the log."""
    # A full disk must not end who is there to start things again.
    with contextlib.suppress(OSError):
        print(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} supervisor: {text}", flush=True)


def stop_on_signal(stop: Event) -> None:
    """Let SIGTERM and SIGINT set an event."""

    def set_stop(*_: object) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, set_stop)


def main() -> int:
    """Supervise the checkout in the present folder: 0 after an orderly stop, 1 when another does already."""
    project = read_project(Path.cwd())
    settings = read_settings(project.root, os.environ)
    holder = Holder(project.supervisor_lock)
    if not holder.acquire(seconds=_LOCK_SECONDS):
        report("another supervisor runs")
        return 1
    cluster = None if settings.database_url else cluster_of(project)
    log = RotatedLog(project.service_log)
    log.launch()
    log.take_over(sys.stdout.fileno(), sys.stderr.fileno())
    supervisor = Supervisor(project, settings, cluster, holder, log)
    stop_on_signal(supervisor.stop)
    report(f"started for {settings.address}")
    supervisor.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
