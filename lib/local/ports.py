"""Ports: finds free ones, and reserves one for a supervisor."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lib.local.terminal import LocalError, make

_ANY = 0
_TRIED = 100  # ports above one
_MAX_PORT = 65535
_STEP = 55  # from a port that is taken to the one that the message proposes
_LOCKS = Path("/tmp")  # noqa: S108 - not TMPDIR, which may differ between a user's shells


def probe(host: str, port: int) -> int:
    """Listen on a port for a moment and return it, or a free one for 0; raises `OSError` if it cannot be used.

    SO_REUSEPORT is not set: with it, two servers of a user would share the port and neither would notice.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as listener:
        # As for servers, a port is free if only connections of an ended server are left (TIME_WAIT).
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
        return int(listener.getsockname()[1])


def saved_port(file: Path) -> int:
    """Return the port that is saved in a file if it is free; else choose a free one and save it."""
    with suppress(OSError, ValueError):
        return probe("127.0.0.1", int(file.read_text()))
    port = probe("127.0.0.1", _ANY)
    file.write_text(str(port))
    return port


def free_port_above(host: str, port: int) -> int:
    """Return the next free port above one, which no supervisor of this user reserves; raises `LocalError`."""
    for candidate in range(port + 1, min(port + _TRIED, _MAX_PORT) + 1):
        with suppress(OSError), _reserved(candidate):
            return probe(host, candidate)
    raise LocalError(f"no port above {port} is free: choose a lower one, as in PORT=5000")


@contextmanager
def _reserved(port: int) -> Iterator[None]:
    descriptor = _lock(port)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(port: int) -> int:
    """Lock a port's file and return its descriptor; raises `OSError` if another process has locked it."""
    # Others can write to this folder: follow no link of theirs, and do not block on a pipe.
    flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(_LOCKS / f"lib.local-{os.getuid()}-port-{port}", flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def reserve_port(host: str, port: int) -> None:
    """Reserve a port among this user's supervisors until this process ends; raises `LocalError` if it is taken.

    A probe alone is not enough: two supervisors may probe at the same time, and the workers of both would then share
    the port (SO_REUSEPORT). The host does not matter, because 0.0.0.0 shares a port with 127.0.0.1.
    """
    try:
        _lock(port)  # until this process ends
        probe(host, port)
    except OSError as error:
        raise LocalError(_explain(error, host, port)) from error


def _explain(error: OSError, host: str, port: int) -> str:
    if error.errno in (errno.EADDRINUSE, errno.EWOULDBLOCK):
        other = port + _STEP if port + _STEP <= _MAX_PORT else port - _STEP
        return f"port {port} is taken by another program: choose another, as in {make(f'start PORT={other}')}"
    if error.errno == errno.EACCES:
        return f"port {port} needs root: choose one above 1023, as in {make('start PORT=5055')}"
    return f"HOST={host} is not an address of this machine ({error.strerror}): try HOST=127.0.0.1"
