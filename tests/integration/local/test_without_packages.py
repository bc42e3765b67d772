"""stop, status and clean after a failed installation: packages are missing, and something may still run."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lib.local import without_packages
from lib.local.project import Project
from lib.local.state import running_state
from tests.integration.local.conftest import REPOSITORY

MISSING = "The installation here is incomplete (click is missing): make start repairs it.\n"


def run(project: Project, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command with a Python that has no packages."""
    argv = [sys.executable, "-S", "-m", "lib.local", *words]
    return subprocess.run(argv, cwd=project.root, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603


@pytest.fixture
def started(project: Project) -> Iterator[Project]:
    argv = [sys.executable, "-m", "lib.local", "start"]
    subprocess.run(argv, cwd=project.root, check=True, capture_output=True, timeout=120)  # noqa: S603 - our own
    yield project
    state = running_state(project.supervisor_lock)
    if state is not None:
        os.kill(state.pid, signal.SIGTERM)


@pytest.mark.parametrize(
    ("command", "status"), [("start", 1), ("logs", 1), ("event", 1), ("address", 1), ("status", 3), ("stop", 0)]
)
def test_every_command_names_the_missing_package_without_a_traceback(
    project: Project, command: str, status: int
) -> None:
    done = run(project, command)
    assert done.returncode == status
    assert done.stderr.startswith(MISSING)
    assert "Traceback" not in done.stderr


def test_make_start_repairs_an_incomplete_installation_whatever_the_stamps_say(project: Project) -> None:
    """A package may get lost after a complete installation."""
    venv = project.root / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)  # noqa: S603 - our own
    (venv / "run.stamp").touch()
    shutil.copy(REPOSITORY / "Makefile", project.root)
    for lock in REPOSITORY.glob("requirements*.txt"):
        (project.root / lock.name).write_text("")
        os.utime(project.root / lock.name, (1, 1))
    prepares = ["make", "--dry-run", "start"]
    before = subprocess.run(prepares, cwd=project.root, capture_output=True, text=True, check=True).stdout  # noqa: S603
    assert "lib.install" not in before
    argv = [str(venv / "bin/python"), "-m", "lib.local", "status"]
    assert subprocess.run(argv, cwd=project.root, capture_output=True, check=False).returncode == 3  # noqa: S603
    after = subprocess.run(prepares, cwd=project.root, capture_output=True, text=True, check=True).stdout  # noqa: S603
    assert "lib.install run" in after
    assert (venv / "unfinished").exists(), "so it is made anew: its packages may only look installed"


def test_clean_removes_what_a_run_has_written(project: Project) -> None:
    project.logs.mkdir(parents=True)
    assert run(project, "clean").returncode == 0
    assert not project.var.exists()


def test_a_service_started_before_is_shown_and_stopped_with_its_database(started: Project) -> None:
    state = running_state(started.supervisor_lock)
    assert state is not None
    family = [psutil.Process(state.pid), *psutil.Process(state.pid).children(recursive=True)]
    assert state.address in run(started, "status").stdout
    done = run(started, "clean")
    assert (done.returncode, done.stderr) == (0, MISSING + "Stopped; the data stays.\n")
    assert not started.var.exists()
    assert psutil.wait_procs(family, timeout=5)[1] == []


def test_clean_refuses_to_remove_the_data_of_a_running_postgresql(started: Project) -> None:
    state = running_state(started.supervisor_lock)
    assert state is not None
    psutil.Process(state.pid).kill()
    done = run(started, "clean")
    assert done.returncode == 1
    assert "PostgreSQL still runs here (pid " in done.stderr
    assert "make start repairs the installation, then make stop ends it" in done.stderr
    assert (started.var / "postgres").exists() or (started.outside / "postgres").exists()


def test_make_status_and_clean_work_without_a_virtual_environment(started: Project) -> None:
    shutil.copy(REPOSITORY / "Makefile", started.root)
    for target, said in (("status", "service     at http"), ("clean", "Stopped; the data stays.")):
        done = subprocess.run(  # noqa: S603 - our own
            ["make", "--silent", target, f"PYTHON={sys.executable} -S"],  # noqa: S607
            cwd=started.root,
            env={name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert said in done.stdout + done.stderr
    assert not started.var.exists()


def test_a_stale_pid_file_of_postgresql_does_not_prevent_stop(project: Project) -> None:
    folder = Path(project.var, "postgres/data")
    folder.mkdir(parents=True)
    (folder / "postmaster.pid").write_text(f"{2**22 + 1}\n")
    assert without_packages.stop(project) == 0
