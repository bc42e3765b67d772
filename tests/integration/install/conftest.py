"""A checkout that has the locks and the installer and nothing else, for an ordinary user where that can be had."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.install.index import Index
from tests.locks import locked

REPOSITORY = Path(__file__).parents[3]
SYSTEM_PYTHON = "/usr/bin/python3"
UV = Path(sys.prefix) / "installer/bin/uv"
LOCKS = ("requirements.txt", "requirements-postgres.txt", "requirements-dev.txt", "requirements-install.txt")
NOBODY = 65534


def is_able(python: str) -> bool:
    """Tell whether a Python can make a virtual environment and is new enough."""
    question = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([python, "-c", question], capture_output=True, check=False).returncode == 0  # noqa: S603
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Checkout:
    """A folder with the locks of this checkout, their hashes those of an index of ours."""

    folder: Path
    index: Index

    def give_venv(self, made: Path) -> None:
        """Take over a new, empty `.venv`: making one takes seconds."""
        shutil.copytree(made, self.folder / ".venv", symlinks=True)

    def install(self, kind: str, *, python: str, address: str) -> "subprocess.CompletedProcess[str]":
        """Run the installer as a user would; if root runs the system's Python, as an ordinary account."""
        return self.run([python, "-m", "lib.install", kind], address=address, ordinary=python == SYSTEM_PYTHON)

    def run(self, argv: list[str], *, address: str, ordinary: bool = False) -> "subprocess.CompletedProcess[str]":
        """Run a command in the folder that installs from an index, with no settings but these."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        settings = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": address, "HOME": str(self.folder)}
        caches = {"UV_CACHE_DIR": str(self.folder / "uv-cache"), "PIP_CACHE_DIR": str(self.folder / "pip-cache")}
        account = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 and ordinary else {}
        if account:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        return subprocess.run(  # type: ignore[call-overload,no-any-return]  # noqa: S603 - our own
            argv,
            cwd=self.folder,
            env={**kept, **settings, **caches},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            **account,
        )

    def installed(self) -> dict[str, str]:
        """Read what is in `.venv`, by name; pip and what it brings are not the lock's."""
        [packages] = self.folder.glob(".venv/lib/python*/site-packages")
        stems = (path.name.removesuffix(".dist-info").rpartition("-") for path in packages.glob("*.dist-info"))
        return {
            name.replace("_", "-").lower(): version for name, _, version in stems if name not in {"pip", "setuptools"}
        }


@pytest.fixture(scope="session")
def empty_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new `.venv` of this Python."""
    made = tmp_path_factory.mktemp("venv") / "made"
    subprocess.run([sys.executable, "-m", "venv", made], check=True)  # noqa: S603 - our own
    return made


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    folder = Path(tempfile.mkdtemp(prefix="install-")).resolve()
    folder.chmod(0o755)
    shutil.copytree(REPOSITORY / "lib/install", folder / "lib/install", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "lib/__init__.py", folder / "lib")
    index = Index(folder / "index")
    for name in LOCKS:
        scripts = {"uv": UV.read_bytes()} if name == "requirements-install.txt" and UV.exists() else {}
        (folder / name).write_text("".join(index.add(each, scripts) for each in locked(REPOSITORY / name)))
    yield Checkout(folder, index)
    shutil.rmtree(folder)
