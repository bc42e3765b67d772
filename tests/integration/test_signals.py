"""A signal handler runs even if another thread than the main one receives the signal."""

import subprocess
import sys

from tests.integration.servers import MAX_WAIT

# The main thread waits as that of a server does, without end; the other thread gets the signal for certain.
WAITING = """
import signal, threading, time
from lib.signals import forward_to_main_thread

told = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: told.set())
forward_to_main_thread()

def get_it():
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Thread(target=get_it).start()
told.wait()
"""


def test_a_signal_handler_runs_while_the_main_thread_waits() -> None:
    subprocess.run([sys.executable, "-c", WAITING], check=True, timeout=MAX_WAIT)  # noqa: S603  # ours
