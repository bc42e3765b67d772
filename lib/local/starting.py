"""The command `start`."""

import os
import subprocess
import sys
from contextlib import ExitStack

from lib.local import service
from lib.local.cluster import Cluster
from lib.local.database_address import try_connection
from lib.local.errors import LocalError
from lib.local.hints import make
from lib.local.locks import exclusive
from lib.local.postgres import cluster_of
from lib.local.project import Project
from lib.local.rotated_log import opened
from lib.local.settings import Settings, owner_environment
from lib.local.state import State
from lib.local.supervisor import service_environment
from lib.local.terminal import say, step, tail

# As long as a first start may take on a slow machine: database, migrations, service.
_LOCK_SECONDS = 180
_LINES = 15
_WRONG_SETTINGS = 2  # the status of a program that found some, and named them
_ANY = "postgresql://127.0.0.1/any"  # what need not be known to say who may use the service


def start(project: Project, settings: Settings) -> int:
    """Start database and service, unless they run; return when the service answers.

    Raises:
        LocalError: something could not be started; what had been started is stopped again.

    """
    other = "Another start or stop is under way here; waiting for it."
    with exclusive(project.var / "start.lock", seconds=_LOCK_SECONDS, waiting=lambda: say(other)):
        state = service.running(project)
        if state is not None:
            _join(project, settings, state)
            return 0
        notice = _notice(project, settings)
        if settings.database_url:
            try_connection(settings.database_url)
        if settings.owner_url:
            try_connection(settings.owner_url, "DATABASE_OWNER_URL")
        with service.claimed_port(project, settings) as claim, ExitStack() as undo:
            _start_all(project, settings, claim, undo)
            undo.pop_all()
    _say_started(project, settings, notice)
    return 0


def _start_all(project: Project, settings: Settings, claim: int, undo: ExitStack) -> None:
    cluster = None if settings.database_url else cluster_of(project)
    if cluster is not None:
        if not cluster.running():
            undo.callback(cluster.stop)
        with step("Starting PostgreSQL"):
            cluster.start()  # also when it runs, left by a killed run: it may still be recovering
    with step("Applying the migrations"):
        migrate(project, settings, cluster)
    with step("Starting the service"):
        service.check_port(settings)  # again: who knows of no claims may have taken it meanwhile
        supervisor = service.launch_supervisor(project, settings, claim)
        undo.callback(_undo_supervisor, project, supervisor)
        service.wait_for_answer(project, supervisor.pid)
    # It is meant to outlive us; without this, Python warns of a child nobody waits for.
    supervisor.returncode = 0


def _undo_supervisor(project: Project, supervisor: "subprocess.Popen[bytes]") -> None:
    service.stop_supervisor(project)
    supervisor.kill()
    supervisor.wait()


def migrate(project: Project, settings: Settings, cluster: Cluster | None) -> None:
    """Apply the migrations to the database in use, as its owner.

    Raises:
        LocalError: they failed; the last lines of their output are in the message.

    """
    path = project.logs / "migrate.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(opened(path), "ab") as log:
        log.truncate(0)
        status = subprocess.run(
            [sys.executable, *project.migrate],
            cwd=project.root,
            env={**service_environment(project, settings, cluster), **owner_environment(settings, cluster)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        ).returncode
    if status != 0:
        last = tail(path, _LINES)
        if any("No space left" in line for line in last):
            raise LocalError(f"disk full, said the migrations: free some where {path} says and try again")
        raise LocalError("\n  ".join([f"the migrations failed; the end of {path}:", *last]))


def _join(project: Project, settings: Settings, state: State) -> None:
    """Wait for a service that another start, killed since, may just have launched."""
    if not service.answers(state.address + project.alive_path):
        say(f"Started already (pid {state.pid}), but without an answer yet; waiting for it.")
        service.wait_for_answer(project, state.pid, state.starts)
    _say_running(project, settings, state)


def _say_running(project: Project, settings: Settings, state: State) -> None:
    say(f"Already running at {state.address} (pid {state.pid}); nothing was started.")
    print(f"Docs       {state.address}{project.docs_path}", flush=True)
    served = {"HOST": state.host, "PORT": str(state.port)}
    wanted = {name: settings.environment.get(name) for name in served}
    others = [f"{name}={value}" for name, value in wanted.items() if value not in (None, "", served[name])]
    if others:
        say(f"To serve at {settings.address} instead: {make('stop')} && {make(' '.join(['start', *others]))}")


def _notice(project: Project, settings: Settings) -> list[str]:
    """Have the project say who may use its service, and in further lines which headers a request needs for it.

    It does so before anything is started, since it reads all settings for that.

    Raises:
        LocalError: a setting is wrong, and the project's own words say which and where; or the program failed.

    """
    any_database = {} if settings.database_url else {"DATABASE_URL": _ANY}
    environment = {**settings.environment, "HOST": settings.host, **any_database}
    program = [sys.executable, *project.notice]
    said = subprocess.run(program, cwd=project.root, env=environment, capture_output=True, text=True, check=False)
    if said.returncode == _WRONG_SETTINGS:
        raise LocalError(said.stderr.strip().removeprefix("Error: "))
    if said.returncode != 0:
        last = "\n  ".join(said.stderr.splitlines()[-_LINES:])
        raise LocalError(f"the settings could not be read; the end of what was said:\n  {last}")
    return said.stdout.splitlines()


def _say_started(project: Project, settings: Settings, notice: list[str]) -> None:
    who, *headers = notice
    shown = ["-H 'Content-Type: application/json'", *(f'-H "{header}"' for header in headers)]
    print(f"Running at {settings.address}")
    print(f"Docs       {settings.address}{project.docs_path}")
    print(f"Access     {who}")
    print(f"Log file   {project.service_log}")
    print("Try        ", end="")
    print(f"curl -i {settings.address}{project.sample_path} {' '.join(shown)} -d '{project.sample_json}'", flush=True)
