"""A connection on which every operation ends by the deadline, and no more is read than may be.

A timeout of a socket holds for one operation, so a server that sends a byte a second never meets it. Here each
operation gets only what is left of the time. Within one, such as a read over TLS that takes several packets, the
interpreter itself counts from the beginning.
"""

import io
import socket
from typing import TYPE_CHECKING

from lib.safe_http.bounds import Deadline
from lib.safe_http.connections import reason
from lib.safe_http.errors import Failed

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SENDING, WAITING, READING = "sending the request", "waiting for the answer", "reading the answer's body"
MAX_HEAD = 32 * 1024  # bytes of status line and headers, with those of 1xx answers before them
MAX_BODY = 64 * 1024  # bytes of the body, chunk sizes included


class Wire(io.RawIOBase):
    """Sends a request and is the file that `http.client` reads the answer from; it does not close the connection.

    Until `begin_body`, a connection that ends or sends too much is an error. After it, both are the end of the file:
    the status is known, and of the body as much is kept as came.
    """

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline
        self._doing = WAITING
        self._room = MAX_HEAD

    def send_all(self, data: bytes) -> None:
        """Send all of this.

        Raises:
            Failed: if the time is over, or the connection ends.

        """
        rest = memoryview(data)
        try:
            while rest:
                self._connection.settimeout(self._deadline.remaining(SENDING))
                rest = rest[self._connection.send(rest) :]
        except TimeoutError:
            raise self._deadline.missed(SENDING) from None
        except OSError as error:
            raise Failed(f"cannot send: {reason(error)}") from None

    def begin_body(self, status: int) -> None:
        """Note that the headers have been read."""
        self._doing = f"{READING} (status {status})"
        self._room = MAX_BODY

    def readable(self) -> bool:
        """Return True, as `io` asks."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read some bytes; return how many, 0 at the end.

        Raises:
            Failed: if the time is over or, within the headers, if nothing more comes or may be read.

        """
        if not self._room:
            return self._end(f"its headers are longer than {MAX_HEAD // 1024} KiB")
        try:
            self._connection.settimeout(self._deadline.remaining(self._doing))
            count = self._connection.recv_into(memoryview(buffer)[: self._room])
        except TimeoutError:
            raise self._deadline.missed(self._doing) from None
        except OSError as error:
            return self._end(reason(error))
        if not count:
            return self._end("the connection was closed")
        self._room -= count
        return count

    def _end(self, why: str) -> int:
        if self._doing == WAITING:
            raise Failed(f"no answer: {why}")
        return 0
