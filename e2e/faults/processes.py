"""The processes of a site and no others, found from the pids that its own commands name."""

import contextlib
import signal
import time
from collections.abc import Iterable, Iterator

import psutil

from e2e.site import Site, SiteError


def supervisor(site: Site) -> psutil.Process:
    return psutil.Process(site.supervisor_and_server()[0])


def server(site: Site) -> psutil.Process:
    """Find the server's main process, which supervises the workers."""
    return psutil.Process(site.supervisor_and_server()[1])


def workers(site: Site) -> list[psutil.Process]:
    """Find the processes that answer requests; the tracker of multiprocessing is none."""
    return [child for child in server(site).children() if "resource_tracker" not in " ".join(child.cmdline())]


def all_of_the_service(site: Site) -> list[psutil.Process]:
    """Find every process but those of PostgreSQL, parents before children."""
    parent = supervisor(site)
    return [parent, *parent.children(recursive=True)]


def postmaster(site: Site) -> psutil.Process:
    number = (site.data() / "postmaster.pid").read_text().split("\n", 1)[0]
    return psutil.Process(int(number))


def kill(victims: Iterable[psutil.Process]) -> float:
    """Send SIGKILL to all, then wait until they have ended; return when it was sent."""
    victims, moment = list(victims), time.monotonic()
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.send_signal(signal.SIGKILL)
    while any(map(alive, victims)):
        if time.monotonic() > moment + 10:
            raise SiteError(f"still alive after SIGKILL: {[victim.pid for victim in victims if alive(victim)]}")
        time.sleep(0.01)
    return moment


def alive(process: psutil.Process) -> bool:
    """Tell whether a process runs; a zombie does not, whether or not its parent has looked."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


@contextlib.contextmanager
def stopped(parent: psutil.Process) -> Iterator[None]:
    """Stop a process and then its children, since it can then start no more; resume all at the end."""
    parent.suspend()
    with stopped_processes([parent, *parent.children(recursive=True)]):
        yield


@contextlib.contextmanager
def stopped_processes(family: Iterable[psutil.Process]) -> Iterator[None]:
    """Stop these processes, parents first; resume those that are left at the end."""
    family = list(family)
    try:
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.suspend()
        yield
    finally:
        for member in reversed(family):
            with contextlib.suppress(psutil.NoSuchProcess):
                member.resume()


def await_end(process: psutil.Process, *, seconds: float) -> float:
    """Return when the process has ended, however it did."""
    limit = time.monotonic() + seconds
    while alive(process):
        if time.monotonic() > limit:
            raise SiteError(f"process {process.pid} is still there after {seconds} s")
        time.sleep(0.05)
    return time.monotonic()
