"""`python -m app`: serve in the foreground until SIGTERM or SIGINT; requests under way are finished first."""

import socket
import sys
from functools import partial
from multiprocessing import get_start_method
from typing import TYPE_CHECKING

from app.access.domain import Access
from app.access.origins import is_loopback
from app.config import Settings, read_settings
from app.notice import access_notice
from app.server import load, load_worker, server
from app.sessions import check_session_settings
from app.version import VERSION
from lib import lifeline, logs
from lib.heartbeat import make_pipe
from lib.logs import get_logger
from lib.metrics.folder import shared_folder
from lib.settings import SettingsError
from lib.watchdog import Watchdog, watcher_callbacks

if TYPE_CHECKING:
    from granian.server import MPServer

log = get_logger()


def refuse_shared_port(settings: Settings) -> None:
    """End with a clear message if another program listens at the address.

    The server itself would not notice: its workers share their port, and would share it with that program too.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the server does, unlike its workers: a port counts as free while its last connections close.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            sys.exit(f"cannot listen at {settings.host} port {settings.port}: {error.strerror}; set PORT to another")


def serve() -> None:
    """Serve until the process is stopped; raises `SettingsError` if the settings are wrong."""
    settings = read_settings()
    logs.configure(settings.log_level, settings.log_format, settings.log_file)
    lifeline.watch()
    refuse_shared_port(settings)
    log.info("starting", version=VERSION, env=settings.env)
    log_access(settings)
    check_session_settings(settings)
    if get_start_method() == "fork":
        load()
    with shared_folder():
        serve_watched(server(settings))


def serve_watched(served: "MPServer") -> None:
    """Serve, and replace workers that no longer give signs of life (A35)."""
    receiver, sender = make_pipe()
    Watchdog(receiver.fileno(), lambda: [worker.inner for worker in served.wrks], watcher_callbacks()).start()
    served.serve(target_loader=partial(load_worker, sender), wrap_loader=False)


def log_access(settings: Settings) -> None:
    """Log who may use the service; warn if that is everybody."""
    write = log.info if settings.access is not Access.OPEN or is_loopback(settings.host) else log.warning
    write("access", access=settings.access.value, who=access_notice(settings))


def main() -> None:
    """Serve, or print which setting is wrong."""
    try:
        serve()
    except SettingsError as error:
        error.show()
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
