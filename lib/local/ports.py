"""Ports of this machine: whether one is free, and one for a private server."""

import contextlib
import errno
import secrets
import socket
from pathlib import Path

from lib.local.errors import LocalError
from lib.local.hints import make

# Below the ranges from which Linux (32768 up) and others (49152 up) take the ports of outgoing connections.
_LOWEST = 15432
_COUNT = 10_000
_TRIES = 100
_GREATEST = 65535
_STEP = 55  # from a port that is taken to the one that is proposed


def refusal(host: str, port: int) -> OSError | None:
    """Try to listen; None when that works, else the error.

    Without SO_REUSEPORT: with it, two servers of one user share a port and neither notices.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # A port with connections of an ended server (TIME_WAIT) is free, as it is for servers.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        return error
    return None


def explain(error: OSError, host: str, port: int) -> LocalError:
    """Say in one line why an address cannot be listened at, and what to do."""
    if error.errno == errno.EADDRINUSE:
        other = port + _STEP if port + _STEP <= _GREATEST else port - _STEP
        again = make(f"start PORT={other}")
        return LocalError(f"port {port} is taken by another program: choose one, as in {again}")
    if error.errno == errno.EACCES:
        return LocalError(f"port {port} needs root: choose one above 1023, as in {make('start PORT=5055')}")
    return LocalError(f"HOST={host} is no address of this machine ({error.strerror}): try HOST=127.0.0.1")


def kept_port(file: Path) -> int:
    """Choose the port of a private server: the one in `file` while it is free, else another, then kept there.

    Raises:
        LocalError: no port is free.

    """
    with contextlib.suppress(FileNotFoundError, ValueError):
        port = int(file.read_text())
        if refusal("127.0.0.1", port) is None:
            return port
    for _ in range(_TRIES):
        port = _LOWEST + secrets.randbelow(_COUNT)
        if refusal("127.0.0.1", port) is None:
            file.write_text(str(port))
            return port
    raise LocalError("no free port for the private database: set DATABASE_URL to one that runs already")
