"""Finds the user's folder: `make -C` may have changed the current one."""

import os
import re
from pathlib import Path

import psutil

from lib.caller import VARIABLE as CALLER_FOLDER

CALLED_IN = "MAKE_CALLED_IN"  # set by the Makefile: PWD as make found it
_MAKES = ("make", "gmake")
_OPTION_C = re.compile(r"-[A-Za-z]*C.*|--directory(=.*)?", re.DOTALL)


def caller_folder(root: Path) -> Path:
    """Return the folder in which the user typed the command: CALLER_FOLDER if set, else PWD under `make -C`, else root.

    Without -C, PWD is not used: a program other than a shell may have started make in `root` without changing PWD.
    """
    folder = os.environ.get(CALLER_FOLDER)
    if folder:
        return Path(folder)
    called_in = os.environ.get(CALLED_IN, "")
    return Path(called_in) if os.path.isabs(called_in) and _make_has_option_c() else root  # noqa: PTH117 - a string


def _make_has_option_c() -> bool:
    try:
        makes = [process for process in psutil.Process().parents() if process.name() in _MAKES]
        return bool(makes) and any(map(_OPTION_C.fullmatch, makes[0].cmdline()[1:]))
    except psutil.Error:
        return False
