"""The folder of the workers' metrics: created, cleared, and never shared with another service."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.metrics.folder import VARIABLE, shared_folder
from lib.settings import SettingsError

HOLD_IT = "from lib.metrics.folder import shared_folder\nwith shared_folder(): print('held', flush=True); input()"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")


@pytest.fixture
def other_service(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has the folder."""
    other = subprocess.Popen(  # noqa: S603  # a line of ours
        [sys.executable, "-c", HOLD_IT],
        env={**os.environ, VARIABLE: str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout
    assert other.stdout.readline() == "held\n"
    yield other
    other.kill()
    other.communicate()


def test_the_default_folder_is_private_and_removed_with_the_service() -> None:
    with shared_folder():
        folder = Path(os.environ[VARIABLE])
        assert folder.is_dir()
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "counter_0.db").touch()
    assert not folder.exists()


def test_a_named_folder_is_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "var/metrics")
    with shared_folder():
        assert os.environ[VARIABLE] == str(tmp_path / "var/metrics")
    assert (tmp_path / "var/metrics").is_dir()


def test_only_the_files_of_earlier_runs_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("counter_0.db", "histogram_12.db", "letter.txt"):
        (tmp_path / name).touch()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with shared_folder():
        assert [each.name for each in tmp_path.iterdir() if each.suffix != ".lock"] == ["letter.txt"]


def test_a_folder_that_cannot_be_created_is_an_invalid_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "folder"))
    with pytest.raises(SettingsError, match=f"{VARIABLE}: Cannot be used: Not a directory"), shared_folder():
        pass


def test_the_folder_of_a_running_service_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other_service: "subprocess.Popen[str]"
) -> None:
    (tmp_path / "counter_0.db").touch()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(SettingsError, match="name another folder"), shared_folder():
        pass
    assert (tmp_path / "counter_0.db").exists()
    other_service.kill()
    other_service.wait()
    with shared_folder():
        assert not (tmp_path / "counter_0.db").exists()
