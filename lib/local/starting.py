"""The command `start`."""

import json
import os
import subprocess
import sys
import time

from lib.local.database_address import try_connection
from lib.local.log_files import open_log
from lib.local.project import Project
from lib.local.reports import all_lines
from lib.local.service import responds
from lib.local.settings import Settings
from lib.local.state import State, running_state
from lib.local.supervisor import OTHER_RUNS, STOPPED
from lib.local.terminal import LocalError, make, say

_PAUSE = 0.05  # seconds
_ANSWER_SECONDS = 30  # the supervisor may be restarting the service just now
_LINES = 15
_WRONG_SETTINGS = 2  # the exit status of a program that has named them
_ANY = "postgresql://127.0.0.1/any"  # who may use the service does not depend on the database


def start(project: Project, settings: Settings) -> int:
    """Start database and service unless they run, and return when the service answers: the exit status.

    The supervisor starts them; if that fails it says why, and stops what it has started. Raises `LocalError`, for
    example for wrong settings.
    """
    state = _state_after_others(project)
    if state is not None:
        _wait_for_answer(project, state)
        _say_running(project, settings, state)
        return 0
    notice = _notice(project, settings)
    for name, url in (("DATABASE_URL", settings.database_url), ("DATABASE_OWNER_URL", settings.owner_url)):
        if url:
            try_connection(url, name)
    status = _run_supervisor(project, settings)
    if status == OTHER_RUNS:
        say("Another start was quicker; waiting for it.")
        return start(project, settings)
    if status == STOPPED:
        raise LocalError(f"another command stopped this start: {make('start')} starts over")
    if status == 0 and project.own is None:  # the greeting of a further one says where it is
        _say_started(project, settings, notice)
    return status


def _state_after_others(project: Project) -> State | None:
    """Wait while another start or stop is in progress, then return the state of the supervisor that runs, if any."""
    announced = False
    while (state := running_state(project.supervisor_lock)) and not state.ready:
        if not announced:
            say(f"Another start or stop is in progress here; waiting for it. ({make('stop')} ends it.)")
            announced = True
        time.sleep(_PAUSE)
    return state


def _wait_for_answer(project: Project, state: State) -> None:
    deadline = time.monotonic() + _ANSWER_SECONDS
    while not responds(state.address + project.alive_path):
        if time.monotonic() > deadline:
            raise LocalError(f"the service runs at {state.address}, but does not answer: {make('logs')} shows why")
        time.sleep(_PAUSE)


def _run_supervisor(project: Project, settings: Settings) -> int:
    """Start the supervisor in the background; return 0 when everything is ready, or its exit status."""
    # Only the migrations use the owner's address. It comes by a pipe, because an environment would keep it.
    source, owner = os.pipe()
    os.write(owner, json.dumps(dict(settings.owner)).encode())
    os.close(owner)
    with open_log(project.service_log) as log, os.fdopen(source) as stdin:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "lib.local.supervisor"],
            cwd=project.root,
            env={**settings.environment, "PYTHONUNBUFFERED": "1"},
            stdin=stdin,
            stdout=log,
            start_new_session=True,
        )
    try:
        while not ((state := running_state(project.supervisor_lock)) and state.pid == supervisor.pid and state.ready):
            if supervisor.poll() is not None:
                return supervisor.returncode
            time.sleep(_PAUSE)
    except BaseException:
        supervisor.terminate()
        supervisor.wait()
        raise
    # It outlives this process. Without a return code, Python would warn that nothing waits for it.
    supervisor.returncode = 0
    return 0


def _say_running(project: Project, settings: Settings, state: State) -> None:
    say(f"Already running at {state.address} (pid {state.pid}); nothing was started.")
    if project.own:
        return  # its greeting says where it is
    print(
        "\n".join([f"Docs       {state.address}{project.docs_path}", *all_lines(project, project.greeting)]), flush=True
    )
    wanted = [f"{name}={value}" for name in ("HOST", "PORT") if (value := settings.environment.get(name))]
    if wanted and settings.address != state.address:
        say(f"To serve at {settings.address} instead: {make('stop')} && {make(' '.join(['start', *wanted]))}")


def _say_where(project: Project, address: str) -> None:
    for line in (f"Docs       {address}{project.docs_path}", *all_lines(project, project.greeting)):
        print(line, flush=True)


def _notice(project: Project, settings: Settings) -> list[str]:
    """Return the lines of the project's notice: who may use the service, then the headers that a request needs.

    It is asked before anything is started, because it checks all settings. Raises `LocalError` if some are wrong.
    """
    any_database = {} if settings.database_url else {"DATABASE_URL": _ANY}
    environment = {**settings.environment, "HOST": settings.host, **any_database}
    argv = [sys.executable, *project.notice]
    done = subprocess.run(argv, cwd=project.root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == _WRONG_SETTINGS:
        raise LocalError(done.stderr.strip().removeprefix("Error: "))
    if done.returncode != 0:
        end = "\n  ".join(done.stderr.splitlines()[-_LINES:])
        raise LocalError(f"the settings could not be read; the end of the error output:\n  {end}")
    return done.stdout.splitlines()


def _say_started(project: Project, settings: Settings, notice: list[str]) -> None:
    access, *headers = notice
    shown = " ".join(["-H 'Content-Type: application/json'", *(f'-H "{header}"' for header in headers)])
    print(f"Running at {settings.address}")
    _say_where(project, settings.address)
    print(f"Access     {access}")
    print(f"Log file   {project.service_log}")
    print(f"Try        curl -i {settings.address}{project.sample_path} {shown} -d '{project.sample_json}'", flush=True)
