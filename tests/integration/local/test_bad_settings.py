"""Wrong settings prevent a start, and nothing else."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from lib.local.__main__ import main
from lib.local.project import Project, read_project
from testkit.ports import free_port
from tests.integration.local.conftest import REPOSITORY


@pytest.fixture(params=[b"PORT=abc\n", b"PORT=\xe9\n"], ids=["no port", "no text"])
def spoiled(project: Project, request: pytest.FixtureRequest) -> Project:
    """A checkout whose service runs, and whose settings became wrong after the start."""
    assert main(["start"]) == 0
    (project.root / ".env").write_bytes(request.param)
    return project


def test_wrong_settings_do_not_prevent_status_stop_and_clean(
    spoiled: Project, capfd: pytest.CaptureFixture[str]
) -> None:
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


def test_a_setting_that_the_project_refuses_is_reported_before_anything_is_started(
    project: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLOUR", "blue")
    assert main(["start"]) == 1
    said = capfd.readouterr().err
    assert said == "error: these settings stop the start:\n  COLOUR: Must be one of: red. It is set in .env.\n"
    assert "migrations" not in said
    assert not (project.var / "postgres").exists()
    assert list(project.var.rglob("*.log")) == []


def test_wrong_settings_of_this_project_are_not_reported_as_failed_migrations(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("app", "lib", "migrations", "pyproject.toml"):
        (open_folder / name).symlink_to(REPOSITORY / name)
    (open_folder / ".env").write_text(f"EVENT_ORDER=foo\nPORT={free_port()}\n")
    monkeypatch.chdir(open_folder)
    monkeypatch.setenv("WEB_THREADS", "abc")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert main(["start"]) == 1
    first, *lines = capfd.readouterr().err.splitlines()
    assert first == "error: these settings stop the start (docs/settings.md lists them all):"
    assert [line.partition(": ")[0] for line in lines] == ["  EVENT_ORDER", "  WEB_THREADS"]
    assert lines[0].endswith("Must be one of: user, system. It is set in .env.")
    assert "from 1 to 64. It is set in the environment" in lines[1]
    assert not (open_folder / "var/postgres").exists()


def test_a_notice_that_fails_is_reported_with_the_end_of_its_output(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    (project.root / "notice.py").write_text("import no_such_module")
    assert main(["start"]) == 1
    said = capfd.readouterr().err
    assert said.startswith("error: the settings could not be read; the end of the error output:\n")
    assert "No module named 'no_such_module'" in said
    assert not (project.var / "postgres").exists()


def test_a_wrong_port_is_reported_with_the_place_where_it_is_set(
    project: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (project.root / ".env").write_text("PORT=abc\n")
    assert main(["start"]) == 1
    assert "PORT=abc is not a port" in (said := capfd.readouterr().err)
    assert "(it is set in .env)" in said
    monkeypatch.setenv("PORT", "0")
    assert main(["start"]) == 1
    assert "(it is set in the environment)" in capfd.readouterr().err


def test_requests_to_the_alive_path_of_this_project_are_not_logged(
    client: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert client.get(read_project(REPOSITORY).alive_path).status_code == 200
    assert capfd.readouterr().err == ""
