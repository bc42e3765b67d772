"""child and processes: a child is launched, watched and stopped with its process group."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import lib.local.child
from lib.local import processes
from lib.local.child import MISSED, Child
from tests.integration.local.seen import users_of

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('ready', 'w').write('x'); time.sleep(60)",
]
# A main process with a worker, as a server has.
FAMILY = ["/bin/sh", "-c", "sleep 60 & echo $! > worker; wait"]
# A service that sends heartbeats.
BEATING = [
    sys.executable,
    "-c",
    "import time; from lib import heartbeat; heartbeat.Pulse(heartbeat.inherited_writer()); time.sleep(120)",
]
REPOSITORY = Path(__file__).parents[3]
CHECKS = 25  # a heartbeat comes at every tenth


def wait_for(path: Path) -> str:
    for _ in range(200):
        if path.exists() and path.stat().st_size:
            return path.read_text()
        time.sleep(0.02)
    raise AssertionError(path)


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Child]:
    child = Child(SLEEP, tmp_path)
    yield child
    child.stop(grace=1)


def test_a_child_runs_from_launch_to_stop(sleeper: Child) -> None:
    assert (sleeper.is_running(), sleeper.pid) == (False, 0)
    sleeper.launch(os.environ)
    assert sleeper.is_running()
    sleeper.stop(grace=5)
    assert not sleeper.is_running()


def test_a_killed_child_is_noticed_and_can_be_launched_again(sleeper: Child) -> None:
    sleeper.launch(os.environ)
    first = sleeper.pid
    os.kill(first, signal.SIGKILL)
    assert processes.wait_for_end([psutil.Process(first)], seconds=5)
    assert not sleeper.is_running()
    sleeper.launch(os.environ)
    assert sleeper.is_running()


def test_a_suspended_child_handles_the_signal_to_end(sleeper: Child) -> None:
    sleeper.launch(os.environ)
    os.kill(sleeper.pid, signal.SIGSTOP)
    began = time.monotonic()
    sleeper.stop(grace=10)
    assert time.monotonic() - began < 5


def test_a_child_that_ignores_sigterm_is_killed_after_the_grace_period(tmp_path: Path) -> None:
    child = Child(DEAF, tmp_path)
    child.launch(os.environ)
    wait_for(tmp_path / "ready")
    child.stop(grace=0.1)
    assert not child.is_running()


def test_workers_of_a_killed_child_are_killed_before_the_next_launch(tmp_path: Path) -> None:
    child = Child(FAMILY, tmp_path)
    child.launch(os.environ)
    worker = psutil.Process(int(wait_for(tmp_path / "worker")))
    os.kill(child.pid, signal.SIGKILL)
    child.launch(os.environ)
    assert processes.wait_for_end([worker], seconds=2)
    child.stop(grace=1)


def test_a_child_without_heartbeats_is_silent_until_it_is_launched_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lib.local.child, "MISSED", CHECKS)
    child = Child(BEATING, REPOSITORY)
    for _ in range(2):
        child.launch(os.environ)
        await_silence(child, until=False)
        os.kill(child.pid, signal.SIGSTOP)
        await_silence(child, until=True)
        assert child.is_running()
    child.stop(grace=5)


def await_silence(child: Child, *, until: bool) -> None:
    """Check ten times a second, as the supervisor does, until it is silent, or for as long as that would take."""
    checks = [False]
    while not checks[-1] and len(checks) < CHECKS * (10 if until else 2):
        time.sleep(0.1)
        checks.append(child.check_silence())
    assert checks[-1] is until


def test_a_child_that_never_sent_a_heartbeat_is_not_silent(sleeper: Child) -> None:
    sleeper.launch(os.environ)
    assert not any(sleeper.check_silence() for _ in range(MISSED * 2))  # a program that knows no heartbeats


def test_a_zombie_does_not_run_but_a_suspended_process_does() -> None:
    with subprocess.Popen(SLEEP) as process:  # noqa: S603 - our own
        seen = psutil.Process(process.pid)
        process.send_signal(signal.SIGSTOP)
        assert processes.is_running(seen)
        process.kill()
        assert processes.wait_for_end([seen], seconds=5)
        assert seen.status() == psutil.STATUS_ZOMBIE
    assert not processes.is_running(seen)


# Its main thread ends, and another one does not.
HEADLESS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=[60]).start()
print("ready", flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows a process without its main thread as a zombie")
def test_a_process_runs_until_its_last_thread_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", HEADLESS], stdout=subprocess.PIPE) as process:  # noqa: S603 - our own
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        seen = psutil.Process(process.pid)
        while seen.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert processes.is_running(seen)
        process.kill()
        assert processes.wait_for_end([seen], seconds=5)


def test_processes_that_use_a_folder_are_found_and_can_be_killed(tmp_path: Path) -> None:
    with (
        subprocess.Popen(SLEEP, cwd=tmp_path) as within,  # noqa: S603 - our own
        subprocess.Popen([*SLEEP, tmp_path]) as named,  # noqa: S603 - our own
    ):
        found = users_of(tmp_path)
        assert {process.pid for process in found} == {within.pid, named.pid}
        assert {os.getpgid(process.pid) for process in found} == {os.getpgid(0)}
        assert not processes.wait_for_end(found, seconds=0.05)
        processes.kill_after(found, seconds=0.05)
        assert users_of(tmp_path) == []
