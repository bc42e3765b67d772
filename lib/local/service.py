"""The service as seen from outside: its supervisor, its port, its answers."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException

import psutil

from lib.local import processes
from lib.local.claims import claimed
from lib.local.errors import LocalError
from lib.local.hints import make
from lib.local.ports import explain, refusal
from lib.local.project import Project
from lib.local.rotated_log import opened
from lib.local.settings import Settings
from lib.local.state import State, last_state, read_state
from lib.local.supervisor import GRACE_SECONDS, MARK
from lib.local.terminal import tail

_SUPERVISOR = ["-m", "lib.local.supervisor"]
_ANSWER_SECONDS = 30
_LEFTOVER_SECONDS = 3
_ENDING_SECONDS = 2
_FAILED_STARTS = 4
_STOP_SECONDS = GRACE_SECONDS + 30
_PAUSE = 0.1
_LINES = 15
# A proxy of the environment has no business with an address of this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def running(project: Project) -> State | None:
    """Look for the running supervisor."""
    return read_state(project.supervisor_lock)


@contextlib.contextmanager
def claimed_port(project: Project, settings: Settings) -> Iterator[int]:
    """Claim the port, with patience for what is left of a killed run; yields the open file that is the claim.

    Raises:
        LocalError: it cannot be had; the line says why.

    """
    _end_leftovers(project)
    with contextlib.ExitStack() as held:
        try:
            claim = held.enter_context(claimed(settings.port))
        except OSError as error:
            raise explain(error, settings.host, settings.port) from error
        check_port(settings)
        yield claim


def check_port(settings: Settings) -> None:
    """Make sure that the service can listen.

    Raises:
        LocalError: it cannot; the line says why.

    """
    error = refusal(settings.host, settings.port)
    if error is not None:
        raise explain(error, settings.host, settings.port)


def _end_leftovers(project: Project) -> None:
    """Wait for what is left of the service of a killed supervisor; it ends by itself, unless it is stuck."""
    left = _leftovers(project)
    if not processes.gone(left, seconds=_LEFTOVER_SECONDS):
        processes.kill(process for process in left if processes.alive(process))


def _leftovers(project: Project) -> list[psutil.Process]:
    state = last_state(project.supervisor_lock)
    return processes.with_variable(MARK, state.mark) if state and state.mark else []


def launch_supervisor(project: Project, settings: Settings, claim: int) -> "subprocess.Popen[bytes]":
    """Start the supervisor in the background: in a session of its own, its output in the log.

    It inherits the claim on the port, and by that alone has it until it ends.
    """
    project.logs.mkdir(parents=True, exist_ok=True)
    with os.fdopen(opened(project.service_log), "ab") as log:
        return subprocess.Popen(
            [sys.executable, *_SUPERVISOR],
            cwd=project.root,
            env={**settings.environment, "PYTHONUNBUFFERED": "1", MARK: secrets.token_hex(16)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[claim],
            start_new_session=True,
        )


def wait_for_answer(project: Project, pid: int, starts: int = 0) -> None:
    """Wait until the service of the supervisor `pid`, and no other, answers a request with anything.

    `starts` is how often that supervisor has started its service before.

    Raises:
        LocalError: it does not; the last lines of the log are in the message.

    """
    deadline = time.monotonic() + _ANSWER_SECONDS
    while not _served_by(state := running(project), pid, project.alive_path):
        failed = state is not None and state.pid == pid and state.starts >= starts + _FAILED_STARTS
        if failed or processes.find(pid) is None or time.monotonic() > deadline:
            time.sleep(_PAUSE)  # what was said last may still be on its way into the log
            last = "\n".join(f"  {line}" for line in tail(project.service_log, _LINES))
            raise LocalError(f"the service does not answer; the end of {project.service_log}:\n{last}")
        time.sleep(_PAUSE)


def _served_by(state: State | None, pid: int, path: str) -> bool:
    return state is not None and state.pid == pid and state.service_pid != 0 and answers(state.address + path)


def answers(url: str) -> bool:
    """Tell whether a GET is answered, with whatever status."""
    try:
        with _OPENER.open(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except (OSError, HTTPException):
        return False


def post_json(url: str, body: str, *, key: str | None = None) -> tuple[int, str, str]:
    """Send JSON, with a key if one is asked for; return status, reason and body of the answer.

    Raises:
        OSError: no answer.

    """
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    request = urllib.request.Request(url, data=body.encode(), headers=headers, method="POST")  # noqa: S310 - http
    try:
        with _OPENER.open(request, timeout=30) as answer:
            return answer.status, answer.reason, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.reason, error.read().decode()


def stop_supervisor(project: Project) -> bool:
    """Stop the supervisor with its service, the hard way when asking takes too long; False: none ran.

    Raises:
        LocalError: the number that it left is somebody else's by now.

    """
    state = running(project)
    if state is None:
        _end_leftovers(project)
        return False
    process = processes.find(state.pid)
    if process and not _is_supervisor(process, state):
        # One that is just ending shows nothing of itself any more, and holds its lock for a moment longer.
        if processes.gone([process], seconds=_ENDING_SECONDS):
            return stop_supervisor(project)
        raise LocalError(
            f"{project.supervisor_lock} is held, but not by its supervisor: see who holds it (fuser "
            f"{project.supervisor_lock}), end that, then {make('stop')}"
        )
    family = [process, *process.children(recursive=True)] if process else []
    for number in (signal.SIGTERM, signal.SIGCONT):  # a stopped process hears nothing before it goes on
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.pid, number)
    if not processes.gone(family, seconds=_STOP_SECONDS):
        processes.kill(each for each in family if processes.alive(each))
    return True


def _is_supervisor(process: psutil.Process, state: State) -> bool:
    if state.mark:
        return processes.has_variable(process, MARK, state.mark)
    return process.cmdline()[1:] == _SUPERVISOR  # of 0.1, which left no mark
