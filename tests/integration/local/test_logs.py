"""The last lines of logs, and who may read them."""

from pathlib import Path

import pytest

from lib.local.__main__ import main
from lib.local.log_files import last_lines
from lib.local.project import Project


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 20_000])
def test_the_last_lines_of_a_log_are_read(tmp_path: Path, count: int) -> None:
    lines = [f"line {number}: é" for number in range(count)]
    path = tmp_path / "log"
    path.write_text("".join(f"{line}\n" for line in lines))
    assert last_lines(path, 50) == lines[-50:]


def test_a_missing_log_has_no_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "log", 2) == []


def test_logs_are_closed_to_other_users_even_if_an_older_release_created_them(project: Project) -> None:
    project.logs.mkdir(parents=True)
    project.service_log.write_text("of before\n")
    project.service_log.chmod(0o644)
    assert main(["start"]) == 0
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in project.logs.iterdir()} == dict.fromkeys(
        ("service.log", "postgres.log", "migrate.log"), "0o640"
    )
