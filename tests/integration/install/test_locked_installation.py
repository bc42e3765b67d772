"""The real tools against an index that has a newer release of everything: the lock is what is installed (A32)."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lib.install import bundled_pip
from tests.integration.install.conftest import REPOSITORY, SYSTEM_PYTHON, UV, Checkout, is_able
from tests.integration.install.index import version_of
from tests.locks import locked

needs_uv = pytest.mark.skipif(not UV.exists(), reason="uv has no build for this platform, or .venv was made otherwise")
needs_system_python = pytest.mark.skipif(not is_able(SYSTEM_PYTHON), reason=f"{SYSTEM_PYTHON} cannot make a .venv")
CLOSED_PORT = "http://127.0.0.1:9/simple"


def expected(python: str, *names: str) -> dict[str, str]:
    """What the locks name for a Python, by their conditions."""
    asked = "import platform; print(platform.python_version())"
    version = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    surroundings = {"python_full_version": version, "python_version": ".".join(version.split(".")[:2])}
    return {
        each.name: version_of(each)
        for name in names
        for each in locked(REPOSITORY / name)
        if each.marker is None or each.marker.evaluate(surroundings)
    }


@pytest.mark.parametrize(
    ("python", "by_uv"),
    [
        pytest.param(sys.executable, True, id="uv, this Python", marks=needs_uv),
        pytest.param(sys.executable, False, id="pip, this Python"),
        pytest.param(SYSTEM_PYTHON, True, id="uv, the system's Python", marks=[needs_uv, needs_system_python]),
        pytest.param(SYSTEM_PYTHON, False, id="pip, the system's Python", marks=needs_system_python),
    ],
)
def test_exactly_the_locked_versions_are_installed(
    checkout: Checkout, empty_venv: Path, python: str, *, by_uv: bool
) -> None:
    if python == sys.executable:
        checkout.give_venv(empty_venv)
    if not by_uv:
        shutil.rmtree(checkout.index.folder / "simple/uv")
    with checkout.index.served() as address:
        done = checkout.install("dev", python=python, address=address)
    assert done.returncode == 0, done.stdout + done.stderr + (checkout.folder / "var/log/install.log").read_text()
    assert ("by pip" in done.stdout) is not by_uv
    assert checkout.installed() == expected(python, "requirements-postgres.txt", "requirements-dev.txt")
    pip = checkout.run([".venv/bin/python", "-I", "-m", "pip", "--version"], address=CLOSED_PORT)
    assert str(checkout.folder / ".venv/lib") in pip.stdout, pip.stderr
    assert not (checkout.folder / bundled_pip.UNPACKED).exists()


@needs_uv
def test_a_service_gets_what_it_needs_and_no_installer(checkout: Checkout, empty_venv: Path) -> None:
    checkout.give_venv(empty_venv)
    with checkout.index.served() as address:
        done = checkout.install("service", python=sys.executable, address=address)
    assert done.returncode == 0, done.stdout + done.stderr
    assert checkout.installed() == expected(sys.executable, "requirements.txt")
    assert not (checkout.folder / ".venv/installer").exists()


def test_a_package_that_was_changed_is_refused_by_its_hash(checkout: Checkout, empty_venv: Path) -> None:
    checkout.give_venv(empty_venv)
    checkout.index.change("flask")
    with checkout.index.served() as address:
        done = checkout.install("run", python=sys.executable, address=address)
    assert done.returncode == 1
    assert done.stderr.startswith("error: a package is not the one that was locked: its hash differs")
    assert done.stderr.count("\n") == 1
    assert "flask" in (checkout.folder / "var/log/install.log").read_text()
    assert "flask" not in checkout.installed()


def test_a_missing_network_is_reported_as_such(checkout: Checkout, empty_venv: Path) -> None:
    checkout.give_venv(empty_venv)
    done = checkout.install("run", python=sys.executable, address=CLOSED_PORT)
    assert done.returncode == 1
    assert done.stderr.startswith("error: no network, or no way to the package index")
    assert done.stderr.count("\n") == 1
