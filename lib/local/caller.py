"""Where the person is who called make: it may have been told to go into another folder first."""

import os
import re
from pathlib import Path

import psutil

from lib.caller import VARIABLE as CALLER_FOLDER

VARIABLE = "MAKE_CALLED_IN"  # of the Makefile
_MAKES = ("make", "gmake")
_CHANGES_FOLDER = re.compile(r"-[A-Za-z]*C.*|--directory(=.*)?", re.DOTALL)


def caller_folder(root: Path) -> Path:
    """Return the folder in which the command was typed: what CALLER_FOLDER says, else the shell's, else the project's.

    The shell's is that of `make -C`. Only then is PWD believed, as make found it: other programs than shells start make
    somewhere without changing it.
    """
    said = os.environ.get(CALLER_FOLDER)
    if said:
        return Path(said)
    named = os.environ.get(VARIABLE, "")
    return Path(named) if os.path.isabs(named) and _make_was_sent_elsewhere() else root  # noqa: PTH117 - a text


def _make_was_sent_elsewhere() -> bool:
    try:
        makes = [process for process in psutil.Process().parents() if process.name() in _MAKES]
        return bool(makes) and any(map(_CHANGES_FOLDER.fullmatch, makes[0].cmdline()[1:]))
    except psutil.Error:
        return False
