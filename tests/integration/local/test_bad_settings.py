"""Settings that cannot be used stop a start, and nothing else."""

import pytest

from lib.local.__main__ import main
from lib.local.project import Project


@pytest.fixture(params=[b"PORT=abc\n", b"PORT=\xe9\n"], ids=["no port", "no text"])
def spoiled(project: Project, request: pytest.FixtureRequest) -> Project:
    """A checkout whose service runs, and whose settings were spoiled since."""
    assert main(["start"]) == 0
    (project.root / ".env").write_bytes(request.param)
    return project


def test_what_runs_can_be_seen_and_stopped_whatever_is_set(spoiled: Project, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    assert main(["event"]) == 0
    assert main(["status"]) == 0
    status = capfd.readouterr().out
    assert "settings" in status
    assert "http://127.0.0.1" in status
    assert main(["db-url"]) == 1
    assert main(["stop"]) == 0
    assert main(["start"]) == 1
    assert main(["clean"]) == 0
    assert not spoiled.var.exists()
    assert capfd.readouterr().err.count("\n") == 4  # a line each: db-url, stop, start, the stop of clean
