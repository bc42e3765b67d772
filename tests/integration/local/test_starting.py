"""Starts that meet others: two checkouts with one port, a start that was interrupted, one that was killed."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.local import service
from lib.local.__main__ import main
from lib.local.project import Project
from lib.local.settings import read_settings
from lib.local.state import State, running_state
from lib.local.stopping import clean
from tests.integration.local.conftest import make_checkout
from tests.integration.local.seen import left_by

START = [sys.executable, "-m", "lib.local", "start"]
SILENT = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.05)\n"


@pytest.fixture
def neighbour(project: Project) -> Iterator[Project]:
    """Another checkout with the same port."""
    folder = Path(tempfile.mkdtemp(prefix="local-")).resolve()
    folder.chmod(0o755)
    made = make_checkout(folder)
    shutil.copy(project.root / ".env", folder / ".env")
    yield made
    clean(made)
    shutil.rmtree(folder)


def begun(project: Project) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own
        START, cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_service(project: Project) -> State:
    """Wait until a start has started the service, whether or not it answers."""
    deadline = time.monotonic() + 60
    while (state := running_state(project.supervisor_lock)) is None or not state.programs["service"][0]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return state


def test_only_one_of_two_checkouts_started_together_gets_their_port(project: Project, neighbour: Project) -> None:
    checkouts = [project, neighbour]
    starts = [begun(checkout) for checkout in checkouts]
    said = [start.communicate(timeout=90)[1] for start in starts]
    outcomes = [start.returncode for start in starts]
    assert sorted(outcomes) == [0, 1], said
    port = read_settings(project.root, {}).port
    assert f"error: port {port} is taken" in said[outcomes.index(1)]
    assert left_by(checkouts[outcomes.index(1)]) == []
    assert main(["address"]) == outcomes[0]


def test_a_port_stays_reserved_while_the_supervisor_runs_even_without_the_service(
    project: Project, neighbour: Project
) -> None:
    assert main(["start"]) == 0
    (project.root / "broken").touch()
    os.kill(wait_for_service(project).programs["service"][0], signal.SIGKILL)
    assert f"port {read_settings(project.root, {}).port} is taken" in begun(neighbour).communicate(timeout=60)[1]
    assert main(["stop"]) == 0
    assert "error" not in begun(neighbour).communicate(timeout=90)[1]
    assert running_state(neighbour.supervisor_lock)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_an_interrupted_start_leaves_nothing_behind(project: Project, number: signal.Signals) -> None:
    (project.root / "service.py").write_text(SILENT)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # heard also where a shell told us to ignore it
    with begun(project) as start:
        signal.signal(signal.SIGINT, before)
        wait_for_service(project)
        start.send_signal(number)
        assert "interrupted" in start.communicate(timeout=60)[1]
    assert start.returncode == 130
    assert left_by(project) == []


def test_a_start_that_another_command_stops_says_so_and_leaves_nothing_behind(project: Project) -> None:
    (project.root / "service.py").write_text(SILENT)
    with begun(project) as start:
        wait_for_service(project)
        assert main(["stop"]) == 0
        assert "another command stopped this start: make start starts over" in start.communicate(timeout=60)[1]
    assert start.returncode == 1
    assert left_by(project) == []


def test_a_start_waits_for_the_supervisor_that_a_killed_start_has_left(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    serve = (project.root / "service.py").read_text()
    (project.root / "service.py").write_text(SILENT + serve)
    with begun(project) as start:
        wait_for_service(project)
        start.kill()
    threading.Timer(1, (project.root / "go").touch).start()
    assert main(["start"]) == 0
    assert service.responds(read_settings(project.root, {}).address)
    said = capfd.readouterr().err
    assert "waiting for it" in said
    assert "Already running" in said


def test_ctrl_c_during_the_imports_prints_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted:
        def find_spec(self, *_: object) -> None:
            raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "lib.local.commands")
    monkeypatch.setattr(sys, "meta_path", [Interrupted()])
    assert main(["start"]) == 130
    assert capsys.readouterr().err == "interrupted\n"
