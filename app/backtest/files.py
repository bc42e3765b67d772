"""Report files: written completely or not at all, and never through a link or a pipe of somebody else.

In a shared folder such as /tmp, others can put a link or a pipe under the name that we are about to write. So only
links of our own (or root's) are followed, the temporary file has a name that nobody can guess, and nobody else can
read it before it is complete.
"""

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from errno import ELOOP, EPERM
from pathlib import Path
from stat import S_IMODE, S_ISREG

MAX_LINKS = 40  # the limit of the kernel
ROOT = 0


def target_of(path: Path) -> Path:
    """Follow links of our own, and return where they lead.

    Raises `PermissionError` at a link of somebody else, and `OSError` where there are too many links.
    """
    place = path.absolute()
    for _ in range(MAX_LINKS):
        if not place.is_symlink():
            return _ours(place)
        _refuse_others(place, "a link", os.lstat(place).st_uid)
        named = place.parent / os.readlink(place)  # noqa: PTH115  # `Path.readlink` would be the same
        if place.exists() and not os.path.lexists(named):
            return _ours(place)  # one of the kernel's, as bash names its pipes: it leads where no name does
        place = named
    raise OSError(ELOOP, os.strerror(ELOOP))


def _ours(place: Path) -> Path:
    """Return the place. A plain file of somebody else will be replaced, but nothing is written into their pipe."""
    if is_special(place):
        _refuse_others(place, "no plain file", place.stat().st_uid)
    return place


def _refuse_others(place: Path, kind: str, owner: int) -> None:
    if owner not in {os.geteuid(), ROOT}:
        raise PermissionError(EPERM, f"{place} is {kind} of another user, so remove it or name another file")


def is_special(place: Path) -> bool:
    """Say whether the path is something that no file may replace: a pipe, a terminal, a folder."""
    try:
        return not S_ISREG(place.stat().st_mode)
    except FileNotFoundError:
        return False


def replace(place: Path, text: str | Iterable[str]) -> None:
    """Write a temporary file beside the place, then rename it; the text may come in parts.

    The new file keeps the mode of a file of our own; in the place of somebody else's it gets the mode of the umask.
    """
    temporary = place.with_name(f".report.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    opened = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.writelines([text] if isinstance(text, str) else text)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), _mode(place))
        temporary.replace(place)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def _mode(place: Path) -> int:
    with suppress(FileNotFoundError):
        before = os.lstat(place)
        if before.st_uid == os.geteuid() and S_ISREG(before.st_mode):
            return S_IMODE(before.st_mode)
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
