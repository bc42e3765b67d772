"""What is shipped for systemd, as far as it can be run without systemd."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHIPPED = Path(__file__).parents[3] / "deploy/systemd"
UNIT = "activity-alerts@.service"
UNITS = (
    UNIT,
    "activity-alerts-console.service",
    "activity-alerts-work.service",
    "activity-alerts-seal.service",
    "activity-alerts-seal.timer",
)
ANALYZE = shutil.which("systemd-analyze")
OLDEST = 250  # the version from which on a unit can be judged without a running systemd
MAX_EXPOSURE = 20  # tenths; "OK" ends at 50


def analyze(*words: str) -> "subprocess.CompletedProcess[str]":
    assert ANALYZE is not None
    return subprocess.run([ANALYZE, *words], capture_output=True, text=True, check=False)  # noqa: S603 - named above


def version() -> int:
    found = re.search(r"systemd (\d+)", analyze("--version").stdout) if ANALYZE else None
    return int(found[1]) if found else 0


needs_systemd = pytest.mark.skipif(version() < OLDEST, reason=f"systemd-analyze {OLDEST} is not installed")


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_every_line(tmp_path: Path, name: str) -> None:
    """Use an existing Python, as nothing is installed in /opt here."""
    for each in UNITS:
        unit = (SHIPPED / each).read_text(encoding="utf-8")
        (tmp_path / each).write_text(unit.replace("/opt/activity-alerts/current/.venv/bin/python", sys.executable))
    checked = analyze("verify", "--man=no", str(tmp_path / name))
    assert (checked.returncode, checked.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".service")])
def test_the_unit_is_locked_up(name: str) -> None:
    checked = analyze("security", "--offline=true", f"--threshold={MAX_EXPOSURE}", "--no-pager", str(SHIPPED / name))
    assert checked.returncode == 0, checked.stdout


@pytest.fixture
def command(database: str, tmp_path: Path) -> Path:
    """Install a release, with the settings of all; return its command."""
    release = tmp_path / "releases/one"
    (release / "deploy/systemd").mkdir(parents=True)
    shutil.copy(SHIPPED / "activity-alerts", release / "deploy/systemd")
    for name in ("app", "lib", "migrations", "pyproject.toml"):
        (release / name).symlink_to(SHIPPED.parents[1] / name)
    python = release / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "current").symlink_to(release)
    (tmp_path / "activity-alerts").symlink_to(tmp_path / "current/deploy/systemd/activity-alerts")
    (tmp_path / "env").write_text(f'DATABASE_URL="{database}"\nENV="production"\nCONSOLE="off"\n')
    return tmp_path / "activity-alerts"


def run(command: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    folder = command.parent
    settings = {"SETTINGS": str(folder / "env"), "CONSOLE_SETTINGS": str(folder / "console")}
    environment = {**settings, "PATH": "/usr/bin:/bin"}
    return subprocess.run([command, *words], env=environment, cwd="/", capture_output=True, text=True, check=False)  # noqa: S603


def test_the_commands_run_in_their_release_with_the_settings(command: Path) -> None:
    done = run(command, "keys", "create", "--name", "payments", "--scope", "events:write")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("aa_")


def test_the_commands_for_people_have_the_settings_of_the_console_as_well(command: Path) -> None:
    """A71."""
    invite = ("staff", "invite", "ann@example.com", "--role", "admin")
    without = run(command, *invite)
    assert (without.returncode, "CONSOLE_KEY is not set" in without.stderr) == (1, True)
    own = f'CONSOLE="on"\nCONSOLE_KEY="{"k" * 32}"\nCONSOLE_URL="https://alerts.example.com"\n'
    (command.parent / "console").write_text(own)
    done = run(command, *invite)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("https://alerts.example.com/console/welcome/")
    assert run(command, "console").stdout.startswith("Console    https://alerts.example.com/console\n")
