"""What the HTTP server does: every default of it that matters is decided here, and told in docs/settings.md.

Granian has a value for all of them; none of its own stays in force unseen (A33).
"""

import resource
import sys
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import MPServer

from app.bounds import IDLE, THREADS
from app.config import Settings
from lib import logs, signals
from lib.garbage import lasting
from lib.heartbeat import Line, Pulse

if TYPE_CHECKING:
    from apiflask import APIFlask

# HTTP/1.1 alone. A machine that sends one small event after the other gains nothing from HTTP/2; and its streams hold
# threads after their connection is gone, so that six of them stopped a worker for good.
HTTP = HTTPModes.http1

LONGEST_HEADER = 64 * 1024  # bytes, request line included; more is a 431

# Connections of a worker. One costs a file and a few kilobytes, so there are more than an attacker opens by hand; one
# more is accepted when another has ended. Those that the kernel holds until then are BACKLOG.
CONNECTIONS = 8192
BACKLOG = 4096
OTHER_FILES = 256  # that a worker has open: its connections to the database, logs, metrics

THREAD_IDLE = 30  # seconds after which a thread without work ends

LONGEST_GOODBYE = 10  # seconds that a worker may take to finish its requests
RESPAWN_PAUSE = 0.1  # seconds


def server(settings: Settings) -> MPServer:
    """Make the server of the settings; it spawns its workers when it serves."""
    return MPServer(
        "app.wsgi:worker",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        workers=settings.web_workers,
        http=HTTP,
        http1_settings=HTTP1Settings(
            header_read_timeout=IDLE * 1000, keep_alive=True, max_buffer_size=LONGEST_HEADER, pipeline_flush=False
        ),
        websockets=False,
        backlog=BACKLOG,
        backpressure=connections_allowed(),
        runtime_threads=1,
        blocking_threads=THREADS,
        blocking_threads_idle_timeout=THREAD_IDLE,
        respawn_failed_workers=True,
        respawn_interval=RESPAWN_PAUSE,
        workers_kill_timeout=LONGEST_GOODBYE,
        log_access=False,
        log_dictconfig=logs.GRANIAN,
        metrics_enabled=False,
    )


def load_worker(mouth: Line) -> "APIFlask":
    """Make the application of a worker, which gives signs of life from its first moment on, and ends when told to.

    Not a function of `app.__main__`: where workers are spawned (macOS), they cannot import that.
    """
    signals.pass_on_to_main_thread()
    pulse = Pulse(mouth.fileno())
    load()
    from app.wsgi import worker  # noqa: PLC0415  # as there

    return worker(pulse)


def load() -> None:
    """Import all that a worker serves with. Done before there are workers, they have it where they are forks."""
    with lasting():
        import app.wsgi  # noqa: F401, PLC0415  # only for that


def connections_allowed() -> int:
    """Raise the number of files that this process and its workers may open, and return how many connections fit.

    One connection more than there are files would have the server try to accept it again and again.
    """
    wanted = CONNECTIONS + OTHER_FILES
    soft, hard = (_number(limit) for limit in resource.getrlimit(resource.RLIMIT_NOFILE))
    files = max(soft, min(hard, wanted))
    if files > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return max(1, min(CONNECTIONS, files - OTHER_FILES))


def _number(limit: int) -> int:
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit
