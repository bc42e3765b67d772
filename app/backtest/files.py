"""Report files: written whole or not at all, and never through what somebody else put in the way.

A shared folder such as /tmp lets others put a link, or a pipe, under the name that somebody is about to write. So only
links of our own (or root's) are followed, the half-written file has a name that nobody can guess, and nobody else can
read it before it is whole.
"""

import os
import secrets
from contextlib import suppress
from errno import ELOOP, EPERM
from pathlib import Path
from stat import S_IMODE, S_ISREG

MOST_LINKS = 40  # as the kernel has it
ROOT = 0


def target_of(path: Path) -> Path:
    """Return where a path leads by links of our own; raises `PermissionError` for somebody else's, else `OSError`."""
    place = path.absolute()
    for _ in range(MOST_LINKS):
        if not place.is_symlink():
            return _ours(place)
        _refuse_others(place, "a link", os.lstat(place).st_uid)
        named = place.parent / os.readlink(place)  # noqa: PTH115  # `Path.readlink` would be the same
        if place.exists() and not os.path.lexists(named):
            return _ours(place)  # one of the kernel's, as bash names its pipes: it leads where no name does
        place = named
    raise OSError(ELOOP, os.strerror(ELOOP))


def _ours(place: Path) -> Path:
    """Return the place; a plain file of somebody else is replaced, but nothing is written into their pipe."""
    if is_special(place):
        _refuse_others(place, "no plain file", place.stat().st_uid)
    return place


def _refuse_others(place: Path, kind: str, owner: int) -> None:
    if owner not in {os.geteuid(), ROOT}:
        raise PermissionError(EPERM, f"{place} is {kind} of another user, so remove it or name another file")


def is_special(place: Path) -> bool:
    """Tell whether there is something that no file may take the place of: a pipe, a terminal, a folder."""
    try:
        return not S_ISREG(place.stat().st_mode)
    except FileNotFoundError:
        return False


def replace(place: Path, text: str) -> None:
    """Write a file beside the place and put it there.

    For the same people to read as our file before it; else as the umask has it, whatever mode somebody else's had.
    """
    half = place.with_name(f".report.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    opened = os.open(half, flags, 0o600)
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), _mode(place))
        half.replace(place)
    except OSError:
        with suppress(OSError):
            half.unlink()
        raise


def _mode(place: Path) -> int:
    with suppress(FileNotFoundError):
        before = os.lstat(place)
        if before.st_uid == os.geteuid() and S_ISREG(before.st_mode):
            return S_IMODE(before.st_mode)
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
