"""The two private PostgreSQL servers there are: that of a checkout, which lasts, and those of the tests."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from lib.local.account import account_for, can_enter, give
from lib.local.cluster import Cluster
from lib.local.errors import LocalError
from lib.local.project import Project

_FOLDER = "postgres"


def cluster_of(project: Project) -> Cluster:
    """Describe the private PostgreSQL of a checkout; nothing is started. Raises `LocalError`."""
    name = project.name.replace("-", "_")
    return Cluster(home=_parent(project) / _FOLDER, name=name, log=project.postgres_log)


def _parent(project: Project) -> Path:
    """Choose the folder: outside where root cannot use the checkout. Where data already is, it stays.

    No folder above the checkout is ever opened to the account instead: who made it private had a reason.
    """
    inside, outside = project.var, project.outside
    inside.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0 or (inside / _FOLDER).exists():
        return inside
    if (outside / _FOLDER).exists() or not can_enter(account_for(inside / _FOLDER), inside):
        return outside
    return inside


@contextlib.contextmanager
def temporary_cluster(*, settings: Mapping[str, str], name: str = "temporary") -> Iterator[str]:
    """Run a new, empty server for as long as the context lasts; yields the address of its database for its owner.

    `settings` go to postgresql.conf, such as {"fsync": "off"}; `name` is that of its database and of the superuser who
    owns it. Nothing of it is left afterwards. Raises `LocalError`.
    """
    folder = _temporary_folder()
    try:
        cluster = Cluster(home=folder / _FOLDER, name=name, log=folder / "log", settings=settings)
        try:
            cluster.start()
            yield cluster.owner_url
        finally:
            cluster.stop(patience=0)
    finally:
        shutil.rmtree(folder)


def _temporary_folder() -> Path:
    """Make a folder that the account reaches; the usual place for them may be private to root."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-")).resolve()
    account = account_for(folder)
    give(folder, account)
    if can_enter(account, folder):
        return folder
    folder.rmdir()
    raise LocalError(f"the user of PostgreSQL cannot reach {folder}: set TMPDIR to a folder that is open, such as /tmp")
