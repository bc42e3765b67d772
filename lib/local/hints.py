"""What somebody at the terminal can do next, as it is typed where that person stands."""

import os
import shlex
from pathlib import Path

from lib.caller import VARIABLE


def make(target: str) -> str:
    """Return how to make a target of the project in the present folder."""
    here = Path.cwd()
    caller = os.environ.get(VARIABLE)
    return f"make {target}" if caller is None or Path(caller) == here else f"make -C {shlex.quote(str(here))} {target}"
