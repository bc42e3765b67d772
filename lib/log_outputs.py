"""Where the log goes: nobody waits long for a reader that has stopped.

Standard error is often a pipe or a socket, which is full when its reader (journald, Docker, a program after a |) hangs.
A write would then wait for ever, and with it every request that logs a line.
"""

import os
import select
import socket
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

PATIENCE = 0.5  # seconds that a line waits for its reader; after that lines are dropped until the reader goes on

Send = Callable[[bytes], int]


class Output:
    """Writes lines to an open file, each in one call if that takes it whole; counts the lines that it drops."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._send = _without_waiting(descriptor)
        self._stalled = False
        self._torn = False  # whether the last line is written in part
        self._dropped = 0

    def write(self, line: bytes) -> int:
        """Write a line; return how many lines were dropped before it, if this is the first since then."""
        try:
            sent = self._send(b"\n" + line if self._torn else line)
        except BlockingIOError:
            sent = 0
        if sent == len(line) and not self._dropped:
            return 0
        return self._write_rest(line, sent)

    def _write_rest(self, line: bytes, sent: int) -> int:
        """Write what is left of a line that was begun, or drop it; return as `write` does."""
        rest = (b"\n" + line if self._torn else line)[sent:]
        self._torn = self._torn or (sent > 0 and bool(rest))
        if rest and not self._goes_on(rest):
            self._dropped += 1
            return 0
        self._stalled = self._torn = False
        dropped, self._dropped = self._dropped, 0
        return dropped

    def _goes_on(self, rest: bytes) -> bool:
        """Write the rest of a line when the reader has made room; tell whether that was soon."""
        size, end = len(rest), time.monotonic() + PATIENCE
        while rest and not self._stalled and (left := end - time.monotonic()) > 0:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLOUT)
            poll.poll(left * 1000)
            with suppress(BlockingIOError):
                rest = rest[self._send(rest) :]
        self._stalled = bool(rest)
        self._torn = self._torn or len(rest) < size
        return not rest


def _without_waiting(descriptor: int) -> tuple[int, Send]:
    """Return a descriptor of the same file, and how to write to it without waiting; disks are waited for.

    The file's own flag stays as it is: other programs may share it.
    """
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISSOCK(kind):
        ours = socket.socket(fileno=os.dup(descriptor))
        return ours.fileno(), lambda line: ours.send(line, socket.MSG_DONTWAIT)
    if stat.S_ISFIFO(kind):
        try:
            descriptor = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # not on Linux, or another user's
            return descriptor, partial(_write_if_there_is_room, descriptor)
    return descriptor, partial(os.write, descriptor)


def _write_if_there_is_room(descriptor: int, line: bytes) -> int:
    """Write as much as a pipe has room for, in pieces that never wait; raises `BlockingIOError` if it has none."""
    poll, sent = select.poll(), 0
    poll.register(descriptor, select.POLLOUT)
    while sent < len(line) and poll.poll(0):
        sent += os.write(descriptor, line[sent : sent + select.PIPE_BUF])
    if not sent:
        raise BlockingIOError
    return sent
