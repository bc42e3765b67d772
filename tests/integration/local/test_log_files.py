"""Logs are rotated while others write to them, and can be followed across a rotation."""

import errno
import shutil
import time
from pathlib import Path

import pytest

from lib.local import log_files, service
from lib.local.__main__ import main
from lib.local.log_files import MAX_SIZE, open_log, rotate, rotated
from lib.local.project import Project
from lib.local.state import running_state
from tests.integration.local.followers import follower


def test_a_full_log_is_rotated_and_its_writers_continue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "MAX_SIZE", 10)
    path = tmp_path / "log"
    with open_log(path) as log:
        for text in (b"123456789\n", b"more\n", b"new\n"):
            log.write(text)
            log.flush()
            rotate(path)
    assert (rotated(path).read_bytes(), path.read_bytes()) == (b"123456789\nmore\n", b"new\n")
    assert {oct(each.stat().st_mode & 0o777) for each in tmp_path.iterdir()} == {"0o640"}


def test_a_full_disk_loses_neither_the_log_nor_the_rotated_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "MAX_SIZE", 3)
    (tmp_path / "log").write_text("full")
    (tmp_path / "log.1").write_text("older")
    monkeypatch.setattr(shutil, "copyfileobj", no_room)
    rotate(tmp_path / "log")
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"log": "full", "log.1": "older"}


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_rotating_a_missing_log_creates_nothing(tmp_path: Path) -> None:
    rotate(tmp_path / "log")
    assert list(tmp_path.iterdir()) == []


def test_both_logs_of_a_checkout_are_rotated_and_still_followed(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    project.logs.mkdir(parents=True)
    room = {project.service_log: 2000, project.postgres_log: 0}  # bytes until it is full
    for log, left in room.items():
        log.write_bytes(b"old\n" * ((MAX_SIZE - left) // 4))
    assert main(["start"]) == 0
    state = running_state(project.supervisor_lock)
    assert state
    with follower() as shown:
        shown.readline()
        with project.service_log.open("a") as log_of_service:
            log_of_service.write("x" * 2000 + "\n")
        while project.service_log.stat().st_size > MAX_SIZE:
            time.sleep(0.05)
        assert service.responds(state.address + "/followed")
        while "/followed" not in (line := shown.readline()):
            assert line
    assert main(["status"]) == 0
    assert f"older log   {rotated(project.service_log)}" in capfd.readouterr().out
    assert main(["stop"]) == 0
    assert project.service_log.read_text().rstrip().endswith("supervisor: stopped"), "all of it, once stop returns"
    for log in room:
        assert rotated(log).stat().st_size <= MAX_SIZE + 10_000  # what making the data said
        assert log.stat().st_size < 100_000
