"""The commands `stop` and `clean`, for the checkout with its further instances."""

import time

from lib.local.postgres import cluster_of
from lib.local.processes import kill_leftovers
from lib.local.project import Project
from lib.local.state import stop_supervisor
from lib.local.terminal import say
from lib.local.without_packages import remove


def stop(project: Project) -> int:
    """Stop what this checkout has started, further instances too; the data stays."""
    began = time.monotonic()
    stopped = [stop_one(each) for each in (*project.further(), project)]
    say(f"Stopped ({time.monotonic() - began:.1f} s); the data stays." if any(stopped) else "Nothing is running.")
    return 0


def stop_one(project: Project) -> bool:
    """Stop one instance; return whether anything of it ran."""
    stopped = stop_supervisor(project.supervisor_lock)
    kill_leftovers(project.mark)
    # Even if the settings name another database now: it may have been started before.
    cluster = cluster_of(project)
    if cluster.is_running():
        cluster.stop()
        return True
    return stopped


def clean(project: Project) -> int:
    """Stop everything, then remove the data and the logs."""
    stop(project)
    for each in (*project.further(), project):
        remove(each)
    return 0
