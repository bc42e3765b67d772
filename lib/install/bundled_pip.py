"""The pip that fetches the installer: that of `.venv`, or for a new one, the one that Python keeps for new ones.

To have pip installed first is half of the work of `python -m venv`, by a pip in an archive that is compiled for each
run. Unpacked it does at once what it is needed for, and uv installs it as the last package.
"""

import importlib.util
import shutil
import sysconfig
import zipfile
from pathlib import Path

from lib.install.steps import Refusal
from lib.install.venv import PYTHON, VENV

UNPACKED = VENV / "bundled-pip"


def bundled_wheel() -> "Path | None":
    """Find the wheel of pip that comes with this Python; None where there is none, or not where it usually is."""
    spec = importlib.util.find_spec("ensurepip")
    places = [Path(place) / "_bundled" for place in (spec and spec.submodule_search_locations) or []]
    of_distribution = sysconfig.get_config_var("WHEEL_PKG_DIR")  # Debian's and Fedora's
    if of_distribution:
        places.insert(0, Path(of_distribution))
    return next((wheel for place in places for wheel in sorted(place.glob("pip-*.whl"))), None)


def unpack(wheel: Path) -> None:
    """Have that pip do for a `.venv` that has none yet; raises `Refusal` where it is broken."""
    try:
        with zipfile.ZipFile(str(wheel)) as opened:
            opened.extractall(str(UNPACKED))  # it came with Python
    except zipfile.BadZipFile as error:
        raise Refusal(
            f"the pip that comes with this Python is broken ({wheel}: {error}): install that again"
        ) from error


def pip() -> "list[str]":
    """Return how pip is called."""
    return [str(PYTHON), "-I", *([str(UNPACKED / "pip")] if UNPACKED.exists() else ["-m", "pip"])]


def remove() -> None:
    """Remove what was unpacked: `.venv` has a pip now."""
    shutil.rmtree(str(UNPACKED))
