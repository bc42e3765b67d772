"""A private PostgreSQL: one folder, one server on 127.0.0.1, made, started and stopped without the system."""

import contextlib
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg2

from lib.local import processes, rotated_log
from lib.local.account import Account, call, private_folder
from lib.local.binaries import Programs, find_programs
from lib.local.errors import LocalError
from lib.local.hints import make
from lib.local.initdb import DATA, PASSWORD, Plan, failure, initialise, major_of, programs_of, write_secret
from lib.local.locks import exclusive
from lib.local.ports import kept_port, refusal
from lib.privileges import make_login

SERVICE_PASSWORD = "service-password"  # noqa: S105 - the name of a file
SERVICE_SUFFIX = "_service"
_START_SECONDS = 60.0
_ATTEMPTS = 3
_LEFTOVER_SECONDS = 2
_PAUSE = 0.05
# As much shared state as a lock may take: a first start by another command, then its crash recovery.
_LOCK_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A PostgreSQL server with one database and two logins.

    `home` holds the data, the passwords and the port; `name` is that of the database and its owner, a superuser. The
    other login, of a service, owns nothing.
    `account` runs it (None: the present user). `lock` is a file that keeps two starts apart. `storage` is a
    folder for a copy of the programs, should the account not reach them. `settings` go to postgresql.conf when
    the data is made; `sync` is whether the data must survive a loss of power.
    """

    home: Path
    name: str
    account: Account | None
    lock: Path
    log: Path
    storage: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    sync: bool = True

    @property
    def data(self) -> Path:
        """The data folder as PostgreSQL knows it."""
        return self.home / DATA

    @property
    def owner_url(self) -> str:
        """The address of the database for its owner, password included; that of the last start while it does not run.

        Raises:
            FileNotFoundError: it never ran.

        """
        return self._url(self.name, PASSWORD)

    @property
    def service_url(self) -> str:
        """The address for a service; the rest as for the owner."""
        return self._url(f"{self.name}{SERVICE_SUFFIX}", SERVICE_PASSWORD)

    def _url(self, login: str, password: str) -> str:
        secret = (self.home / password).read_text()
        return f"postgresql://{login}:{secret}@127.0.0.1:{self._port.read_text()}/{self.name}"

    @property
    def _port(self) -> Path:
        return self.home / "port"

    def running(self) -> bool:
        """Tell whether the server runs; a stopped one (SIGSTOP) does, a zombie does not."""
        return self.postmaster() is not None

    def postmaster(self) -> psutil.Process | None:
        """Find the main process of the server.

        The file postmaster.pid alone proves nothing: after a crash its number may be that of any process.
        """
        try:
            process = processes.find(int((self.data / "postmaster.pid").read_text().split("\n", 1)[0]))
        except (FileNotFoundError, ValueError):
            return None
        return process if process in programs_of(self.data) else None

    def start(self) -> None:
        """Make sure that the server runs, making its data the first time.

        Raises:
            LocalError: it cannot; the line says why and what to do.

        """
        with self._alone():
            if not self.home.exists():
                self.log.parent.mkdir(parents=True, exist_ok=True)
                private_folder(self.home.parent, self.account)
                initialise(self.home, self._plan())
            self._launch()
            self._make_service_login()

    def restart(self) -> None:
        """Make sure that the server runs on the data that it has; data that is gone is not made anew.

        Raises:
            LocalError: it cannot, or the data is gone.

        """
        with self._alone():
            if not self.home.exists():
                again = f"{make('stop')}, then {make('start')} for a new one"
                raise LocalError(f"the data folder {self.home} is gone: {again}")
            self._launch()

    def stop(self, *, patience: float = 20) -> None:
        """Stop the server, politely for `patience` seconds, then less and less so."""
        with self._alone():
            postmaster = self.postmaster()
            used = programs_of(self.data)
            for process in used:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()
            # Connections are ended, work is saved; then nothing is saved, and the next start recovers.
            steps = [(signal.SIGINT, patience), (signal.SIGQUIT, 5)] if patience else [(signal.SIGQUIT, 5)]
            for sign, seconds in steps:
                if postmaster and processes.alive(postmaster):
                    postmaster.send_signal(sign)
                    processes.gone([postmaster], seconds=seconds)
            if not processes.gone(used, seconds=_LEFTOVER_SECONDS):
                processes.kill(programs_of(self.data))
            self._await_log()

    def _alone(self) -> contextlib.AbstractContextManager[None]:
        return exclusive(self.lock, seconds=_LOCK_SECONDS)

    def _plan(self) -> Plan:
        return Plan(
            name=self.name,
            account=self.account,
            programs=find_programs(account=self.account, storage=self.storage),
            log=self.log,
            settings=self.settings,
            sync=self.sync,
        )

    def _launch(self) -> None:
        programs = find_programs(account=self.account, storage=self.storage, wanted=major_of(self.home))
        self._outlive_leftovers()
        if self._serves(programs):
            return
        self._outlive_leftovers()
        # Its owner is gone, and no process works on the data: without this, PostgreSQL would refuse to start
        # whenever another process happens to have the number in it.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for attempt in range(1, _ATTEMPTS + 1):
            port = kept_port(self._port)
            said = self._pg_ctl_start(programs, port)
            if said is None:
                return
            # Another program may have taken the port between our look at it and PostgreSQL's.
            if attempt == _ATTEMPTS or refusal("127.0.0.1", port) is None:
                raise failure(said, "PostgreSQL", self.log)

    def _make_service_login(self) -> None:
        """Make the login of a service where there is none yet: data of a release before has its owner's only."""
        file = self.home / SERVICE_PASSWORD
        if file.exists():
            return
        password = secrets.token_urlsafe(24)
        with closing(psycopg2.connect(self.owner_url)) as connection, connection, connection.cursor() as cursor:
            make_login(cursor, f"{self.name}{SERVICE_SUFFIX}", password)
        write_secret(file, password, self.account)

    def _await_log(self) -> None:
        """Wait until all that the server said is written; who writes it ends by itself."""
        processes.gone(processes.with_arguments(rotated_log.arguments_of(self.log)), seconds=_LEFTOVER_SECONDS)

    def _outlive_leftovers(self) -> None:
        """Wait for the backends of a killed server, which end by themselves unless busy; then end them."""
        deadline = time.monotonic() + _LEFTOVER_SECONDS
        while not self.running() and (left := programs_of(self.data)):
            if time.monotonic() > deadline:
                processes.kill(left)
            time.sleep(_PAUSE)

    def _serves(self, programs: Programs) -> bool:
        """Wait until a running server takes connections: it may be recovering. False when it does not run."""
        where = ["-h", "127.0.0.1", "-p", self._port.read_text() if self._port.exists() else "0"]
        deadline = time.monotonic() + _START_SECONDS
        while self.running():
            if call([programs.folder / "pg_isready", *where], account=self.account, output=subprocess.DEVNULL) == 0:
                return True
            if time.monotonic() > deadline:
                again = f"{make('stop')}, then {make('start')}"
                raise LocalError(f"PostgreSQL runs but takes no connections (log: {self.log}): {again}")
            time.sleep(_PAUSE)
        return False

    def _pg_ctl_start(self, programs: Programs, port: int) -> str | None:
        """Start the server and wait until it takes connections: None, or what the log says of the failure."""
        wait = ["-w", "-t", f"{_START_SECONDS:.0f}"]
        argv: list[str | Path] = [
            programs.folder / "pg_ctl",
            "start",
            "-D",
            self.data,
            *wait,
            "-o",
            f"-p {port}",
        ]
        # Not to a file: that would grow for ever. The server keeps the log's program until both end.
        begin = self.log.stat().st_size if self.log.exists() else 0
        with rotated_log.writing(self.log) as log:
            started = call(argv, account=self.account, output=log) == 0
        if started:
            return None
        self._await_log()  # then all of it is written
        return rotated_log.since(self.log, begin)
