"""Servers as they are run, and short ways to speak to them over HTTP."""

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

ROOM_FOR_LINES = 1024 * 1024  # bytes, as much as Linux gives to anybody
MAX_WAIT = 60  # seconds that anything here may take, on a machine that is busy with other things
Server = subprocess.Popen[str]
Serve = Callable[..., Server]


DEFAULT_PROGRAM = ("-m", "app")


def launch(folder: Path, program: Sequence[str] = DEFAULT_PROGRAM, **environment: str) -> Server:
    """Start a server as `make start` and the container do, but in a folder without `.env`, where its files stay."""
    own = {"WEB_WORKERS": "1", "LOG_FORMAT": "json", "TMPDIR": str(folder)}
    server = subprocess.Popen(  # noqa: S603  # ours
        [sys.executable, *program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), **own, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    if server.stderr and hasattr(fcntl, "F_SETPIPE_SZ"):
        # Most tests read its lines at the end, or never: it must not stop because 64 KiB of them wait.
        fcntl.fcntl(server.stderr, fcntl.F_SETPIPE_SZ, ROOM_FOR_LINES)
    return server


def post(port: int, t: int, user_id: int = 1, path: str = "/event") -> int:
    """Send an event; return the status of its answer, 0 when there is none."""
    body = json.dumps({"type": "deposit", "amount": "1", "user_id": user_id, "t": t}).encode()
    request = urllib.request.Request(  # http, on this machine
        f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=MAX_WAIT) as answer:  # noqa: S310  # as above
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def await_answer(port: int, t: int) -> None:
    """Send an event until it is taken; if it never is, fail with the last status, 0 for no answer."""
    deadline = time.monotonic() + MAX_WAIT
    while (status := post(port, t)) != 200:
        assert time.monotonic() < deadline, f"the last answer at port {port} was a {status}"
        time.sleep(0.05)


def await_port(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Return when a program that was started listens at its port; else fail with its log."""
    deadline = time.monotonic() + MAX_WAIT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise AssertionError(log.read_text(encoding="utf-8"))
