"""A small disk where one is possible: a tmpfs, which only root may mount."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

SIZE_MB = 256
BLOCKS = (1 << 20, 1 << 12, 1)


class NoDisk(Exception):
    """No separate disk is possible here; the message says why."""


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Mount a small tmpfs at a folder, and take it away at the end."""
    if os.geteuid() != 0:
        raise NoDisk("only root may mount a small disk")
    folder.mkdir()
    options = f"size={SIZE_MB}m,mode=755"
    call("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    try:
        yield
    finally:
        unmount(folder)


def unmount(folder: Path, *, tries: int = 20) -> None:
    """Unmount, with some patience for the last process that looks at it; then once more, without."""
    for _ in range(tries):
        with contextlib.suppress(NoDisk):
            return call("umount", str(folder))
        time.sleep(0.25)
    return call("umount", "--lazy", str(folder))


def call(*command: str) -> None:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)  # noqa: S603 - ours
    except OSError as error:
        raise NoDisk(f"{command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise NoDisk(done.stderr.strip() or f"{command[0]} ended with {done.returncode}")


def free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


@contextlib.contextmanager
def full(folder: Path) -> Iterator[None]:
    """Fill the disk of a folder to the last byte until the end."""
    filler = folder / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            for size in BLOCKS:
                fill(file.fileno(), bytes(size))
        yield
    finally:
        filler.unlink(missing_ok=True)


def fill(descriptor: int, block: bytes) -> None:
    with contextlib.suppress(OSError):
        while os.write(descriptor, block):
            pass
