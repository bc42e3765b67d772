"""Logs that stay small: a little program stands between those who write and the file, and begins a new file in time.

They write into a pipe and never see a file renamed or cut under their hands, so no line is lost. The program outlives
them all: it ends when the last of them has ended and all is written.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

LIMIT = 10 * 2**20  # bytes of a file; the one before is kept as FILE.1
MODE = 0o640
_CHUNK = 65_536
_GATHER = 0.02  # seconds in which lines may gather, so that not each of them wakes this program
_PIPE = 2**20  # bytes that wait there, where the system allows it, so that nobody who writes has to


def opened(path: Path) -> int:
    """Open a log to add to it, made if need be; it says who did what, so not everybody on the machine may read it."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, MODE)
    with contextlib.suppress(OSError):  # somebody else's: then they decide
        os.fchmod(file, MODE)
    return file


def before(path: Path) -> Path:
    """Name the file that holds the part before that in a log."""
    return path.with_name(f"{path.name}.1")


class RotatedLog:
    """The ends of a pipe into a log, and the program at one of them, which may be started again when it has ended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._out, self._in = os.pipe()
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(self._in, fcntl.F_SETPIPE_SZ, _PIPE)
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start the program."""
        self._process = launch(self._out, self._path)

    def alive(self) -> bool:
        """Tell whether it runs."""
        return self._process is not None and self._process.poll() is None

    def take_over(self, *descriptors: int) -> None:
        """Let what this process and its children write to these go into the log, until the last of them has ended."""
        for each in descriptors:
            os.dup2(self._in, each)
        os.close(self._in)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[int]:
    """Lend an end of a pipe into a log, for a program that goes on writing when the context has ended."""
    source, end = os.pipe()
    process = launch(source, path)
    os.close(source)
    try:
        yield end
    finally:
        os.close(end)
        process.returncode = 0  # it is meant to outlive us; without this, Python warns of a child nobody waits for


def since(path: Path, begin: int) -> str:
    """Read what a log has from a byte on, or all of it where a new file was begun since."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as log:
        log.seek(begin if begin <= path.stat().st_size else 0)
        return log.read().decode(errors="replace")
    return ""


def arguments_of(path: Path) -> list[str]:
    """Return the first arguments of every program that writes this log, by which it can be found."""
    return ["-I", "-S", str(Path(__file__).resolve()), str(path)]


def launch(source: int, path: Path) -> "subprocess.Popen[bytes]":
    """Start a program that copies a pipe into a log."""
    argv = [sys.executable, *arguments_of(path), str(LIMIT)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(argv, cwd="/", stdin=source, stdout=quiet, stderr=quiet, start_new_session=True)


def copy(source: int, path: Path, limit: int) -> None:
    """Copy a pipe into a log until all who write have ended."""
    log = _Log(path, limit)
    while chunk := os.read(source, _CHUNK):
        # A full disk costs lines. Who stopped reading would have the service wait for ever.
        with contextlib.suppress(OSError):
            log.write(chunk)
        time.sleep(_GATHER)


class _Log:
    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit
        self._file: int | None = None
        self._in_line = False

    def write(self, chunk: bytes) -> None:
        """Write, and where the file is full go on in a new one, once the line that has begun is at its end."""
        if os.fstat(self._present()).st_size + len(chunk) > self._limit:
            rest_of_line = chunk.find(b"\n") + 1 or len(chunk) if self._in_line else 0
            self._append(chunk[:rest_of_line])
            chunk = chunk[rest_of_line:]
            if not self._in_line:
                with contextlib.suppress(OSError):  # better a log that grows than lines that are lost
                    self._path.replace(before(self._path))
        self._append(chunk)

    def _append(self, data: bytes) -> None:
        self._in_line = not data.endswith(b"\n") if data else self._in_line
        while data:
            data = data[os.write(self._present(), data) :]

    def _present(self) -> int:
        """Return the open file; another one where it was moved or removed, by us or by somebody else."""
        if self._file is None or moved(self._file, self._path):
            if self._file is not None:
                os.close(self._file)
            self._file = None  # should the next line fail
            self._file = opened(self._path)
        return self._file


def moved(file: int, path: Path) -> bool:
    """Tell whether an open file is no longer the one of this path."""
    try:
        return os.fstat(file).st_ino != path.stat().st_ino
    except FileNotFoundError:
        return True


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends with those who write, and not before
    copy(sys.stdin.fileno(), Path(sys.argv[1]), int(sys.argv[2]))
