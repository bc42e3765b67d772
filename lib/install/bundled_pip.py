"""The pip that fetches uv: the one in `.venv`, or for a new `.venv` the wheel that Python bundles.

Installing pip is half of the work of `python -m venv`, because pip runs from a wheel and is compiled each time. An
unpacked wheel works at once, and uv installs pip as the last package.
"""

import importlib.util
import shutil
import sysconfig
import zipfile
from pathlib import Path

from lib.install.steps import InstallError
from lib.install.venv import PYTHON, VENV

UNPACKED = VENV / "bundled-pip"


def bundled_wheel() -> "Path | None":
    """Return the pip wheel that comes with this Python; None if it is in none of the usual folders."""
    spec = importlib.util.find_spec("ensurepip")
    folders = [Path(folder) / "_bundled" for folder in (spec and spec.submodule_search_locations) or []]
    wheels = sysconfig.get_config_var("WHEEL_PKG_DIR")  # set by Debian and Fedora
    if wheels:
        folders.insert(0, Path(wheels))
    return next((wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))), None)


def unpack(wheel: Path) -> None:
    """Unpack the wheel for a `.venv` that has no pip yet; raises `InstallError` if the wheel is broken."""
    try:
        with zipfile.ZipFile(str(wheel)) as opened:
            opened.extractall(str(UNPACKED))  # it came with Python
    except zipfile.BadZipFile as error:
        raise InstallError(
            f"the pip that comes with this Python is broken ({wheel}: {error}): reinstall Python"
        ) from error


def pip() -> "list[str]":
    """Return the command that runs pip."""
    return [str(PYTHON), "-I", *([str(UNPACKED / "pip")] if UNPACKED.exists() else ["-m", "pip"])]


def remove() -> None:
    """Remove the unpacked wheel: `.venv` now has pip."""
    shutil.rmtree(str(UNPACKED))
