"""Installs the locked packages into `.venv`. Nothing is resolved: only what is in the lock can be installed (A32).

Python's own pip fetches uv, and uv installs them: in a second or two from its cache, in four from the index, while pip
takes 16 to 24 from its cache. If there is no uv for the platform, or it cannot reach the index, pip installs them.
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
_PIP_INSTALL = ["install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "2"]
_UV = [str(UV), "--no-config", "--no-progress", "--no-python-downloads", "pip"]


class Packages:
    """Installs locked packages. `shared`: another user than the owner of `.venv` runs the service from it."""

    def __init__(self, *, shared: bool) -> None:
        """Choose the tool; nothing is installed yet."""
        self._shared = shared
        # Files in the cache keep their first permissions, which may be too strict for other users.
        self._cache = ["--no-cache"] if shared else []
        self._uv = UV.exists() and UV.stat().st_mtime >= Path(UV_LOCK).stat().st_mtime

    def install(self, name: str) -> bool:
        """Install the packages of one lock file; return whether that succeeded."""
        if self._has_uv():
            if step(f"Installing {name}", self._uv_command(name)):
                return True
            if cause() in (DISK, HASH, PLATFORM):
                return False
        return step(f"Installing {name} by pip", [*pip(), *_PIP_INSTALL, *_LOCKED, name])

    def check(self) -> None:
        """Check that the packages fit each other and this Python.

        Raises:
            InstallError: they do not.

        """
        argv = [*_UV, "check", "--python", str(PYTHON)] if self._uv else [*pip(), "check"]
        if not step("Checking the packages", argv):
            raise failure("checking that the packages fit each other")

    def close(self) -> None:
        """Install pip into `.venv`, and remove uv from a shared one; a checkout keeps it for the next lock change.

        Raises:
            InstallError: pip could not be installed.

        """
        if UNPACKED.exists():
            self._install_pip()
        if self._shared:
            shutil.rmtree(str(INSTALLER), ignore_errors=True)

    def _has_uv(self) -> bool:
        """Fetch uv unless it is there; return whether it is.

        Raises:
            InstallError: it cannot be fetched, for a reason for which pip would fail too.

        """
        if self._uv:
            return True
        shutil.rmtree(str(INSTALLER), ignore_errors=True)
        argv = [*pip(), *_PIP_INSTALL, "--target", str(INSTALLER), *_LOCKED, UV_LOCK]
        self._uv = step("Installing the installer", argv) and UV.exists()
        if not self._uv and cause() not in (PLATFORM, OTHER):
            raise failure("installing the installer")
        return self._uv

    def _install_pip(self) -> None:
        by_uv = [*_UV, "install", *self._cache, "--python", str(PYTHON)]
        argv = by_uv if self._uv else [*pip(), *_PIP_INSTALL, "--ignore-installed"]  # it finds itself installed
        # Installed last and without compiling it: nothing that runs here needs it.
        if not step("Installing pip", [*argv, "--no-index", "--no-deps", str(bundled_wheel())]):
            raise failure("installing pip")
        remove()

    def _uv_command(self, name: str) -> "list[str]":
        # Compile now on all cores, as pip does. Otherwise the first programs would compile on one core, and where
        # PYTHONDONTWRITEBYTECODE is set, as in many images, every program would do it again.
        options = [*uv_options(pip_settings()), *self._cache, "--compile-bytecode", "--python", str(PYTHON)]
        return [*_UV, "install", *options, *_LOCKED, name]
