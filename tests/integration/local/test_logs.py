"""logs: the last fifty lines, then what comes."""

from pathlib import Path

import pytest

from lib.local.__main__ import main
from lib.local.project import Project
from lib.local.terminal import tail, tail_begins


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 20_000])
def test_a_log_is_shown_from_its_last_fifty_lines(tmp_path: Path, count: int) -> None:
    lines = [f"line {number}: é\n" for number in range(count)]
    path = tmp_path / "log"
    path.write_text("".join(lines))
    with path.open() as file:
        file.seek(tail_begins(path, 50))
        assert file.readlines() == lines[-50:]
    assert tail(path, 50) == [line.rstrip() for line in lines[-50:]]


def test_logs_are_closed_to_others_also_those_of_a_release_before(project: Project) -> None:
    project.logs.mkdir(parents=True)
    project.service_log.write_text("of before\n")
    project.service_log.chmod(0o644)
    assert main(["start"]) == 0
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in project.logs.iterdir()} == dict.fromkeys(
        ("service.log", "postgres.log", "migrate.log"), "0o640"
    )
