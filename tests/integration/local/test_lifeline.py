"""lifeline: a process ends with its parent, even if that was killed."""

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lib import lifeline
from lib.local import processes

REPOSITORY = Path(__file__).parents[3]
WATCHING = "import time; from lib import lifeline; lifeline.watch(); print('ready', flush=True); time.sleep(60)"
# A worker that its parent made with fork; the parent prints its number, once it watches.
FAMILY = """
import multiprocessing, os, time
from lib import lifeline
def work(tell):
    lifeline.watch_parent()
    tell.send(os.getpid())
    time.sleep(60)
context = multiprocessing.get_context("fork")
hear, tell = context.Pipe()
context.Process(target=work, args=[tell]).start()
print(hear.recv(), flush=True)
time.sleep(60)
"""


def started(code: str, **options: object) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-c", code]
    return subprocess.Popen(argv, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload,no-any-return]  # noqa: S603 - our own


def test_a_process_ends_when_the_other_end_of_its_lifeline_is_closed() -> None:
    read, write = os.pipe()
    with started(WATCHING, pass_fds=[read], env={**os.environ, "LIFELINE_FD": str(read)}) as process:
        os.close(read)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        assert process.poll() is None
        os.close(write)
        assert process.wait(5) == 1


def test_a_worker_ends_when_its_parent_is_killed() -> None:
    with started(FAMILY) as parent:
        assert parent.stdout
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
        assert processes.wait_for_end([worker], seconds=5)


def test_a_service_started_by_hand_has_no_lifeline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIFELINE_FD", raising=False)
    lifeline.watch()


def test_a_lifeline_that_is_not_an_open_descriptor_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFELINE_FD", "999999")
    with pytest.raises(OSError, match="Bad file descriptor"):
        lifeline.watch()


def test_a_main_process_has_no_parent_to_watch() -> None:
    assert multiprocessing.parent_process() is None
    lifeline.watch_parent()
