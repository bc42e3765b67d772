"""Puts the locked packages into `.venv`. Nothing is resolved: what is not in the lock cannot be installed (A32).

uv does it, fetched by the pip that comes with Python: it takes a second or two from its own cache, four from the index,
where pip takes 16 to 24 from its cache. Where there is no uv for the platform, or it does not get through to the index,
pip does the same.
"""

import shutil
from pathlib import Path

from lib.install.bundled_pip import UNPACKED, bundled_wheel, pip, remove
from lib.install.causes import DISK, HASH, OTHER, PLATFORM, cause, failure
from lib.install.index import pip_settings, uv_options
from lib.install.steps import step
from lib.install.venv import PYTHON, VENV

INSTALLER = VENV / "installer"
UV = INSTALLER / "bin/uv"
UV_LOCK = "requirements-install.txt"
_LOCKED = ["--no-deps", "--require-hashes", "-r"]
_BY_PIP = ["install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "2"]
_UV = [str(UV), "--no-config", "--no-progress", "--no-python-downloads", "pip"]


class Packages:
    """Installs locked packages. `shared` is for a `.venv` that somebody else than its owner runs a service from."""

    def __init__(self, *, shared: bool) -> None:
        """Choose the tool; nothing is installed yet."""
        self._shared = shared
        # The cache keeps the permissions that its files were given first, which may be too strict for others.
        self._cache = ["--no-cache"] if shared else []
        self._uv = UV.exists() and UV.stat().st_mtime >= Path(UV_LOCK).stat().st_mtime

    def install(self, name: str) -> bool:
        """Install the packages of one lock file; tell whether that succeeded."""
        if self._has_uv():
            if step(f"Installing {name}", self._by_uv(name)):
                return True
            if cause() in (DISK, HASH, PLATFORM):
                return False
        return step(f"Installing {name} by pip", [*pip(), *_BY_PIP, *_LOCKED, name])

    def check(self) -> None:
        """See that the packages fit each other and this Python.

        Raises:
            Refusal: they do not.

        """
        argv = [*_UV, "check", "--python", str(PYTHON)] if self._uv else [*pip(), "check"]
        if not step("Checking the packages", argv):
            raise failure("checking that the packages fit each other")

    def close(self) -> None:
        """Leave pip in `.venv`, and no installer in a shared one; a checkout keeps it for the next change of the lock.

        Raises:
            Refusal: pip could not be installed.

        """
        if UNPACKED.exists():
            self._install_pip()
        if self._shared:
            shutil.rmtree(str(INSTALLER), ignore_errors=True)

    def _has_uv(self) -> bool:
        """Fetch uv unless it is there.

        Raises:
            Refusal: it cannot be fetched for a reason for which nothing else could.

        """
        if self._uv:
            return True
        shutil.rmtree(str(INSTALLER), ignore_errors=True)
        argv = [*pip(), *_BY_PIP, "--target", str(INSTALLER), *_LOCKED, UV_LOCK]
        self._uv = step("Installing the installer", argv) and UV.exists()
        if not self._uv and cause() not in (PLATFORM, OTHER):
            raise failure("installing the installer")
        return self._uv

    def _install_pip(self) -> None:
        by_uv = [*_UV, "install", *self._cache, "--python", str(PYTHON)]
        argv = by_uv if self._uv else [*pip(), *_BY_PIP, "--ignore-installed"]  # it takes itself for installed
        # The last, since it is not compiled then: nothing that runs here needs it.
        if not step("Installing pip", [*argv, "--no-index", "--no-deps", str(bundled_wheel())]):
            raise failure("installing pip")
        remove()

    def _by_uv(self, name: str) -> "list[str]":
        # Compiled at once on all cores, as pip does too: else the first programs would each do it on one, and where
        # PYTHONDONTWRITEBYTECODE is set, as in many images, every program would do it again.
        options = [*uv_options(pip_settings()), *self._cache, "--compile-bytecode", "--python", str(PYTHON)]
        return [*_UV, "install", *options, *_LOCKED, name]
