"""The private PostgreSQL servers: a checkout's, which keeps its data, and temporary ones for tests and measurements."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from lib.local.account import account_for, can_reach, chown
from lib.local.cluster import Cluster
from lib.local.project import Project
from lib.local.terminal import LocalError

_FOLDER = "postgres"


def cluster_of(project: Project) -> Cluster:
    """Describe a checkout's PostgreSQL, without starting it; raises `LocalError`."""
    name = project.name.replace("-", "_")
    settings = project.own.postgres if project.own else {}
    return Cluster(home=_parent(project) / _FOLDER, name=name, log=project.postgres_log, settings=settings)


def _parent(project: Project) -> Path:
    """Choose the folder: as root, one outside a checkout that the account cannot reach; existing data stays.

    The folders above the checkout are not opened to the account: their owner closed them for a reason.
    """
    inside, outside = project.var, project.outside
    inside.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0 or (inside / _FOLDER).exists():
        return inside
    if (outside / _FOLDER).exists() or not can_reach(account_for(inside / _FOLDER), inside):
        return outside
    return inside


@contextlib.contextmanager
def temporary_cluster(*, settings: Mapping[str, str], name: str = "temporary") -> Iterator[str]:
    """Run a new, empty server while the context lasts, and yield the owner's address of its database.

    `settings` are written to postgresql.conf, such as {"fsync": "off"}; the database and its owner, a superuser, are
    called `name`. In the end everything is removed. Raises `LocalError`.
    """
    folder = _temporary_folder()
    try:
        cluster = Cluster(home=folder / _FOLDER, name=name, log=folder / "log", settings=settings)
        try:
            cluster.start()
            yield cluster.owner_url
        finally:
            cluster.stop(grace=0)
    finally:
        shutil.rmtree(folder)


def _temporary_folder() -> Path:
    """Create a folder that the account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-")).resolve()
    account = account_for(folder)
    chown(folder, account)
    if can_reach(account, folder):
        return folder
    folder.rmdir()
    raise LocalError(f"the user of PostgreSQL cannot reach {folder}: set TMPDIR to a folder that is open, such as /tmp")
