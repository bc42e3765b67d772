"""The account under which the programs of PostgreSQL run (A16). They refuse root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lib.local.errors import LocalError

_CANDIDATES = ("postgres", "nobody")
# PGPORT, PGDATA, PGOPTIONS and their like, meant for some other server, must not reach our programs.
_KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user of the machine, by name and numbers."""

    name: str
    uid: int
    gid: int


def account_for(folder: Path) -> Account | None:
    """Choose who runs PostgreSQL on a data folder: None is the present user.

    Root goes on with the owner of an existing folder, so data made by an ordinary user stays theirs.

    Raises:
        LocalError: root runs this, and the machine has neither of the accounts to stand in.

    """
    if os.geteuid() != 0:
        return None
    if folder.exists() and folder.stat().st_uid != 0:
        return _account(pwd.getpwuid(folder.stat().st_uid))
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in _CANDIDATES:
        if name in known:
            return _account(known[name])
    raise LocalError("PostgreSQL refuses root, and there is no account postgres or nobody: run this as a user")


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def call(argv: Sequence[str | Path], *, account: Account | None, output: IO[bytes] | int, given: bytes = b"") -> int:
    """Run a program as an account, `given` being its input; return its exit status.

    Raises:
        OSError: the program cannot be started, or not as that account.

    """
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return subprocess.run(
        argv,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",  # the present folder may be closed to the account
        env={**environment, "LC_ALL": "C"},
        input=given,
        stdout=output,
        stderr=subprocess.STDOUT,
        check=False,
    ).returncode


def can_enter(account: Account | None, folder: Path) -> bool:
    """Tell, by trying, whether an account reaches a folder: any folder above may be closed to it."""
    return call(["/bin/sh", "-c", 'cd "$0"', folder], account=account, output=subprocess.DEVNULL) == 0


def give(path: Path, account: Account | None) -> None:
    """Make an account the owner of a file or folder."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def private_folder(path: Path, account: Account | None) -> None:
    """Make a folder that only the account enters, unless it is there."""
    if not path.exists():
        path.mkdir(mode=0o700, parents=True)
        give(path, account)
