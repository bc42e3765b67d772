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


def test_the_commands_run_in_their_release_with_the_settings(database: str, tmp_path: Path) -> None:
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
    command = tmp_path / "activity-alerts"
    command.symlink_to(tmp_path / "current/deploy/systemd/activity-alerts")
    (tmp_path / "env").write_text(f'DATABASE_URL="{database}"\n')
    environment = {"SETTINGS": str(tmp_path / "env"), "PATH": "/usr/bin:/bin"}
    argv = [str(command), "keys", "create", "--name", "payments", "--scope", "events:write"]
    done = subprocess.run(argv, env=environment, cwd="/", capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("aa_")
