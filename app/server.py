"""The HTTP server: every setting of Granian that matters is made here and described in docs/settings.md.

None of Granian's own defaults stays in force unseen (A33).
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
from lib.garbage import gc_paused
from lib.heartbeat import PipeEnd, Pulse

if TYPE_CHECKING:
    from apiflask import APIFlask

# HTTP/1.1 only. A machine that sends one small event after another gains nothing from HTTP/2, whose streams hold
# threads after their connection is gone: six of them stopped a worker for good.
HTTP = HTTPModes.http1

MAX_HEADER = 64 * 1024  # bytes, request line included; more is a 431

# Connections of a worker. Each costs a file and a few kilobytes, so there are more than an attacker opens by hand. When
# all are in use, the kernel holds up to BACKLOG more until others have ended.
CONNECTIONS = 8192
BACKLOG = 4096
OTHER_FILES = 256  # that a worker has open: database connections, logs, metrics

THREAD_IDLE = 30  # seconds after which a thread without work ends

SHUTDOWN_TIMEOUT = 10  # seconds that a worker may take to finish its requests
RESPAWN_PAUSE = 0.1  # seconds

# Granian's parameters that `server` leaves at their defaults, and why. A test compares both lists with Granian's own,
# so that an upgrade brings no setting that nobody decided on.
AT_DEFAULT = {
    "runtime_mode": "`auto` means `mt` for WSGI, here with the one thread of `runtime_threads`",
    "loop": "there are no coroutines",
    "task_impl": "there are no coroutines",
    "runtime_blocking_threads": "they read files that Granian serves itself; there are none",
    "http2_settings": "HTTP/2 is off",
    "log_enabled": "errors of the server belong in the log; `log_dictconfig` says how they look",
    "log_level": "as above",
    "log_access_format": "there is no access log: the service writes its own lines",
    "workers_lifetime": "a worker lives until it is stopped or replaced for a reason",
    "workers_max_rss": "its memory is bounded by its threads and connections; systemd and compose limit the rest",
    "rss_sample_interval": "as above",
    "rss_samples": "as above",
    "uds": "nginx and the service talk over TCP",
    "uds_permissions": "as above",
    "url_path_prefix": "paths are the same wherever the service is",
    "working_dir": "the service's programs decide where they start",
    "env_files": "app.config alone reads settings",
    "process_name": "`python … -m app` is how the process is found",
    "pid_file": "systemd, compose and the runner know the process themselves",
    **dict.fromkeys(
        (
            *("ssl_cert", "ssl_key", "ssl_key_password", "ssl_protocol_min", "ssl_ca", "ssl_crl"),
            "ssl_client_verify",
        ),
        "nginx ends TLS (docs/deploy.md)",
    ),
    **dict.fromkeys(
        ("static_path_route", "static_path_mount", "static_path_dir_to_file", "static_path_expires"),
        "no files are served",
    ),
    **dict.fromkeys(
        ("metrics_scrape_interval", "metrics_address", "metrics_port"),
        "Granian's own metrics are off; `/metrics` is the service's",
    ),
    **dict.fromkeys(
        (
            *("reload", "reload_paths", "reload_ignore_dirs", "reload_ignore_patterns", "reload_ignore_paths"),
            *("reload_filter", "reload_tick", "reload_ignore_worker_failure"),
        ),
        "a running service is never reloaded: it is replaced",
    ),
}


def server(settings: Settings) -> MPServer:
    """Make the server from the settings; it starts its workers when it serves."""
    return MPServer(
        "app.wsgi:worker",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        workers=settings.web_workers,
        http=HTTP,
        http1_settings=HTTP1Settings(
            header_read_timeout=IDLE * 1000, keep_alive=True, max_buffer_size=MAX_HEADER, pipeline_flush=False
        ),
        websockets=False,
        backlog=BACKLOG,
        backpressure=connections_allowed(),
        runtime_threads=1,
        blocking_threads=THREADS,
        blocking_threads_idle_timeout=THREAD_IDLE,
        respawn_failed_workers=True,
        respawn_interval=RESPAWN_PAUSE,
        workers_kill_timeout=SHUTDOWN_TIMEOUT,
        log_access=False,
        log_dictconfig=logs.GRANIAN,
        metrics_enabled=False,
    )


def load_worker(sender: PipeEnd) -> "APIFlask":
    """Make the application of a worker, which gives signs of life from its start and ends on signals.

    Not in `app.__main__`, because spawned workers (macOS) cannot import that.
    """
    signals.forward_to_main_thread()
    pulse = Pulse(sender.fileno())
    load()
    from app.wsgi import worker  # noqa: PLC0415  # imported in `load`

    return worker(pulse)


def load() -> None:
    """Import everything that a worker needs; workers inherit it if it is called before they are forked."""
    with gc_paused():
        import app.wsgi  # noqa: F401, PLC0415  # that is its purpose


def connections_allowed() -> int:
    """Raise the limit of open files of this process and its workers; return how many connections fit into it.

    With more connections than files, the server would try to accept the next one again and again.
    """
    wanted = CONNECTIONS + OTHER_FILES
    soft, hard = (_number(limit) for limit in resource.getrlimit(resource.RLIMIT_NOFILE))
    files = max(soft, min(hard, wanted))
    if files > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return max(1, min(CONNECTIONS, files - OTHER_FILES))


def _number(limit: int) -> int:
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit
