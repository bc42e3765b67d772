"""A private PostgreSQL server: its data in one folder, listening on 127.0.0.1, independent of the system's servers."""

import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg2
from psycopg2.extensions import quote_ident

from lib.local.account import Account, account_for, chown, write_secret
from lib.local.binaries import Binaries, find_binaries, run_binary
from lib.local.ports import saved_port
from lib.local.processes import is_postgres_in, kill_after, postgres_in, wait_for_end
from lib.local.state import hold_lock
from lib.local.terminal import LocalError, make
from lib.privileges import make_login

_START_SECONDS = 60
_LEFTOVER_SECONDS = 2
_PAUSE = 0.05  # seconds
_LOCK_SECONDS = 120  # longer than another command takes: for a first start, or for crash recovery
_BUILTIN_LOCALE_SINCE = 17
_ALWAYS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "password_encryption": "scram-sha-256"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A server with one database and two logins: the owner, a superuser, and the service's, which owns nothing.

    `home` holds data, passwords and port. The database and its owner are called `name`. `settings` are written to
    postgresql.conf when the data folder is created.
    """

    home: Path
    name: str
    log: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.home / "data"

    @property
    def owner_url(self) -> str:
        """The owner's address of the database, with password; raises `FileNotFoundError` before the first start."""
        return self._url(self.name, "password", self.name)

    @property
    def service_url(self) -> str:
        """The service's address of the database, with password; raises `FileNotFoundError` before the first start."""
        return self._url(f"{self.name}_service", "service-password", self.name)

    def _url(self, login: str, password_file: str, database: str) -> str:
        password, port = ((self.home / file).read_text() for file in (password_file, "port"))
        return f"postgresql://{login}:{password}@127.0.0.1:{port}/{database}"

    def binaries(self) -> Binaries:
        """Find binaries of the data's major version, or any if there is no data yet; raises `LocalError`."""
        major = self._major() if self.home.exists() else None
        return find_binaries(account=account_for(self.home), storage=self.home.parent, major=major)

    def is_running(self) -> bool:
        """Return whether the server runs; a stopped one (SIGSTOP) does."""
        return self.postmaster() is not None

    def postmaster(self) -> psutil.Process | None:
        """Return the server's main process; after a crash, another process may have the id in postmaster.pid."""
        try:
            process = psutil.Process(int((self.data / "postmaster.pid").read_text().split("\n", 1)[0]))
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None
        return process if is_postgres_in(self.data, process) else None

    def start(self, *, create: bool = True) -> None:
        """Start the server unless it runs, and wait until it accepts connections; raises `LocalError`.

        If there is no data folder, it is created; without `create`, as after a crash, that is an error.
        """
        with self._lock():
            account, binaries = account_for(self.home), self.binaries()
            if not self.home.exists():
                if not create:
                    raise LocalError(
                        f"the folder {self.home} is gone: {make('stop')}, then {make('start')} for a new one"
                    )
                self._create_home(binaries, account)
            if not self._wait_for_running():
                self._launch(binaries, account)
            self._create_database(account)

    def stop(self, *, grace: float = 20) -> None:
        """Stop the server; after `grace` seconds for ending sessions and saving data, it is killed."""
        with self._lock():
            postmaster, processes = self.postmaster(), postgres_in(self.data)
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    process.resume()  # a stopped process would not handle the signal
            # SIGINT is a fast shutdown, SIGQUIT an immediate one, after which the next start recovers.
            for number, seconds in ((signal.SIGINT, grace), (signal.SIGQUIT, 5)):
                if postmaster and seconds and not wait_for_end([postmaster], seconds=0):
                    postmaster.send_signal(number)
                    wait_for_end([postmaster], seconds=seconds)
            kill_after(processes, seconds=_LEFTOVER_SECONDS)

    def _lock(self) -> AbstractContextManager[int]:
        if not self.home.parent.exists():
            self.home.parent.mkdir(mode=0o700, parents=True)
            chown(self.home.parent, account_for(self.home))
        return hold_lock(self.home.with_name(f"{self.home.name}.lock"), seconds=_LOCK_SECONDS)

    def _major(self) -> int:
        try:
            return int((self.data / "PG_VERSION").read_text())
        except PermissionError as error:
            owner = self.home.owner()
            raise LocalError(f"{self.home} belongs to {owner}: run this as {owner} or as root") from error
        except (FileNotFoundError, ValueError) as error:
            raise LocalError(f"{self.home} holds no PostgreSQL data: move it away, or {make('clean')}") from error

    def _create_home(self, binaries: Binaries, account: Account | None) -> None:
        """Create the folder atomically: in a draft beside it, which is renamed when complete."""
        for leftover in self.home.parent.glob(f"{self.home.name}.new.*"):
            shutil.rmtree(leftover, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{self.home.name}.new.", dir=self.home.parent))
        try:
            chown(draft, account)
            write_secret(draft / "password", secrets.token_urlsafe(24), account)
            self.initdb(draft, binaries, account)
            with (draft / "data/postgresql.conf").open("a") as configuration:
                for name, value in {**_ALWAYS, **self.settings}.items():
                    quoted = value.replace("'", "''")
                    configuration.write(f"{name} = '{quoted}'\n")
            draft.rename(self.home)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def initdb(self, home: Path, binaries: Binaries, account: Account | None) -> None:
        """Create the data folder in `home`, which holds the owner's password; raises `LocalError`."""
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", f"--username={self.name}"]
        if binaries.major >= _BUILTIN_LOCALE_SINCE:
            # Sorts as C does, but knows upper and lower case of every script.
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.settings.get("fsync") == "off":
            options.append("--no-sync")
        options += [f"-D{home / 'data'}", f"--pwfile={home / 'password'}"]
        run_binary(binaries, "initdb", options, account=account, log=self.log)

    def _launch(self, binaries: Binaries, account: Account | None) -> None:
        kill_after(postgres_in(self.data), seconds=_LEFTOVER_SECONDS)  # backends that outlived a killed postmaster
        # PostgreSQL would refuse to start if another process had the id in this file.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        port = saved_port(self.home / "port")
        options = ["start", "-w", f"-t{_START_SECONDS}", f"-D{self.data}", f"-o-p {port}"]
        run_binary(binaries, "pg_ctl", options, account=account, log=self.log)

    def _wait_for_running(self) -> bool:
        """Wait until a running server, which may be recovering, accepts connections; return False if none runs."""
        deadline = time.monotonic() + _START_SECONDS
        while self.is_running():
            with suppress(psycopg2.OperationalError):
                psycopg2.connect(self._url(self.name, "password", "postgres"), connect_timeout=_START_SECONDS).close()
                return True
            if time.monotonic() > deadline:
                again = f"{make('stop')}, then {make('start')}"
                raise LocalError(f"PostgreSQL runs but accepts no connections (log: {self.log}): {again}")
            time.sleep(_PAUSE)
        return False

    def _create_database(self, account: Account | None) -> None:
        """Create the database and the service's login, unless they exist; data of release 0.1 lacks the login."""
        password_file = self.home / "service-password"
        if password_file.exists():
            return
        password = secrets.token_urlsafe(24)
        with closing(psycopg2.connect(self._url(self.name, "password", "postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT FROM pg_database WHERE datname = %s", [self.name])
                if not cursor.rowcount:
                    cursor.execute(f"CREATE DATABASE {quote_ident(self.name, cursor)}")
                make_login(cursor, f"{self.name}_service", password)
        write_secret(password_file, password, account)
