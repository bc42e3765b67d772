"""The account that runs PostgreSQL (A16), whose programs refuse to run as root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeAlias

from lib.local.terminal import LocalError

Account: TypeAlias = pwd.struct_passwd
_CANDIDATES = ("postgres", "nobody")
# PGPORT, PGDATA, PGOPTIONS and others may be set for another server, so they are not passed on.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")


def account_for(folder: Path) -> Account | None:
    """Choose the account for a data folder; None is the current user. Raises `LocalError` if there is none.

    Root takes the owner of an existing folder, so that another user's data stays theirs.
    """
    if os.geteuid() != 0:
        return None
    if folder.exists() and folder.stat().st_uid != 0:
        return pwd.getpwuid(folder.stat().st_uid)
    for name in _CANDIDATES:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise LocalError("PostgreSQL refuses root, and there is no user postgres or nobody: run this as an ordinary user")


def run_as(account: Account | None, argv: Sequence[str | Path], *, output: IO[bytes] | int) -> int:
    """Run a program as an account and return its exit status; raises `OSError` if it cannot be started."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return subprocess.run(
        argv,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",  # the account may not be allowed to enter the current folder
        env={**environment, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        check=False,
    ).returncode


def can_reach(account: Account | None, folder: Path) -> bool:
    """Return whether an account can enter a folder; it is tried, because any folder above may be closed."""
    return run_as(account, ["/bin/sh", "-c", 'cd "$0"', folder], output=subprocess.DEVNULL) == 0


def chown(path: Path, account: Account | None) -> None:
    """Make an account the owner of a file or folder."""
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid)


def write_secret(file: Path, text: str, account: Account | None) -> None:
    """Write a file that only an account can read; it is created atomically."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    chown(draft, account)
    draft.rename(file)
