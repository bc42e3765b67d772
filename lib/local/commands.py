"""The commands, one function each, which returns the exit status."""

import argparse
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.client import HTTPException

from lib.caller import VARIABLE
from lib.hints import ADDRESS
from lib.local import service
from lib.local.binaries import embedded_folder
from lib.local.caller import caller_folder
from lib.local.cluster import Cluster
from lib.local.database_address import plain_url, split_password
from lib.local.instances import begin
from lib.local.kept_secrets import keep_secrets
from lib.local.postgres import cluster_of
from lib.local.project import Project
from lib.local.settings import Settings, owner_environment, settings_of
from lib.local.state import running_state
from lib.local.status import status
from lib.local.stopping import clean, stop
from lib.local.terminal import LocalError, make, step

_FIRST_ERROR = 400


def logs(project: Project) -> int:
    """Show the last 50 lines of the service's log, then follow it until Ctrl-C."""
    if not project.service_log.exists():
        raise LocalError(f"there is no log yet: {make(project.target)}")
    with suppress(KeyboardInterrupt):
        subprocess.run(["tail", "-n", "50", "-F", project.service_log], check=False)  # noqa: S607
    return 0


def address(project: Project) -> int:
    """Print the base URL of the running service."""
    print(_running_address(project))
    return 0


def _running_address(project: Project) -> str:
    state = running_state(project.supervisor_lock)
    if state is None:
        raise LocalError(f"the service is not running: {make(project.target)}")
    return state.address


def event(project: Project) -> int:
    """Send the sample request to the running service, with the key in the variable KEY if that is set."""
    url = _running_address(project) + project.sample_path
    try:
        code, reason, body = service.request(url, project.sample_json, key=os.environ.get("KEY"))
    except (OSError, HTTPException) as error:
        raise LocalError(f"no answer from {url}: {error} (see {make('logs')})") from error
    print(f"{code} {reason}\n{body.rstrip()}")
    return 0 if code < _FIRST_ERROR else 1


def db_url(project: Project, settings: Settings) -> int:
    """Print the owner's address of the database, password included."""
    print(_owner_url(project, settings))
    return 0


def _owner_url(project: Project, settings: Settings) -> str:
    cluster = _private_cluster(project, settings)
    return cluster.owner_url if cluster else plain_url(settings.owner_url or settings.database_url or "")


def _private_cluster(project: Project, settings: Settings) -> Cluster | None:
    """Start the private PostgreSQL unless it runs, and return it; None if the settings name another database."""
    if settings.database_url:
        return None
    cluster = cluster_of(project)
    if not cluster.is_running():
        with step(f"Starting PostgreSQL ({make('stop')} ends it)"):
            cluster.start()
    return cluster


def console(project: Project, settings: Settings) -> int:
    """Become psql, connected as the owner.

    The environment passes the password, because every user of this machine can read arguments.
    """
    plain, password = split_password(_owner_url(project, settings))
    psql = shutil.which("psql", path=embedded_folder() or "") or shutil.which("psql")
    if psql is None:
        raise LocalError("no psql found: apt install postgresql-client")
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    os.execve(psql, [psql, plain], environment)  # noqa: S606 - without a shell on purpose


def run(project: Project, settings: Settings, command: Sequence[str], *, as_owner: bool = False) -> int:
    """Become a command, so that it gets the signals and its exit status is ours.

    Its environment contains the service's address of the database, with `as_owner` the owner's too, the user's folder,
    and where the service listens if it runs.
    """
    if not command:
        raise LocalError("say which command to run: run -- COMMAND ...")
    cluster = _private_cluster(project, settings)
    state = running_state(project.supervisor_lock)
    environment = {
        **({ADDRESS: state.address} if state else {}),
        **settings.environment,
        **keep_secrets(project, settings),
        VARIABLE: str(caller_folder(project.root)),
    }
    if cluster is not None:
        environment["DATABASE_URL"] = cluster.service_url
    elif environment.get("DATABASE_URL"):
        environment["DATABASE_URL"] = plain_url(environment["DATABASE_URL"])
    if as_owner:
        environment |= owner_environment(settings, cluster)
    os.chdir(project.root)
    try:
        os.execvpe(command[0], list(command), environment)  # noqa: S606 - without a shell on purpose
    except OSError as error:
        raise LocalError(f"cannot run {command[0]}: {error.strerror}") from error


# A wrong setting does not prevent these: what runs can be stopped whatever .env contains.
_WITHOUT_SETTINGS: dict[str, Callable[[Project], int]] = {
    command.__name__: command for command in (stop, status, logs, event, address, clean)
}
_WITH_SETTINGS: dict[str, Callable[[Project, Settings], int]] = {"start": begin, "db-url": db_url, "console": console}


def execute(project: Project, arguments: Sequence[str]) -> int:
    """Execute the command of a command line."""
    own, command = _split(list(arguments))
    parser = argparse.ArgumentParser(prog="python -m lib.local", description="Run the service on this machine.")
    parser.add_argument(
        "command", choices=["run", *_WITH_SETTINGS, *_WITHOUT_SETTINGS], help="run executes the command after --"
    )
    parser.add_argument("--as-owner", action="store_true", help="run: also pass the owner's address of the database")
    options = parser.parse_args(own)
    if options.command in _WITHOUT_SETTINGS:
        return _WITHOUT_SETTINGS[options.command](project)
    settings = settings_of(project, os.environ)
    if options.command == "run":
        return run(project, settings, command, as_owner=options.as_owner)
    return _WITH_SETTINGS[options.command](project, settings)


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:end], arguments[end + 1 :]
