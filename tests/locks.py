"""Reads the lock files."""

import re
from pathlib import Path

from packaging.requirements import Requirement

LOCKED = re.compile(r"^(?P<requirement>[A-Za-z0-9][^\\\n]*?) *\\$", re.MULTILINE)


def locked(lock: Path) -> list[Requirement]:
    """Read what a lock file names, with its conditions."""
    return [Requirement(found["requirement"]) for found in LOCKED.finditer(lock.read_text(encoding="utf-8"))]
