"""Data folders of PostgreSQL for tests about something else: initdb makes one, and the others are copies.

It takes a second and a half of a processor each time. test_cluster.py is about making them, and copies none.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lib.local.account import Account
from lib.local.binaries import Binaries
from lib.local.cluster import Cluster


@contextmanager
def made_once(kept: Path) -> Iterator[None]:
    """Copy data folders from the folder `kept`, which keeps the first of each kind."""
    really = Cluster.initdb  # the program itself; what is around it is done as always

    def copied_or_made(self: Cluster, home: Path, binaries: Binaries, account: Account | None) -> None:
        template = kept / f"{binaries.major}-{self.name}"
        if template.exists():
            copy(template / "data", home / "data")
            (home / "password").write_text((template / "password").read_text())  # the copy knows its owner by that one
        else:
            really(self, home, binaries, account)
            template.mkdir(parents=True)
            copy(home / "data", template / "data")
            (template / "password").write_text((home / "password").read_text())

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(Cluster, "initdb", copied_or_made)
        yield


def copy(source: Path, target: Path) -> None:
    """Copy a folder; its files stay their owner's."""
    subprocess.run(["cp", "-a", source, target], check=True)  # noqa: S603, S607
