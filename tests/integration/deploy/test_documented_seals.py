"""Seals, by the very lines of docs/deploy.md; what systemd makes of the units is tested beside (test_systemd)."""

from pathlib import Path

from tests.integration.conftest import Sql
from tests.integration.deploy.page import blocks
from tests.integration.deploy.release import REPOSITORY, Release, write_program
from tests.integration.test_counting import store_before

UNITS = "/etc/systemd/system/"
SYSTEMCTL = '#!/bin/sh\necho "$@" >> "$SAID"\n'


def test_the_timer_is_installed_with_its_service_and_enabled(tmp_path: Path) -> None:
    release, units, output = Release(tmp_path / "release"), tmp_path / "units", tmp_path / "said"
    units.mkdir()
    write_program(release.programs / "systemctl", SYSTEMCTL)
    timer, _ = blocks("Seals")
    done = release.shell(timer.replace(UNITS, f"{units}/"), REPOSITORY, SAID=str(output))
    assert done.returncode == 0, done.stderr
    reload, enable = output.read_text().splitlines()
    assert (reload, enable) == ("daemon-reload", "enable --now activity-alerts-seal.timer")
    assert {unit.name for unit in units.iterdir()} == {"activity-alerts-seal.service", "activity-alerts-seal.timer"}


def test_events_of_an_older_release_are_counted_once(database: str, tmp_path: Path, sql: Sql) -> None:
    store_before(sql, 1, 7)
    release = Release(tmp_path / "release", DATABASE_URL=database)
    _, count = blocks("Seals")
    done = release.shell(count, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Counted and sealed: 1 events of 1 players.\n")
