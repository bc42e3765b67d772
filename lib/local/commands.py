"""The commands beside `start`, one function each; they return the exit status."""

import contextlib
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from lib.caller import VARIABLE
from lib.local import service
from lib.local.binaries import embedded_folder, find_programs
from lib.local.caller import caller_folder
from lib.local.cluster import Cluster
from lib.local.database_address import masked_url, plain_url, without_secrets
from lib.local.errors import LocalError
from lib.local.hints import make
from lib.local.initdb import major_of
from lib.local.locks import exclusive
from lib.local.postgres import cluster_of
from lib.local.project import Project
from lib.local.rotated_log import moved
from lib.local.settings import Settings, owner_environment, read_settings
from lib.local.terminal import say, step, tail_begins

NOT_RUNNING = 3  # as the status of a service that does not run is told on Linux
_FIRST_ERROR = 400
_LOCK_SECONDS = 180
_FOLLOW_PAUSE = 0.2
_SHOWN_LINES = 50


def stop(project: Project) -> int:
    """Stop what this checkout started; the data stays."""
    with exclusive(project.var / "start.lock", seconds=_LOCK_SECONDS):
        began = time.monotonic()
        stopped = service.stop_supervisor(project)
        # Also when the settings now name another database: it may have been started before they did.
        cluster = cluster_of(project)
        if cluster.running():
            cluster.stop()
            stopped = True
    say(f"Stopped ({time.monotonic() - began:.1f} s); the data stays." if stopped else "Nothing is running.")
    return 0


def status(project: Project) -> int:
    """Tell what runs and where its things are: 0 when the service runs, else 3."""
    state = service.running(project)
    lines = [("service", f"at {state.address}" if state else "not running")]
    if state is not None:
        lines += [("pids", f"supervisor {state.pid}, service {state.service_pid} (starts: {state.starts})")]
    lines += _set_lines(project)
    lines += [("log file", str(path)) for path in sorted(project.logs.glob("*.log"))]
    lines += [("log before", str(path)) for path in sorted(project.logs.glob("*.log.1"))]
    for title, text in lines:
        print(f"{title:<12}{text}")
    return 0 if state else NOT_RUNNING


def _set_lines(project: Project) -> list[tuple[str, str]]:
    try:
        url = read_settings(project.root, os.environ).database_url
    except LocalError as error:
        return [("settings", str(error)), *_database_lines(project)]
    return [("database", f"{masked_url(url)} (DATABASE_URL)")] if url else _database_lines(project)


def _database_lines(project: Project) -> list[tuple[str, str]]:
    cluster = cluster_of(project)
    if not cluster.home.exists():
        return [("database", "none yet")]
    address = masked_url(cluster.service_url) if cluster.running() else "not running"
    programs = find_programs(account=cluster.account, storage=cluster.storage, wanted=major_of(cluster.home))
    return [
        ("database", address),
        ("data folder", str(cluster.data)),
        ("programs", f"{programs.folder} (PostgreSQL {programs.major})"),
    ]


def logs(project: Project) -> int:
    """Show the last lines of the log of the service, then follow it until Ctrl-C."""
    if not project.service_log.exists():
        raise LocalError(f"there is no log yet: {make('start')}")
    begin = tail_begins(project.service_log, _SHOWN_LINES)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            _follow(project.service_log, begin)
            begin = 0
    return 0


def _follow(path: Path, begin: int) -> None:
    """Print what is written to a log, until it goes on in a new file of that name."""
    with path.open(errors="replace") as file:
        file.seek(begin)
        ended = False
        while not ended:
            ended = moved(file.fileno(), path) and path.exists()  # asked first: what is read after that is all
            while text := file.read(65536):
                print(text, end="", flush=True)
            if not ended:
                time.sleep(_FOLLOW_PAUSE)


def address(project: Project) -> int:
    """Print the base URL of the running service."""
    print(_running_address(project))
    return 0


def _running_address(project: Project) -> str:
    state = service.running(project)
    if state is None:
        raise LocalError(f"the service is not running: {make('start')}")
    return state.address


def event(project: Project) -> int:
    """Send the sample request to the running service, with the KEY of the environment if there is one."""
    url = _running_address(project) + project.sample_path
    try:
        code, reason, body = service.post_json(url, project.sample_json, key=os.environ.get("KEY"))
    except OSError as error:
        raise LocalError(f"no answer from {url}: {error} (see {make('logs')})") from error
    print(f"{code} {reason}")
    print(body.rstrip())
    return 0 if code < _FIRST_ERROR else 1


def db_url(project: Project, settings: Settings) -> int:
    """Print the address of the database for its owner, password included."""
    print(_owner_url(project, settings))
    return 0


def _owner_url(project: Project, settings: Settings) -> str:
    cluster = _private_cluster(project, settings)
    if cluster is not None:
        return cluster.owner_url
    return plain_url(settings.owner_url or settings.database_url or "")


def _private_cluster(project: Project, settings: Settings) -> Cluster | None:
    """Return the private PostgreSQL, running; None where the settings name another."""
    if settings.database_url:
        return None
    cluster = cluster_of(project)
    if not cluster.running():
        with step(f"Starting PostgreSQL ({make('stop')} ends it)"):
            cluster.start()
    return cluster


def console(project: Project, settings: Settings) -> int:
    """Become psql, connected as the owner. The password goes by the environment: all see arguments."""
    plain, password = without_secrets(_owner_url(project, settings))
    environment = {**os.environ, "PGPASSWORD": password} if password else dict(os.environ)
    psql = _psql()
    os.execve(psql, [psql, plain], environment)  # noqa: S606 - no shell is what we want


def _psql() -> str:
    folder = embedded_folder()
    found = shutil.which("psql", path=folder) if folder else None
    found = found or shutil.which("psql")
    if found is None:
        raise LocalError("no psql found: apt install postgresql-client")
    return found


def run(project: Project, settings: Settings, command: Sequence[str], *, as_owner: bool = False) -> int:
    """Become a command that is told the service's address of the database, and where its caller is.

    With `as_owner` it is told the owner's as well. Signals reach it, and its exit status is ours.
    """
    if not command:
        raise LocalError("say which command to run: run -- COMMAND ...")
    cluster = _private_cluster(project, settings)
    environment = {**settings.environment, VARIABLE: str(caller_folder(project.root))}
    if cluster is not None:
        environment["DATABASE_URL"] = cluster.service_url
    elif environment.get("DATABASE_URL"):
        environment["DATABASE_URL"] = plain_url(environment["DATABASE_URL"])
    if as_owner:
        environment |= owner_environment(settings, cluster)
    os.chdir(project.root)
    try:
        os.execvpe(command[0], list(command), environment)  # noqa: S606 - no shell is what we want
    except OSError as error:
        raise LocalError(f"cannot run {command[0]}: {error.strerror}") from error


def clean(project: Project) -> int:
    """Stop everything, then remove the database with its data, and the logs."""
    stop(project)
    for folder in (project.var, project.outside):
        if folder.exists():
            shutil.rmtree(folder)
    return 0
