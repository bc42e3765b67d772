"""A private PostgreSQL: one folder, one server on 127.0.0.1, made, started and stopped without the system."""

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

from lib.local.account import Account, account_for, give, write_secret
from lib.local.binaries import Programs, find_programs, run_program
from lib.local.errors import LocalError
from lib.local.hints import make
from lib.local.ports import kept_port
from lib.local.processes import end, gone, postgres_in, works_in
from lib.local.state import exclusive
from lib.privileges import make_login

_START_SECONDS = 60
_LEFTOVER_SECONDS = 2
_PAUSE = 0.05
_LOCK_SECONDS = 120  # as long as another command may take: a first start, or the recovery from a crash
_BUILTIN_LOCALE_SINCE = 17
_ALWAYS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "password_encryption": "scram-sha-256"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A PostgreSQL server with one database and two logins: its owner, a superuser, and a service, which owns nothing.

    `home` holds the data, the passwords and the port; `name` is that of the database and its owner; `settings` go to
    postgresql.conf when the data is made.
    """

    home: Path
    name: str
    log: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """The data folder as PostgreSQL knows it."""
        return self.home / "data"

    @property
    def owner_url(self) -> str:
        """The address of the database for its owner, with password; raises `FileNotFoundError` if it never ran."""
        return self._url(self.name, "password", self.name)

    @property
    def service_url(self) -> str:
        """The address for a service; the rest as for the owner."""
        return self._url(f"{self.name}_service", "service-password", self.name)

    def _url(self, login: str, password: str, database: str) -> str:
        secret, port = ((self.home / file).read_text() for file in (password, "port"))
        return f"postgresql://{login}:{secret}@127.0.0.1:{port}/{database}"

    def programs(self) -> Programs:
        """Find the programs for the data, or for data that is to be made; raises `LocalError`."""
        wanted = self._major() if self.home.exists() else None
        return find_programs(account=account_for(self.home), storage=self.home.parent, wanted=wanted)

    def running(self) -> bool:
        """Tell whether the server runs; a stopped one (SIGSTOP) does, a zombie does not."""
        return self.postmaster() is not None

    def postmaster(self) -> psutil.Process | None:
        """Find the main process of the server; the number in its file may be anybody's after a crash."""
        try:
            process = psutil.Process(int((self.data / "postmaster.pid").read_text().split("\n", 1)[0]))
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None
        return process if works_in(self.data, process) else None

    def start(self, *, anew: bool = True) -> None:
        """Make sure that the server runs; raises `LocalError`.

        Data is made if there is none. Not `anew`, as when a running server has ended: data that is gone is an error.
        """
        with self._alone():
            account, programs = account_for(self.home), self.programs()
            if not self.home.exists():
                if not anew:
                    raise LocalError(
                        f"the folder {self.home} is gone: {make('stop')}, then {make('start')} for a new one"
                    )
                self._make_home(programs, account)
            if not self._serves():
                self._launch(programs, account)
            self._make_database(account)

    def stop(self, *, patience: float = 20) -> None:
        """Stop the server: for `patience` seconds it may end sessions and save its work, then it is killed."""
        with self._alone():
            postmaster, used = self.postmaster(), postgres_in(self.data)
            for process in used:
                with suppress(psutil.NoSuchProcess):
                    process.resume()
            # After SIGQUIT nothing is saved, and the next start recovers.
            for sign, seconds in ((signal.SIGINT, patience), (signal.SIGQUIT, 5)):
                if postmaster and seconds and not gone([postmaster], seconds=0):
                    postmaster.send_signal(sign)
                    gone([postmaster], seconds=seconds)
            end(used, after=_LEFTOVER_SECONDS)

    def _alone(self) -> AbstractContextManager[int]:
        if not self.home.parent.exists():
            self.home.parent.mkdir(mode=0o700, parents=True)
            give(self.home.parent, account_for(self.home))
        return exclusive(self.home.with_name(f"{self.home.name}.lock"), seconds=_LOCK_SECONDS)

    def _major(self) -> int:
        try:
            return int((self.data / "PG_VERSION").read_text())
        except PermissionError as error:
            owner = self.home.owner()
            raise LocalError(f"{self.home} belongs to {owner}: run this as {owner} or as root") from error
        except (FileNotFoundError, ValueError) as error:
            raise LocalError(f"{self.home} holds no data of PostgreSQL: move it away, or {make('clean')}") from error

    def _make_home(self, programs: Programs, account: Account | None) -> None:
        """Make the folder, whole or not at all: it is made beside, and renamed when complete."""
        for leftover in self.home.parent.glob(f"{self.home.name}.new.*"):
            shutil.rmtree(leftover, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=f"{self.home.name}.new.", dir=self.home.parent))
        try:
            give(fresh, account)
            write_secret(fresh / "password", secrets.token_urlsafe(24), account)
            self.initdb(fresh, programs, account)
            with (fresh / "data/postgresql.conf").open("a") as configuration:
                for name, value in {**_ALWAYS, **self.settings}.items():
                    quoted = value.replace("'", "''")
                    configuration.write(f"{name} = '{quoted}'\n")
            fresh.rename(self.home)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise

    def initdb(self, home: Path, programs: Programs, account: Account | None) -> None:
        """Make the data folder in `home`, whose password file is there; raises `LocalError`."""
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", f"--username={self.name}"]
        if programs.major >= _BUILTIN_LOCALE_SINCE:
            # Sorts as C does, yet knows upper from lower case in every script.
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.settings.get("fsync") == "off":
            options.append("--no-sync")
        options += [f"-D{home / 'data'}", f"--pwfile={home / 'password'}"]
        run_program(programs, "initdb", options, account=account, log=self.log)

    def _launch(self, programs: Programs, account: Account | None) -> None:
        end(postgres_in(self.data), after=_LEFTOVER_SECONDS)  # backends of a killed server, which may be busy
        # Without this, PostgreSQL would refuse to start when another process happens to have the number in it.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        port = kept_port(self.home / "port")
        options = ["start", "-w", f"-t{_START_SECONDS}", f"-D{self.data}", f"-o-p {port}"]
        run_program(programs, "pg_ctl", options, account=account, log=self.log)

    def _serves(self) -> bool:
        """Wait until a running server takes connections: it may be recovering. False when it does not run."""
        deadline = time.monotonic() + _START_SECONDS
        while self.running():
            with suppress(psycopg2.OperationalError):
                psycopg2.connect(self._url(self.name, "password", "postgres"), connect_timeout=_START_SECONDS).close()
                return True
            if time.monotonic() > deadline:
                again = f"{make('stop')}, then {make('start')}"
                raise LocalError(f"PostgreSQL runs but takes no connections (log: {self.log}): {again}")
            time.sleep(_PAUSE)
        return False

    def _make_database(self, account: Account | None) -> None:
        """Make the database and the login of a service, whichever is not there: older data has no such login."""
        file = self.home / "service-password"
        if file.exists():
            return
        password = secrets.token_urlsafe(24)
        with closing(psycopg2.connect(self._url(self.name, "password", "postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT FROM pg_database WHERE datname = %s", [self.name])
                if not cursor.rowcount:
                    cursor.execute(f"CREATE DATABASE {quote_ident(self.name, cursor)}")
                make_login(cursor, f"{self.name}_service", password)
        write_secret(file, password, account)
