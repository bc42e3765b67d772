"""Programs beside the service: started when it answers, kept running, shown, and never in its way."""

import os
import re
import signal
import time
from pathlib import Path

import psutil
import pytest

from lib.local import processes, service
from lib.local.__main__ import main
from lib.local.child import MISSED
from lib.local.project import Project
from lib.local.state import State, running_state
from tests.integration.local.seen import left_by

Output = pytest.CaptureFixture[str]
MAX_WAIT = 60  # seconds, of a busy machine
# Says whether the service answered when it was started, and beats until it is told to end.
BEATING = """
import os, pathlib, signal, threading, urllib.error, urllib.request
from lib import lifeline
from lib.watchdog import report_while
lifeline.watch()
try:
    urllib.request.urlopen(f"http://{os.environ['HOST']}:{os.environ['PORT']}/alive")
except urllib.error.HTTPError as answer:
    pathlib.Path("answered").write_text(str(answer.code))
told = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: told.set())
report_while(lambda: True)
while not told.wait(0.1):
    pathlib.Path("at-work").touch()
pathlib.Path("ended").write_text("in peace")
"""
FAILING = "import sys\nsys.exit('this worker cannot run')\n"


@pytest.fixture
def worker(project: Project) -> Path:
    """The program beside the service, which is written before a test starts the project."""
    table = (project.root / "pyproject.toml").read_text()
    (project.root / "pyproject.toml").write_text(
        table.replace("programs = { ", 'programs = { worker = ["worker.py"], ')
        + 'reports = { worker = ["report.py"], unknown = ["report.py"] }\n'
    )
    (project.root / "report.py").write_text("print('well, thank you'); print('and more')")
    file = project.root / "worker.py"
    file.write_text(BEATING)
    return file


def state_of(project: Project) -> State:
    state = running_state(project.supervisor_lock)
    assert state
    return state


def await_starts(project: Project, number: int) -> psutil.Process:
    """Return the worker once it was started so often, and works."""
    deadline = time.monotonic() + MAX_WAIT
    while state_of(project).programs["worker"][1] < number:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (project.root / "at-work").unlink(missing_ok=True)
    while not (project.root / "at-work").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return psutil.Process(state_of(project).programs["worker"][0])


def await_line(project: Project, pattern: str) -> None:
    deadline = time.monotonic() + MAX_WAIT
    while not re.search(pattern, project.service_log.read_text()):
        assert time.monotonic() < deadline, project.service_log.read_text()
        time.sleep(0.05)


def shown(capfd: Output) -> dict[str, str]:
    """What the status says, by title."""
    capfd.readouterr()
    assert main(["status"]) == 0
    return {line[:12].strip(): line[12:] for line in capfd.readouterr().out.splitlines()}


def test_it_is_started_when_the_service_answers_and_ended_with_it(
    project: Project, worker: Path, capfd: Output
) -> None:
    assert worker.exists()
    assert main(["start"]) == 0
    pid, starts = state_of(project).programs["worker"]
    assert (pid > 0, starts) == (True, 1), "as soon as the start is done"
    await_starts(project, 1)
    assert (project.root / "answered").read_text() == "404"
    lines = shown(capfd)
    assert f", worker {pid} (starts: 1), service " in lines["pids"]
    assert lines["worker"] == "well, thank you"
    assert "unknown" not in lines
    assert main(["stop"]) == 0
    assert (project.root / "ended").read_text() == "in peace"
    assert left_by(project) == []


def test_one_that_cannot_run_is_reported_and_tried_again_and_the_service_goes_on(
    project: Project, worker: Path, capfd: Output
) -> None:
    worker.write_text(FAILING)
    (project.root / "report.py").write_text("import sys; sys.exit('Error: no database')")
    assert main(["start"]) == 0
    await_line(project, r"worker has ended; starting it again in 2\.0 s")
    log = project.service_log.read_text()
    assert log.count("this worker cannot run") >= 4
    assert "worker has ended; starting it again in 0.2 s" in log, "soon at first"
    assert state_of(project).programs["service"][1] == 1
    assert service.responds(state_of(project).address)
    deadline = time.monotonic() + MAX_WAIT
    while "worker not running (starts: " not in (lines := shown(capfd))["pids"]:
        assert time.monotonic() < deadline
    assert lines["worker"] == "unknown: no database"
    worker.write_text(BEATING)
    await_starts(project, 5)


def test_one_that_is_killed_or_gives_no_sign_of_life_is_started_again(project: Project, worker: Path) -> None:
    assert worker.exists()
    assert main(["start"]) == 0
    await_starts(project, 1).kill()
    second = await_starts(project, 2)
    time.sleep(1.5)  # so that it has sent a heartbeat
    second.suspend()
    began = time.monotonic()
    await_starts(project, 3)
    assert time.monotonic() - began > MISSED * 0.1 * 0.8, "a short pause is no reason"
    await_line(project, "worker sends no heartbeats; killing it")
    assert not second.is_running()
    assert state_of(project).programs["service"][1] == 1


@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped"])
def test_none_outlives_a_killed_supervisor_for_long(project: Project, worker: Path, *, stopped: bool) -> None:
    """It ends by itself, or, if it cannot, by the next command."""
    assert worker.exists()
    assert main(["start"]) == 0
    process = await_starts(project, 1)
    if stopped:
        process.suspend()
    os.kill(state_of(project).pid, signal.SIGKILL)
    if stopped:
        assert main(["stop"]) == 0
    assert processes.wait_for_end([process], seconds=5)


def test_a_project_without_a_service_is_refused(project: Project, capfd: Output) -> None:
    table = (project.root / "pyproject.toml").read_text()
    (project.root / "pyproject.toml").write_text(table.replace("{ service =", "{ worker ="))
    assert main(["start"]) == 1
    assert "none of its programs is called service" in capfd.readouterr().err


def test_a_report_that_takes_too_long_is_left_out(
    project: Project, worker: Path, monkeypatch: pytest.MonkeyPatch, capfd: Output
) -> None:
    worker.with_name("report.py").write_text("import time; time.sleep(60)")
    monkeypatch.setattr("lib.local.reports._SECONDS", 0.5)
    assert main(["start"]) == 0
    assert state_of(project).ready
    assert shown(capfd)["worker"] == "unknown: no report within 0.5 s"
