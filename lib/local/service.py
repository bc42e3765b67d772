"""The service as seen from outside: how it answers, and how it is stopped."""

import http.client
from contextlib import closing, suppress
from urllib.parse import urlsplit

import psutil

from lib.local.processes import end, with_variable
from lib.local.state import State

MARK = "LOCAL_RUN"  # the variable by which all that one start has started is known
OTHER_RUNS, STOPPED = 4, 5  # exit statuses of a supervisor: it found another, or it was stopped
GRACE_SECONDS = 15
_STOP_SECONDS = GRACE_SECONDS + 30
_LEFTOVER_SECONDS = 3


def answers(url: str) -> bool:
    """Tell whether a GET is answered, with whatever status."""
    with suppress(OSError, http.client.HTTPException):
        request(url, seconds=5)
        return True
    return False


def request(url: str, json: str = "", *, key: str | None = None, seconds: float = 30) -> tuple[int, str, str]:
    """POST JSON, or GET where there is none, with a key if one is given; return status, reason and body of the answer.

    Raises `OSError` or `HTTPException` where there is no answer.
    """
    place = urlsplit(url)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    with closing(http.client.HTTPConnection(place.hostname or "", place.port, timeout=seconds)) as connection:
        connection.request("POST" if json else "GET", place.path, json or None, headers)
        answer = connection.getresponse()
        return answer.status, answer.reason, answer.read().decode()


def stop_supervisor(state: State | None) -> bool:
    """Stop a supervisor with its programs, and kill what takes too long; False when it did not run.

    Only what has its mark in the environment is ended. Programs of a killed supervisor end by themselves, unless they
    are stuck.
    """
    family = with_variable(MARK, state.mark) if state else []
    supervisors = [process for process in family if state and process.pid == state.pid]
    for process in supervisors:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
            process.resume()  # a stopped process hears nothing before it goes on
    end(family, after=_STOP_SECONDS if supervisors else _LEFTOVER_SECONDS)
    return bool(supervisors)
