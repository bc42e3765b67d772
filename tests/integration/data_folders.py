"""Data folders of PostgreSQL for tests about something else: initdb makes one, and the others are copies.

It takes a second and a half of a processor each time. test_cluster.py is about making them, and copies none.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lib.local import initdb
from lib.local.initdb import Plan


@contextmanager
def made_once(kept: Path) -> Iterator[None]:
    """Copy data folders from the folder `kept`, which keeps the first of each kind."""
    really = initdb._initdb  # noqa: SLF001  # the program itself; what is around it is done as always

    def copied_or_made(data: Path, password: Path, plan: Plan) -> None:
        template = kept / f"{plan.programs.major}-{plan.name}"
        if template.exists():
            copy(template / "data", data)
            password.write_text((template / "password").read_text())  # the copy knows its owner by that one
        else:
            really(data, password, plan)
            template.mkdir(parents=True)
            copy(data, template / "data")
            (template / "password").write_text(password.read_text())

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(initdb, "_initdb", copied_or_made)
        yield


def copy(source: Path, target: Path) -> None:
    """Copy a folder; its files stay their owner's."""
    subprocess.run(["cp", "-a", source, target], check=True)  # noqa: S603, S607
