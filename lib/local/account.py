"""The user of this machine who runs PostgreSQL (A16): its programs refuse root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeAlias

from lib.local.errors import LocalError

Account: TypeAlias = pwd.struct_passwd
_CANDIDATES = ("postgres", "nobody")
# PGPORT, PGDATA, PGOPTIONS and their like, set for some other server, must not reach our programs.
_KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")


def account_for(folder: Path) -> Account | None:
    """Choose who runs PostgreSQL on a data folder; None is the present user. Raises `LocalError`.

    Root goes on with the owner of an existing folder, so that data made by an ordinary user stays theirs.
    """
    if os.geteuid() != 0:
        return None
    if folder.exists() and folder.stat().st_uid != 0:
        return pwd.getpwuid(folder.stat().st_uid)
    for name in _CANDIDATES:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise LocalError("PostgreSQL refuses root, and there is no user postgres or nobody: run this as an ordinary user")


def call(argv: Sequence[str | Path], *, account: Account | None, output: IO[bytes] | int) -> int:
    """Run a program as an account and return its exit status; raises `OSError` where it cannot be started."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return subprocess.run(
        argv,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",  # the present folder may be closed to the account
        env={**environment, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
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
        os.chown(path, account.pw_uid, account.pw_gid)


def write_secret(file: Path, text: str, account: Account | None) -> None:
    """Write a file that only an account can read; it is there whole, or not at all."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    give(fresh, account)
    fresh.rename(file)
