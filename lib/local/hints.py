"""What somebody at the terminal can do next, as it is typed where that person stands."""

import os
import shlex
from pathlib import Path

CALLER_FOLDER = "CALLER_FOLDER"  # said by who changes to the folder of the project first


def make(target: str) -> str:
    """Return how to make a target of the project in the present folder."""
    here = Path.cwd()
    caller = os.environ.get(CALLER_FOLDER)
    return f"make {target}" if caller is None or Path(caller) == here else f"make -C {shlex.quote(str(here))} {target}"
