"""Ports of this machine: whether one is free, one for a private server, and one for a supervisor alone."""

import errno
import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

from lib.local.errors import LocalError
from lib.local.hints import make

_ANY = 0
_MAX_PORT = 65535
_STEP = 55  # from a port that is taken to the one that is proposed
_LOCKS = Path("/tmp")  # noqa: S108 - the same for all shells of a user; TMPDIR need not be


def listen(host: str, port: int) -> int:
    """Listen for a moment and return the port, a free one for 0; raises `OSError` where another program has it.

    Without SO_REUSEPORT: with it, two servers of one user share a port and neither notices.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        # A port with connections of an ended server (TIME_WAIT) is free, as it is for servers.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen()
        return int(probe.getsockname()[1])


def kept_port(file: Path) -> int:
    """Return the port in `file` while it is free, else another, which is then kept there."""
    with suppress(OSError, ValueError):
        return listen("127.0.0.1", int(file.read_text()))
    port = listen("127.0.0.1", _ANY)
    file.write_text(str(port))
    return port


def reserve_port(host: str, port: int) -> None:
    """Reserve a port among the supervisors of this user, until this process ends; raises `LocalError`.

    The workers of two services would share a port (SO_REUSEPORT). That it was free when somebody looked is no help to
    two who look at once. It is reserved by the port alone: a server at 0.0.0.0 shares it with one at 127.0.0.1.
    """
    # Through no link, and waiting for no pipe that somebody may have put there.
    flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        fcntl.flock(
            os.open(_LOCKS / f"lib.local-{os.getuid()}-port-{port}", flags, 0o600), fcntl.LOCK_EX | fcntl.LOCK_NB
        )
        listen(host, port)
    except OSError as error:
        raise LocalError(_why(error, host, port)) from error


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno in (errno.EADDRINUSE, errno.EWOULDBLOCK):
        other = port + _STEP if port + _STEP <= _MAX_PORT else port - _STEP
        return f"port {port} is taken by another program: choose one, as in {make(f'start PORT={other}')}"
    if error.errno == errno.EACCES:
        return f"port {port} needs root: choose one above 1023, as in {make('start PORT=5055')}"
    return f"HOST={host} is no address of this machine ({error.strerror}): try HOST=127.0.0.1"
