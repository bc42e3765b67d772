"""state: a lock has one holder at a time and none after its end; the supervisor's state; and how it is stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lib.local import state
from lib.local.state import (
    LockHeld,
    State,
    hold_lock,
    is_locked,
    is_removed,
    running_state,
    stop_supervisor,
    write_state,
)
from lib.local.terminal import LocalError

STATE = State(pid=1, address="http://127.0.0.1:5000", ready=True, programs={"service": (2, 3)})


def test_a_second_holder_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    lock = tmp_path / "new/lock"
    assert not is_locked(lock)
    with hold_lock(lock, seconds=1):
        assert is_locked(lock)
        with pytest.raises(LockHeld, match="another command holds"), hold_lock(lock, seconds=0.2):
            pass
    assert not is_locked(lock)


def test_the_state_is_read_while_its_holder_lives(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with hold_lock(path, seconds=1) as file:
        assert running_state(path) is None, "nothing is written yet"
        write_state(file, STATE)
        assert running_state(path) == STATE
    assert running_state(path) is None


def test_the_state_of_release_0_1_is_understood_so_that_its_supervisor_can_be_stopped(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text('{"pid": 7, "host": "h", "port": 1, "address": "a", "service_pid": 8, "starts": 1, "mark": "m"}')
    with hold_lock(path, seconds=1):
        assert running_state(path) == State(pid=7, address="a", ready=True)


@pytest.mark.parametrize("text", ["{", '{"unknown": 1}'])
def test_an_unreadable_state_names_no_supervisor(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lock"
    path.write_text(text)
    with hold_lock(path, seconds=1):
        assert running_state(path) is None


HOLD = """
import os, signal, sys, time
from pathlib import Path
from lib.local.state import State, hold_lock, write_state
signal.signal(signal.SIGTERM, signal.SIG_IGN if sys.argv[2] == "deaf" else signal.SIG_DFL)
with hold_lock(Path(sys.argv[1]), seconds=1) as lock:
    write_state(lock, State(pid=os.getpid(), address="a"))
    print("ready", flush=True)
    time.sleep(60)
"""


@contextmanager
def holder(lock: Path, kind: str = "") -> Iterator["subprocess.Popen[str]"]:
    """Run a process that holds the lock as a supervisor does; if it is "deaf", it ignores SIGTERM."""
    argv = [sys.executable, "-c", HOLD, str(lock), kind]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_a_supervisor_is_stopped_even_if_it_is_suspended(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as process:
        process.send_signal(signal.SIGSTOP)
        assert stop_supervisor(tmp_path / "lock")
        assert process.wait(5) == -signal.SIGTERM
    assert not stop_supervisor(tmp_path / "lock")


def test_a_supervisor_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "STOP_SECONDS", 0.1)
    with holder(tmp_path / "lock", "deaf") as process:
        assert stop_supervisor(tmp_path / "lock")
        assert process.wait(5) == -signal.SIGKILL


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_a_supervisor_of_another_user_is_reported(open_folder: Path) -> None:
    with holder(open_folder / "lock") as process:
        os.setresuid(65534, 65534, 0)
        try:
            with pytest.raises(LocalError, match=rf"another user runs the supervisor \(pid {process.pid}\)"):
                stop_supervisor(open_folder / "lock")
        finally:
            os.setresuid(0, 0, 0)


@pytest.mark.parametrize("kind", ["removed", "replaced"])
def test_a_lock_file_that_was_removed_or_replaced_is_noticed(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lock"
    with hold_lock(path, seconds=1) as file:
        assert not is_removed(file, path)
        path.rename(tmp_path / "elsewhere")
        if kind == "replaced":
            path.touch()
        assert is_removed(file, path)
