"""Delivers signals to the main thread, whichever thread of the process the kernel chose.

Python handles signals in its main thread only. A main thread that waits for a lock without a timeout, as a server's
does, wakes only if the kernel delivers the signal to it; a thread that is just starting may receive it instead. Then
nobody acts on it, and a process that was told to end runs until it is killed.
"""

import signal
import socket
import threading

ENDING = (signal.SIGTERM, signal.SIGINT)


def forward_to_main_thread() -> None:
    """Wake the main thread for each of `ENDING` that any thread receives; call this in the main thread.

    A handler may run twice.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)  # noqa: FBT003 - its signature
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
    threading.Thread(target=_pass_on, args=(reader, threading.main_thread().ident), name="signals", daemon=True).start()


def _pass_on(reader: socket.socket, main: int) -> None:
    """Send each signal to the main thread once: the signal that this sends arrives here too, and is dropped."""
    left = set(ENDING)
    while received := reader.recv(1):
        if received[0] in left:
            left.discard(signal.Signals(received[0]))
            signal.pthread_kill(main, received[0])
