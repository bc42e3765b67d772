"""Further instances: beside the checkout's own, filled once, ended with it, and never half there."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from lib.local.__main__ import main
from lib.local.postgres import cluster_of
from lib.local.project import INSTANCE, Project, read_project, this_project
from lib.local.settings import program_environment, read_settings, settings_of
from lib.local.state import State, running_state
from tests.integration.local.conftest import REPOSITORY
from tests.integration.local.seen import left_by

Output = pytest.CaptureFixture[str]
INSTANCES = """
secrets = { HOOK_KEY = "var/hook.key" }
environment = { PLACE = "var/place" }

[tool.local.instances.extra]
target = "start.extra"
fill = ["fill.py"]
greeting = ["greet.py"]
settings = { MOOD = "calm" }
postgres = { synchronous_commit = "off" }
"""
# Leaves a trace in the database that it is given, and says when it began; waits, or fails, as files say.
FILL = """
import os, pathlib, sys, time, psycopg2
with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
    cursor.execute("SHOW synchronous_commit")
    print("filling", os.environ["SERVICE_ADDRESS"], os.environ["MOOD"], cursor.fetchone()[0], flush=True)
pathlib.Path("began").touch()
while pathlib.Path("wait").exists():
    time.sleep(0.05)
sys.exit(pathlib.Path("fail").exists())
"""


@pytest.fixture
def extra(project: Project) -> Project:
    """The further instance of a checkout; what it runs is stopped with the checkout."""
    table = project.root / "pyproject.toml"
    table.write_text(table.read_text() + INSTANCES)
    (project.root / "fill.py").write_text(FILL)
    (project.root / "greet.py").write_text("import os; print('welcome to', os.environ['SERVICE_ADDRESS'])")
    return read_project(project.root).instance("extra")


def run(extra: Project, command: str = "start") -> int:
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv(INSTANCE, "extra")
        assert this_project(extra.root, os.environ).own == extra.own
        return main([command])


def state_of(project: Project) -> State:
    state = running_state(project.supervisor_lock)
    assert state
    return state


def port_of(project: Project) -> int:
    port = urlsplit(state_of(project).address).port
    assert port
    return port


def is_gone(extra: Project) -> bool:
    """Whether nothing runs and no data is left; logs may be."""
    is_empty = not cluster_of(extra).home.exists() and not (extra.var / "filled").exists()
    return is_empty and left_by(extra) == [] and running_state(extra.supervisor_lock) is None


def test_a_further_instance_runs_beside_the_own_one_and_ends_with_it(
    project: Project, extra: Project, capfd: Output
) -> None:
    assert main(["start"]) == 0
    capfd.readouterr()
    assert run(extra) == 0
    said = capfd.readouterr()
    address = state_of(extra).address
    assert f"filling {address} calm off" in said.out
    assert said.out.endswith(f"welcome to {address}\n")
    assert "Filled and ready after" in said.err
    assert "Docs" not in said.out, "its greeting says where it is"
    assert port_of(project) < port_of(extra) <= port_of(project) + 100
    assert cluster_of(extra).service_url != cluster_of(project).service_url
    assert (extra.var / "hook.key").read_text() != (project.var / "hook.key").read_text()

    assert run(extra) == 0
    again = capfd.readouterr()
    assert "Already running" in again.err
    assert again.out == f"welcome to {address}\n", "it is not filled again"

    assert main(["status"]) == 0
    assert f"extra       at {address} (supervisor {state_of(extra).pid})\n" in capfd.readouterr().out
    assert main(["stop"]) == 0
    assert "Stopped" in capfd.readouterr().err
    assert left_by(extra) == []

    assert run(extra) == 0, "without the own one"
    assert "filling" not in capfd.readouterr().out, "stop keeps the data"
    assert main(["clean"]) == 0
    assert not project.var.exists()
    assert is_gone(extra)


def test_it_can_be_removed_alone(project: Project, extra: Project) -> None:
    assert main(["start"]) == 0
    assert run(extra) == 0
    assert run(extra, "clean") == 0
    assert not extra.var.exists()
    assert running_state(extra.supervisor_lock) is None
    assert state_of(project).ready


def test_it_can_be_ended_without_packages(extra: Project) -> None:
    assert run(extra) == 0
    argv = [sys.executable, "-S", "-m", "lib.local", "clean"]
    done = subprocess.run(argv, cwd=extra.root, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own
    assert done.returncode == 0, done.stderr
    assert is_gone(extra)


def test_one_that_cannot_be_filled_is_removed_and_filled_anew(extra: Project, capfd: Output) -> None:
    (extra.root / "fail").touch()
    assert run(extra) == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "Ctrl-C is heard again"
    assert "it could not be filled, so its data was removed: make start.extra starts over" in capfd.readouterr().err
    assert is_gone(extra)
    (extra.root / "fail").unlink()
    assert run(extra) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_one_whose_filling_is_interrupted_is_removed(extra: Project, number: signal.Signals) -> None:
    with begun(extra) as start:
        start.send_signal(number)
        said = start.communicate(timeout=60)[1]
    assert "interrupted" in said
    assert start.returncode == 130
    assert is_gone(extra)


def test_one_that_was_killed_while_it_was_filled_is_filled_anew(extra: Project, capfd: Output) -> None:
    with begun(extra) as start:
        start.kill()
    (extra.root / "wait").unlink()
    before = state_of(extra).pid
    capfd.readouterr()
    assert run(extra) == 0
    assert "filling" in capfd.readouterr().out
    assert state_of(extra).pid != before


def test_an_instance_that_is_not_known_is_named(extra: Project, monkeypatch: pytest.MonkeyPatch, capfd: Output) -> None:
    monkeypatch.setenv(INSTANCE, "other")
    assert main(["status"]) == 1
    assert "there is no instance other (known: extra)" in capfd.readouterr().err
    assert extra.own is not None


def test_nothing_that_the_user_has_set_makes_it_share_what_the_own_one_has(extra: Project) -> None:
    theirs = {"DATABASE_URL": "postgresql://elsewhere/x", "DATABASE_OWNER_URL": "postgresql://elsewhere/x"}
    theirs |= {"HOOK_KEY": "mine", "PLACE": "/mine", "MOOD": "cross", "CLI_PREFIX": "bin/it"}
    settings = settings_of(extra, theirs)
    assert (settings.database_url, settings.owner_url) == (None, None)
    told = program_environment(extra, settings, None)
    assert told["HOOK_KEY"] == ""
    assert told["HOOK_KEY_FILE"] == str(extra.var / "hook.key")
    assert (told["PLACE"], told["MOOD"]) == ("var/extra/place", "calm")
    assert told["CLI_PREFIX"] == "LOCAL_INSTANCE=extra bin/it"
    assert settings_of(extra, told).environment["CLI_PREFIX"] == told["CLI_PREFIX"], "once"
    assert told["LOCAL_RUN"] != program_environment(replace(extra, own=None), settings, None)["LOCAL_RUN"]


def test_a_port_that_another_program_has_is_passed_over(extra: Project) -> None:
    first = read_settings(extra.root, {}).port
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", first + 1))
        other.listen()
        assert run(extra) == 0
        assert first + 1 < port_of(extra) <= first + 100


def begun(extra: Project) -> "subprocess.Popen[str]":
    """Begin to start the instance in a process of its own; return that when it is being filled."""
    (extra.root / "wait").touch()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # heard also where a shell told us to ignore it
    start = subprocess.Popen(
        [sys.executable, "-m", "lib.local", "start"],
        cwd=extra.root,
        env={**os.environ, INSTANCE: "extra"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 60
    while not (extra.root / "began").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return start


def test_this_project_has_a_demo_whose_settings_hold(tmp_path: Path) -> None:
    demo = replace(read_project(REPOSITORY), root=tmp_path).instance("demo")
    production = {"ENV": "production", "HOST": "0.0.0.0", "T_IS": "number", "FOUR_EYES": "true"}  # noqa: S104  # to be replaced
    told = program_environment(demo, settings_of(demo, production), None)
    assert (told["ENV"], told["HOST"], told["T_IS"], told["FOUR_EYES"]) == ("development", "127.0.0.1", "unix", "false")
