"""The service's commands in a checkout: arguments and exit statuses pass unchanged, from any folder."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
NOTE = 'costs $150 & "more", it\'s `$(sold)` at 100 % #1\\'
# In place of Python: says what it was told, and ends as it is told.
ECHO = """#!/bin/sh
printf '%s\\n' "in $PWD, called in $CALLER_FOLDER as $CLI_PREFIX; $MAKE_PREFIX" "$@"
exit {status}
"""
TO_FLASK = ["-m", "lib.local", "run", "--", ".venv/bin/python", "-m", "flask", "--app", "app"]


@pytest.fixture
def checkout(open_folder: Path) -> Path:
    """A checkout with nothing installed."""
    checkout = open_folder / "check out"
    (checkout / "bin").mkdir(parents=True)
    shutil.copy(REPOSITORY / "Makefile", checkout)
    shutil.copy(REPOSITORY / "bin/activity-alerts", checkout / "bin")
    for name in ("requirements.txt", "requirements-postgres.txt", "requirements-dev.txt", "requirements-install.txt"):
        (checkout / name).touch()
    return checkout


def give_python(checkout: Path, text: str) -> None:
    python = checkout / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(text)
    python.chmod(0o755)
    for stamp in ("run.stamp", "dev.stamp"):
        (checkout / ".venv" / stamp).touch()


def call(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    hidden = ("MAKE", "MFLAGS", "CALLER_FOLDER", "PWD")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return subprocess.run(  # noqa: S603 - our own
        words,
        cwd=folder,
        env={**environment, "PWD": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_arguments_arrive_as_they_were_typed(checkout: Path) -> None:
    give_python(checkout, ECHO.format(status=0))
    done = call(checkout, "bin/activity-alerts", "rules", "publish", "1", "--note", NOTE)
    first, *words = done.stdout.splitlines()
    assert first == f"in {checkout}, called in {checkout} as bin/activity-alerts; make"
    assert words == [*TO_FLASK, "rules", "publish", "1", "--note", NOTE]


def test_make_passes_a_dollar_in_args_unchanged(checkout: Path) -> None:
    """In `make flask ARGS="…"` the shell gets what make gets."""
    give_python(checkout, ECHO.format(status=0))
    done = call(checkout, "make", "--silent", "flask", "ARGS=rules publish 1 --note 'costs $150, $(sold) at 100 % #1'")
    assert done.stdout.splitlines()[-2:] == ["--note", "costs $150, $(sold) at 100 % #1"], done.stderr


def test_make_passes_a_dollar_in_a_message_or_setting_unchanged(checkout: Path) -> None:
    give_python(checkout, ECHO.format(status=0))
    assert call(checkout, "make", "--silent", "db.revision", f"MESSAGE={NOTE}").stdout.splitlines()[-1] == NOTE
    shown = '#!/bin/sh\necho "$DATABASE_URL $PORT"\n'
    (checkout / ".venv/bin/python").write_text(shown)
    done = call(checkout, "make", "--silent", "start", "DATABASE_URL=postgresql://u:p$1@h/d", "PORT=5055")
    assert done.stdout == "postgresql://u:p$1@h/d 5055\n"
    assert "say what the migration does" in call(checkout, "make", "--silent", "db.revision").stderr


@pytest.mark.parametrize("status", [0, 1, 2, 3, 130])
def test_the_exit_status_is_the_command_s_own(checkout: Path, status: int) -> None:
    give_python(checkout, ECHO.format(status=status))
    assert call(checkout, "bin/activity-alerts", "rules", "list").returncode == status
    assert call(checkout, "make", "--silent", "flask").returncode == (2 if status else 0), "make has no other"


def test_commands_work_from_any_folder_and_know_how_they_were_called(checkout: Path, tmp_path: Path) -> None:
    give_python(checkout, ECHO.format(status=0))
    link = tmp_path / "alerts"
    link.symlink_to(checkout / "bin/activity-alerts")
    for called, named in (
        (str(link), str(link)),
        (str(checkout / "bin/activity-alerts"), f"'{checkout}/bin/activity-alerts'"),
    ):
        said = call(tmp_path, called, "rules", "list").stdout.splitlines()[0]
        assert said == f"in {checkout}, called in {tmp_path} as {named}; make -C '{checkout}'"
    said = call(tmp_path, "make", "--silent", "-C", str(checkout), "flask").stdout.splitlines()[0]
    assert said.endswith(f" as '{checkout}/bin/activity-alerts'; make -C '{checkout}'"), said


def test_a_missing_installation_is_reported_with_the_command_for_the_current_folder(
    checkout: Path, tmp_path: Path
) -> None:
    here = call(checkout, "bin/activity-alerts", "rules", "list")
    assert (here.returncode, here.stdout) == (1, "")
    assert here.stderr == f"error: nothing is installed in {checkout} yet: make start\n"
    there = call(tmp_path, str(checkout / "bin/activity-alerts"), "rules", "list")
    assert there.stderr == f"error: nothing is installed in {checkout} yet: make -C '{checkout}' start\n"


@pytest.mark.usefixtures("project")
def test_the_signal_that_ended_a_command_is_visible_to_its_caller() -> None:
    """Because the process becomes the command; a shell shows these as 130 and 137."""
    for number in (signal.SIGINT, signal.SIGKILL):
        argv = [sys.executable, "-m", "lib.local", "run", "--", "sh", "-c", f"kill -{number.value} $$"]
        environment = {**os.environ, "DATABASE_URL": "postgresql://h/d"}
        done = subprocess.run(argv, env=environment, check=False, timeout=60)  # noqa: S603 - our own
        assert done.returncode == -number
