"""Puts the locked packages into `.venv`. Nothing is resolved: what is not in the lock cannot be installed (A32).

uv does it, fetched by pip: it takes a second or two from its own cache, four from the index, where pip takes 16 to 24
from its cache. Where there is no uv for the platform, or it does not get through to the index, pip does the same.
"""

import shutil
from pathlib import Path

from lib.install.causes import DISK, HASH, OTHER, PLATFORM, cause, failure
from lib.install.index import pip_settings, uv_options
from lib.install.steps import step
from lib.install.venv import PYTHON, VENV

INSTALLER = VENV / "installer"
UV = INSTALLER / "bin/uv"
UV_LOCK = "requirements-install.txt"
_LOCKED = ["--no-deps", "--require-hashes", "-r"]
_PIP = [str(PYTHON), "-I", "-m", "pip"]
_PIP_INSTALL = [*_PIP, "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "2"]
_UV = [str(UV), "--no-config", "--no-progress", "--no-python-downloads", "pip"]


class Packages:
    """Installs locked packages. `shared` is for a `.venv` that somebody else than its owner runs a service from."""

    def __init__(self, *, shared: bool) -> None:
        """Choose the tool; nothing is installed yet."""
        self._shared = shared
        self._uv = UV.exists() and UV.stat().st_mtime >= Path(UV_LOCK).stat().st_mtime

    def install(self, name: str) -> bool:
        """Install the packages of one lock file; tell whether that succeeded."""
        if self._has_uv():
            if step(f"Installing {name}", self._by_uv(name)):
                return True
            if cause() in (DISK, HASH, PLATFORM):
                return False
        return step(f"Installing {name} by pip", [*_PIP_INSTALL, *_LOCKED, name])

    def check(self) -> None:
        """See that the packages fit each other and this Python.

        Raises:
            Refusal: they do not.

        """
        argv = [*_UV, "check", "--python", str(PYTHON)] if self._uv else [*_PIP, "check"]
        if not step("Checking the packages", argv):
            raise failure("checking that the packages fit each other")

    def close(self) -> None:
        """Leave no installer in a shared `.venv`; a checkout keeps it for the next change of the lock."""
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
        argv = [*_PIP_INSTALL, "--target", str(INSTALLER), *_LOCKED, UV_LOCK]
        self._uv = step("Installing the installer", argv) and UV.exists()
        if not self._uv and cause() not in (PLATFORM, OTHER):
            raise failure("installing the installer")
        return self._uv

    def _by_uv(self, name: str) -> "list[str]":
        # The cache keeps the permissions that its files were given first, which may be too strict for others.
        shared = ["--no-cache"] if self._shared else []
        # Compiled at once on all cores, as pip does too: else the first programs would each do it on one, and where
        # PYTHONDONTWRITEBYTECODE is set, as in many images, every program would do it again.
        options = [*uv_options(pip_settings()), *shared, "--compile-bytecode", "--python", str(PYTHON)]
        return [*_UV, "install", *options, *_LOCKED, name]
