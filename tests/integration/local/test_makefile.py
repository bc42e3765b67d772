"""The Makefile without an installation, and with one that the user cannot read. These tests install nothing."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
FAKE_PYTHON = '#!/bin/sh\necho "$@"\nexit {status}\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    for name in ("requirements.txt", "requirements-postgres.txt", "requirements-dev.txt", "requirements-install.txt"):
        (tmp_path / name).touch()
    return tmp_path


def make(checkout: Path, *words: str, folder: Path | None = None, **options: int) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    argv = ["make", "--silent", *words]
    return subprocess.run(  # type: ignore[call-overload,no-any-return]  # noqa: S603 - our own
        argv,
        cwd=folder or checkout,
        env={**environment, "PWD": str(folder or checkout)},
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def give_python(checkout: Path, status: int = 0) -> None:
    python = checkout / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(FAKE_PYTHON.format(status=status))
    python.chmod(0o755)


@pytest.mark.parametrize(("target", "status"), [("stop", 0), ("status", 0), ("logs", 2), ("event", 2), ("address", 2)])
def test_targets_for_a_running_service_report_that_nothing_was_started_and_install_nothing(
    checkout: Path, target: str, status: int
) -> None:
    done = make(checkout, target)
    assert "Nothing was started here: make start\n" in done.stderr
    assert done.returncode == status
    assert not (checkout / ".venv").exists()


def test_messages_name_the_command_for_the_folder_of_the_user(checkout: Path) -> None:
    said = f"Nothing was started here: make -C '{checkout}' start\n"
    assert make(checkout, "-C", str(checkout), "stop", folder=Path("/")).stderr == said
    give_python(checkout)
    (checkout / ".venv/bin/python").write_text('#!/bin/sh\necho "$MAKE_PREFIX"\n')
    assert make(checkout, "-C", str(checkout), "status", folder=Path("/")).stdout == f"make -C '{checkout}'\n"
    assert make(checkout, "status").stdout == "make\n"


@pytest.mark.parametrize("target", ["stop", "status", "logs", "event", "address"])
def test_targets_for_a_running_service_use_the_installed_python_even_if_the_lock_changed(
    checkout: Path, target: str
) -> None:
    give_python(checkout)
    done = make(checkout, target)
    assert (done.returncode, done.stdout) == (0, f"-m lib.local {target}\n")


@pytest.mark.parametrize(("given", "returned"), [(0, 0), (3, 0), (1, 2)])
def test_make_status_succeeds_if_the_service_does_not_run(checkout: Path, given: int, returned: int) -> None:
    give_python(checkout, given)
    assert make(checkout, "status").returncode == returned


@pytest.mark.parametrize("compose", ["./no-docker compose", "false"])
@pytest.mark.parametrize("target", ["docker.start", "docker.stop", "docker.logs"])
def test_without_compose_make_start_is_proposed(checkout: Path, target: str, compose: str) -> None:
    done = make(checkout, target, f"COMPOSE={compose}")
    assert done.stderr.startswith("docker compose not found: install it, or use make start\n")
    assert done.returncode != 0


def test_a_missing_python_is_installed_again_whatever_the_stamps_say(checkout: Path) -> None:
    give_python(checkout)
    (checkout / ".venv/bin/python").unlink()
    (checkout / ".venv/run.stamp").touch()
    assert "lib.install run" in make(checkout, "--dry-run", "start").stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
@pytest.mark.parametrize("target", ["stop", "status", "event", "clean"])
def test_an_installation_that_this_user_cannot_read_is_not_reported_as_missing(open_folder: Path, target: str) -> None:
    shutil.copy(REPOSITORY / "Makefile", open_folder)
    give_python(open_folder)
    (open_folder / ".venv").chmod(0o700)
    done = make(open_folder, target, user=65534, group=65534)
    assert done.stderr.startswith("error: .venv is closed to you: run this as the user who made it\n")
    assert done.returncode != 0


LOOK = """#!/bin/sh
ps -eo args
"""


def test_a_key_before_make_is_not_visible_to_ps_and_a_key_after_it_gets_a_warning(checkout: Path) -> None:
    give_python(checkout)
    (checkout / ".venv/bin/python").write_text(LOOK)
    secret = "aa_0123456789ab_of_nobody"  # noqa: S105  # of no service
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    argv = ["make", "--silent", "event"]
    before = subprocess.run(  # noqa: S603 - our own
        argv, cwd=checkout, env={**environment, "KEY": secret}, capture_output=True, text=True, check=True
    )
    assert "make --silent event" in before.stdout
    assert secret not in before.stdout
    assert before.stderr == ""
    behind = subprocess.run(  # noqa: S603 - our own
        [*argv, f"KEY={secret}"], cwd=checkout, env=environment, capture_output=True, text=True, check=True
    )
    assert "keys rotate" in behind.stderr
    assert re.search(r": KEY=\.\.\. make .*event\n$", behind.stderr)
