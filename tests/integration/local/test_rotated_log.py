"""Logs: small for ever, without a line lost while others write, and followed from one file into the next."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from lib.local import processes, rotated_log, service
from lib.local.__main__ import main
from lib.local.postgres import cluster_of
from lib.local.project import Project
from lib.local.rotated_log import RotatedLog, before, copy, since
from tests.integration.local.followers import follower
from tests.integration.local.seen import users_of

LONGEST = 60
# Writes numbered lines to its standard error, as the service does: each in one write.
WRITER = """
import os, sys
for number in range(int(sys.argv[2])):
    os.write(2, f"{sys.argv[1]} {number} {'x' * 40}\\n".encode())
"""


def copied(path: Path, limit: int, *pieces: bytes) -> None:
    """Have the pieces copied into a log, each in a read of its own."""
    out, into = os.pipe()
    copier = threading.Thread(target=copy, args=(out, path, limit))
    copier.start()
    for piece in pieces:
        os.write(into, piece)
        time.sleep(0.1)
    os.close(into)
    copier.join(LONGEST)
    assert not copier.is_alive()
    os.close(out)


def test_a_new_file_is_begun_between_two_lines_and_the_one_before_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "log"
    copied(log, 20, b"0123456789\n01234", b"56789\nnew\n")
    assert before(log).read_bytes() == b"0123456789\n0123456789\n"
    assert log.read_bytes() == b"new\n"
    copied(log, 20, b"y" * 30, b"y\nthird\n")
    assert (before(log).read_bytes(), log.read_bytes()) == (b"y" * 31 + b"\n", b"third\n")


def test_what_is_there_already_is_kept_and_counts(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"0123456789\n")
    copied(log, 15, b"a\n", b"b\n", b"c\n")
    assert (before(log).read_bytes(), log.read_bytes()) == (b"0123456789\na\nb\n", b"c\n")


def test_a_log_that_somebody_removed_is_begun_anew(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"old\n")
    out, into = os.pipe()
    copier = threading.Thread(target=copy, args=(out, log, 100))
    copier.start()
    os.write(into, b"one\n")
    deadline = time.monotonic() + LONGEST
    while b"one" not in log.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.02)
    log.unlink()
    os.write(into, b"two\n")
    os.close(into)
    copier.join(LONGEST)
    os.close(out)
    assert log.read_bytes() == b"two\n"


def test_where_nothing_can_be_written_whoever_writes_does_not_wait(tmp_path: Path) -> None:
    copied(tmp_path / "no folder/log", 100, *[b"x" * 60_000] * 4)
    assert list(tmp_path.iterdir()) == []


def test_no_line_of_several_processes_is_lost_or_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, lines = tmp_path / "log", 3000
    monkeypatch.setattr(rotated_log, "LIMIT", 300_000)  # of some 450,000 bytes
    with rotated_log.writing(path) as log:
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, str(n), str(lines)], stderr=log)  # noqa: S603 - our own
            for n in range(3)
        ]
        assert [writer.wait(LONGEST) for writer in writers] == [0, 0, 0]
    assert processes.gone(users_of(path), seconds=LONGEST)
    first, second = before(path).read_text(), path.read_text()
    assert 200_000 < len(first) < 300_100
    assert second
    written = [line.split() for line in (first + second).splitlines()]
    assert all(line[2] == "x" * 40 for line in written)
    for n in range(3):
        assert [int(line[1]) for line in written if line[0] == str(n)] == list(range(lines))


def test_its_program_ends_with_those_who_write_and_not_by_their_signals(tmp_path: Path) -> None:
    log = RotatedLog(tmp_path / "log")
    log.launch()
    assert log.alive()
    copier = users_of(tmp_path / "log")
    kept = os.dup(2)
    with closing(os.fdopen(os.dup(2), "wb")) as stand_in:
        log.take_over(stand_in.fileno())
        stand_in.write(b"one\n")
        stand_in.flush()
        time.sleep(0.3)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            copier[0].send_signal(number)
        time.sleep(0.3)
        assert log.alive()
        copier[0].kill()
        assert processes.gone(copier, seconds=LONGEST)
        assert not log.alive()
        stand_in.write(b"two\n")  # nobody reads it, and nobody is ended by that
        stand_in.flush()
        log.launch()
    os.close(kept)
    deadline = time.monotonic() + LONGEST
    while log.alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"


def test_both_logs_of_a_checkout_are_kept_small_and_followed_into_the_next_file(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    cluster = cluster_of(project)
    cluster.log.parent.mkdir(parents=True)
    for log in (project.service_log, cluster.log):
        log.write_bytes(b"old\n" * (rotated_log.LIMIT // 4 - 1))
    assert main(["start"]) == 0
    state = service.running(project)
    assert state
    with follower() as shown:
        shown.readline()
        project.service_log.replace(before(project.service_log))  # as the next full file would be
        assert service.answers(state.address + "/followed")
        while "/followed" not in (line := shown.readline()):
            assert line
    assert main(["status"]) == 0
    assert f"log before  {before(project.service_log)}" in capfd.readouterr().out
    assert main(["stop"]) == 0
    assert project.service_log.read_text().rstrip().endswith("supervisor: stopped"), "all of it, once stop returns"
    assert cluster.log.read_text().count("ready to accept connections") == 1
    for log in (project.service_log, cluster.log):
        assert before(log).stat().st_size <= rotated_log.LIMIT + 10_000  # what making the data said
        assert log.stat().st_size < 100_000
    assert "old\n" in before(cluster.log).read_text()


def test_what_was_said_since_is_found_in_a_new_file_too(tmp_path: Path) -> None:
    assert since(tmp_path / "log", 0) == ""
    (tmp_path / "log").write_text("one\ntwo\n")
    assert since(tmp_path / "log", 4) == "two\n"
    assert since(tmp_path / "log", 400) == "one\ntwo\n"
