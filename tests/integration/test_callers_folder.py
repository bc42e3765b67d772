"""Files named on the command line are those of the folder in which it was typed, whatever stands in between."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from lib.caller import CallersPath
from lib.local.caller import caller_folder
from tests.integration.conftest import AppWith, Sql

REPOSITORY = Path(__file__).parents[2]
MAKE = {
    "make -C": ["make", "-C", "{checkout}"],
    "make -sC, relative": ["make", "-sC", "../checkout"],
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose installed Python is that of the tests; its settings say nothing."""
    folder = tmp_path / "checkout"
    for name in ("app", "lib", "migrations", "Makefile", "pyproject.toml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(REPOSITORY / name)
    for name in ("requirements.txt", "requirements-postgres.txt", "requirements-install.txt"):
        (folder / name).touch()
    python = folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (folder / ".venv/run.stamp").touch()
    (folder / "deploy").symlink_to(REPOSITORY / "deploy")
    shutil.copytree(REPOSITORY / "bin", folder / "bin")  # no link: it finds its checkout by where it lies
    return folder


@pytest.fixture
def caller(tmp_path: Path, checkout: Path, app_with: AppWith) -> Path:
    """The folder of a person, with an edition of the rules in a file; the checkout has another of the same name."""
    exported = app_with().test_cli_runner().invoke(args=["rules", "export", "1"]).stdout
    folder = tmp_path / "somebody's own folder"
    folder.mkdir()
    (folder / "my.toml").write_text(exported.replace("100.00", "150.00"), encoding="utf-8")
    (checkout / "my.toml").write_text(exported.replace("100.00", "175.00"), encoding="utf-8")
    return folder


def run(argv: list[str], cwd: Path, **environment: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(  # noqa: S603  # our own
        argv, cwd=cwd, env={**inherited, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def limits(sql: Sql) -> Iterator[str]:
    """Return the limit of the rule 1100 of each edition that was drafted."""
    for (rules,) in sql("SELECT rules::text FROM rule_book WHERE edition > 1 ORDER BY edition"):
        yield next(rule["above"] for rule in json.loads(rules) if rule["code"] == 1100)


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE.keys())
def test_make_with_a_directory_option_uses_the_folder_of_the_caller(
    database: str, sql: Sql, checkout: Path, caller: Path, make: list[str]
) -> None:
    argv = [word.format(checkout=checkout) for word in make]
    run([*argv, "flask", "ARGS=rules draft my.toml"], caller, DATABASE_URL=database, PWD=str(caller))
    assert list(limits(sql)) == ["150.00"]


def test_make_in_the_checkout_ignores_pwd(database: str, sql: Sql, checkout: Path, caller: Path) -> None:
    """As when a program starts it there: PWD is that of the program's own folder."""
    run(["make", "flask", "ARGS=rules draft my.toml"], checkout, DATABASE_URL=database, PWD=str(caller))
    assert list(limits(sql)) == ["175.00"]


def test_the_command_of_an_installed_release(database: str, sql: Sql, checkout: Path, caller: Path) -> None:
    (caller / "settings").write_text(f'DATABASE_URL="{database}"\n')
    command = [str(checkout / "deploy/systemd/activity-alerts")]
    (checkout / "deploy").unlink()
    (checkout / "deploy/systemd").mkdir(parents=True)
    Path(command[0]).write_text((REPOSITORY / "deploy/systemd/activity-alerts").read_text())
    Path(command[0]).chmod(0o755)
    environment = {"SETTINGS": "settings", "PWD": str(caller)}
    run([*command, "rules", "draft", "my.toml"], caller, **environment)
    assert list(limits(sql)) == ["150.00"]
    output = run([*command, "rules", "backtest", "1", "--jobs", "1", "--html", "out.html"], caller, **environment)
    assert (caller / "out.html").read_text().startswith("<!doctype html>")
    assert f"Written: {caller}/out.html" in output
    assert not (checkout / "out.html").exists()


def test_every_file_argument_is_relative_to_the_caller(app_with: AppWith) -> None:
    """The kind: a path that is added to a command without thinking of this is found here."""
    ours = app_with().cli
    context = click.Context(ours)
    groups = [group for name in ("keys", "rules", "users") if isinstance(group := ours.commands[name], click.Group)]
    commands = [group.get_command(context, name) for group in groups for name in group.list_commands(context)]
    options = [each for command in commands if command for each in command.params]
    files = [each for each in options if isinstance(each.type, click.Path | click.File)]
    assert sorted(each.name or "" for each in files) == [
        "faults",
        "file",
        "file",
        "html_file",
        "json_file",
        "json_file",
    ]
    assert [each.name for each in files if not isinstance(each.type, CallersPath)] == []


@pytest.mark.parametrize(("given", "meant"), [("a/b", "/where/a/b"), ("/a", "/a"), ("-", "-"), ("", "")])
def test_only_relative_paths_start_at_the_folder_of_the_caller(
    monkeypatch: pytest.MonkeyPatch, given: str, meant: str
) -> None:
    monkeypatch.setenv("CALLER_FOLDER", "/where")
    assert CallersPath().convert(given, None, None) == meant
    monkeypatch.delenv("CALLER_FOLDER")
    assert CallersPath().convert(given, None, None) == given


def test_without_make_the_folder_is_that_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKE_CALLED_IN", "/somewhere/else")
    monkeypatch.setattr("lib.local.caller._MAKES", ())
    assert caller_folder(tmp_path) == tmp_path
