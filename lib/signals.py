"""Signals that reach the main thread, whichever thread of the process the system gives them to.

Python handles signals in its main thread alone. One that waits for a lock without end, as that of a server does, wakes
only when the system gives the signal to it; a thread that begins just then may take it instead. Nobody would act upon
it, and a process that was told to end would go on until it is killed.
"""

import signal
import socket
import threading

ENDING = (signal.SIGTERM, signal.SIGINT)


def pass_on_to_main_thread() -> None:
    """Have each of `ENDING` that any thread takes wake the main thread as well; to be called there.

    Its handler may run twice.
    """
    ear, mouth = socket.socketpair()
    mouth.setblocking(False)  # noqa: FBT003 - its signature
    signal.set_wakeup_fd(mouth.detach(), warn_on_full_buffer=False)
    threading.Thread(target=_pass_on, args=(ear, threading.main_thread().ident), name="signals", daemon=True).start()


def _pass_on(ear: socket.socket, main: int) -> None:
    """Wake the main thread once for each signal: what it is sent by this comes here, too, and is not sent again."""
    left = set(ENDING)
    while left and (came := ear.recv(1)):
        if came[0] in left:
            left.discard(signal.Signals(came[0]))
            signal.pthread_kill(main, came[0])
