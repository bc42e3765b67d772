"""Sends requests to the service, and stops its supervisor."""

import http.client
from contextlib import closing, suppress
from urllib.parse import urlsplit

import psutil

from lib.local.processes import kill_after, started_with
from lib.local.state import State

MARK = "LOCAL_RUN"  # the variable with the mark of a start, in the environment of all that it started
OTHER_RUNS, STOPPED = 4, 5  # exit statuses of a supervisor: another one runs, or a signal stopped it
GRACE_SECONDS = 15  # for the programs
_STOP_SECONDS = GRACE_SECONDS + 30
_LEFTOVER_SECONDS = 3


def responds(url: str) -> bool:
    """Return whether a GET gets a response, whatever its status."""
    with suppress(OSError, http.client.HTTPException):
        request(url, seconds=5)
        return True
    return False


def request(url: str, json: str = "", *, key: str | None = None, seconds: float = 30) -> tuple[int, str, str]:
    """Send a GET, or a POST if there is JSON to send, with a key if there is one.

    Returns status, reason and body of the response; raises `OSError` or `HTTPException` if there is none.
    """
    parts = urlsplit(url)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)) as connection:
        connection.request("POST" if json else "GET", parts.path, json or None, headers)
        response = connection.getresponse()
        return response.status, response.reason, response.read().decode()


def stop_supervisor(state: State | None) -> bool:
    """Stop a supervisor and its programs, killing those that take too long; return whether the supervisor ran.

    Only processes with its mark are ended. If the supervisor was killed, its programs end by themselves unless they are
    stuck.
    """
    family = started_with(MARK, state.mark) if state else []
    supervisors = [process for process in family if state and process.pid == state.pid]
    for process in supervisors:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
            process.resume()  # a stopped process would not handle the signal
    kill_after(family, seconds=_STOP_SECONDS if supervisors else _LEFTOVER_SECONDS)
    return bool(supervisors)
