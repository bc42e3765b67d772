"""The command `start`."""

import json
import os
import secrets
import subprocess
import sys
import time

from lib.local.database_address import try_connection
from lib.local.errors import LocalError
from lib.local.hints import make
from lib.local.log_files import open_log
from lib.local.project import Project
from lib.local.service import MARK, OTHER_RUNS, STOPPED, answers
from lib.local.settings import Settings
from lib.local.state import State, running_state
from lib.local.terminal import say

_PAUSE = 0.05
_ANSWER_SECONDS = 30  # the supervisor may just be starting it again
_LINES = 15
_WRONG_SETTINGS = 2  # the status of a program that found some, and named them
_ANY = "postgresql://127.0.0.1/any"  # what need not be known to say who may use the service


def start(project: Project, settings: Settings) -> int:
    """Start database and service, unless they run, and return when the service answers.

    The supervisor does it, says what fails, and stops what it had started. Raises `LocalError` for wrong settings.
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
        raise LocalError(f"another command stopped this start: {make('start')} begins anew")
    if status == 0:
        _say_started(project, settings, notice)
    return status


def _state_after_others(project: Project) -> State | None:
    """Return what runs, once no other start or stop is under way."""
    said = False
    while (state := running_state(project.supervisor_lock)) and not state.ready:
        if not said:
            say(f"Another start or stop is under way here; waiting for it. ({make('stop')} ends it.)")
            said = True
        time.sleep(_PAUSE)
    return state


def _wait_for_answer(project: Project, state: State) -> None:
    deadline = time.monotonic() + _ANSWER_SECONDS
    while not answers(state.address + project.alive_path):
        if time.monotonic() > deadline:
            raise LocalError(f"the service runs at {state.address}, but does not answer: {make('logs')} shows why")
        time.sleep(_PAUSE)


def _run_supervisor(project: Project, settings: Settings) -> int:
    """Start the supervisor in the background, in a session of its own: 0 when all is ready, else its exit status."""
    # The owner's address is for the migrations alone: no environment holds it, where it would stay.
    source, owner = os.pipe()
    os.write(owner, json.dumps(dict(settings.owner)).encode())
    os.close(owner)
    with open_log(project.service_log) as log, os.fdopen(source) as stdin:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "lib.local.supervisor"],
            cwd=project.root,
            env={**settings.environment, "PYTHONUNBUFFERED": "1", MARK: secrets.token_hex(16)},
            stdin=stdin,
            stdout=log,
            start_new_session=True,
        )
    try:
        while not _is_ready(running_state(project.supervisor_lock), supervisor.pid):
            if supervisor.poll() is not None:
                return supervisor.returncode
            time.sleep(_PAUSE)
    except BaseException:
        supervisor.terminate()
        supervisor.wait()
        raise
    # It is meant to outlive us; without this, Python warns of a child nobody waits for.
    supervisor.returncode = 0
    return 0


def _is_ready(state: State | None, pid: int) -> bool:
    return state is not None and state.pid == pid and state.ready


def _say_running(project: Project, settings: Settings, state: State) -> None:
    say(f"Already running at {state.address} (pid {state.pid}); nothing was started.")
    print(f"Docs       {state.address}{project.docs_path}", flush=True)
    wanted = [f"{name}={value}" for name in ("HOST", "PORT") if (value := settings.environment.get(name))]
    if wanted and settings.address != state.address:
        say(f"To serve at {settings.address} instead: {make('stop')} && {make(' '.join(['start', *wanted]))}")


def _notice(project: Project, settings: Settings) -> list[str]:
    """Have the project say who may use its service, and in further lines which headers a request needs for it.

    It does so before anything is started, since it reads all settings for that.
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
    shown = " ".join(["-H 'Content-Type: application/json'", *(f'-H "{header}"' for header in headers)])
    print(f"Running at {settings.address}")
    print(f"Docs       {settings.address}{project.docs_path}")
    print(f"Access     {who}")
    print(f"Log file   {project.service_log}")
    print(f"Try        curl -i {settings.address}{project.sample_path} {shown} -d '{project.sample_json}'", flush=True)
