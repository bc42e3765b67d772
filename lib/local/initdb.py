"""Makes the data folder of a private PostgreSQL, whole or not at all."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from lib.local import processes
from lib.local.account import Account, call, give
from lib.local.binaries import Programs
from lib.local.errors import LocalError
from lib.local.hints import make
from lib.local.rotated_log import opened

DATA = "data"
PASSWORD = "password"  # noqa: S105 - the name of a file
_PROGRAMS = ("postgres", "initdb")
_BUILTIN_LOCALE_SINCE = 17
_ALWAYS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to make: a database and its owner of one name, and settings for postgresql.conf.

    `sync` is whether the folder must survive a loss of power.
    """

    name: str
    account: Account | None
    programs: Programs
    log: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    sync: bool = True


def initialise(home: Path, plan: Plan) -> None:
    """Make the folder `home` with a data folder, a database and a password in it.

    All is made in a folder beside, renamed when complete: a killed run leaves nothing half-made at `home`.
    The caller sees to it that only one process does this at a time.

    Raises:
        LocalError: a program of PostgreSQL failed; the line names the log.

    """
    _remove_leftovers(home)
    fresh = Path(tempfile.mkdtemp(prefix=f"{home.name}.new.", dir=home.parent))
    try:
        give(fresh, plan.account)
        _fill(fresh, plan)
        fresh.rename(home)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def major_of(home: Path) -> int:
    """Read the major version of PostgreSQL that the data in `home` is of.

    Raises:
        LocalError: it is closed to us, or holds no data of PostgreSQL.

    """
    try:
        return int((home / DATA / "PG_VERSION").read_text())
    except PermissionError as error:
        owner = home.owner()
        raise LocalError(f"{home} belongs to {owner}: run this as {owner} or as root") from error
    except (FileNotFoundError, ValueError) as error:
        raise LocalError(f"{home} holds no data of PostgreSQL: move it away, or {make('clean')}") from error


def programs_of(data: Path) -> list[psutil.Process]:
    """Find the programs of PostgreSQL that work on a data folder."""
    return processes.programs_in(data, _PROGRAMS)


def _remove_leftovers(home: Path) -> None:
    for leftover in home.parent.glob(f"{home.name}.new.*"):
        # An initdb outlives the killed run that started it, and would go on writing here.
        processes.kill(programs_of(leftover / DATA))
        shutil.rmtree(leftover)


def _fill(fresh: Path, plan: Plan) -> None:
    password = fresh / PASSWORD
    write_secret(password, secrets.token_urlsafe(24), plan.account)
    _initdb(fresh / DATA, password, plan)
    with (fresh / DATA / "postgresql.conf").open("a") as configuration:
        for name, value in {**_ALWAYS, **plan.settings}.items():
            configuration.write(f"{name} = '{_quoted(value)}'\n")
    # Single-user mode creates the database without a server, so before anyone can see the folder.
    single: list[str | Path] = [plan.programs.folder / "postgres", "--single", "-D", fresh / DATA, "postgres"]
    _run(single, plan, given=f'CREATE DATABASE "{plan.name}"\n'.encode())


def write_secret(file: Path, text: str, account: Account | None) -> None:
    """Write a file that only an account can read; it is there whole, or not at all."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    give(fresh, account)
    fresh.rename(file)


def _quoted(value: str) -> str:
    return value.replace("'", "''")


def _initdb(data: Path, password: Path, plan: Plan) -> None:
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", f"--username={plan.name}"]
    if plan.programs.major >= _BUILTIN_LOCALE_SINCE:
        # Sorts as C does, yet knows upper from lower case in every script.
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    if not plan.sync:
        options.append("--no-sync")
    _run([plan.programs.folder / "initdb", "-D", data, f"--pwfile={password}", *options], plan)


def _run(argv: list[str | Path], plan: Plan, given: bytes = b"") -> None:
    with tempfile.TemporaryFile() as output:
        status = call(argv, account=plan.account, output=output, given=given)
        output.seek(0)
        said = output.read()
    with os.fdopen(opened(plan.log), "ab") as log:
        log.write(said)
    # Single-user mode ends with status 0 after an error as well.
    if status != 0 or b"ERROR:" in said or b"FATAL:" in said:
        raise failure(said.decode(errors="replace"), Path(argv[0]).name, plan.log)


def failure(said: str, program: str, log: Path) -> LocalError:
    """Say in one line why a program of PostgreSQL failed, from what it said."""
    if "No space left" in said:
        return LocalError("disk full: PostgreSQL needs about 100 MB here: free some and try again")
    marks = ("FATAL:", "PANIC:", "ERROR:", "error:")
    lines = [line for line in said.splitlines() if any(mark in line for mark in marks)]
    return LocalError(f"{program} failed: {lines[-1].strip() if lines else 'it did not say why'} (log: {log})")
