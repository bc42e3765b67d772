"""The container image: read-only, as nobody special, healthy, closed by default, and gone when it is told to stop."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.version import VERSION
from lib.probe import fault_after
from tests.integration.deploy.image import PACKAGES, PYTHON, Container, command, files, instruction
from tests.integration.servers import MAX_WAIT, post
from tests.unit.deploy.files import PRODUCTION

PLACES = ("/", "/service", PACKAGES, "/var/tmp", "/run", "/home", "/etc")  # noqa: S108  # to see that they are closed
WORK = PRODUCTION["services"]["work"]["command"]
CHECK = PRODUCTION["services"]["work"]["healthcheck"]["test"][1:]
TOUCH = "import pathlib, sys; [pathlib.Path(place, 'mark').touch() for place in sys.argv[1:]]"


def namespaces_can_be_had() -> bool:
    if os.geteuid() != 0:
        return False
    try:
        return subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False).returncode == 0  # noqa: S607
    except OSError:
        return False


needs_namespaces = pytest.mark.skipif(
    not namespaces_can_be_had(), reason="only root can make the namespaces that a container is made of"
)


@pytest.fixture
def container(database: str, port: int, tmp_path: Path) -> Iterator[Container]:
    made = Container(tmp_path / "image", {"DATABASE_URL": database, "PORT": str(port)})
    made.unpack()
    yield made
    for process in made.running:
        process.kill()
        process.communicate()


def test_the_image_gets_what_it_needs_and_nothing_else() -> None:
    inside = {str(path) for path in files()}
    assert {"app/__main__.py", "lib/probe.py", "migrations/alembic.ini", "requirements.txt"} <= inside
    locks = {"requirements.txt", "requirements-install.txt"}
    assert {path.split("/")[0] for path in inside} == {"app", "lib", "migrations", "pyproject.toml", *locks}
    assert not [path for path in inside if path.startswith("lib/local/") or "__pycache__" in path]


@needs_namespaces
def test_it_serves_from_a_read_only_file_system_and_stops_on_sigterm(container: Container, port: int) -> None:
    service = container.run(command("CMD"))
    assert fault_after(MAX_WAIT, "127.0.0.1", port, "/health/ready") == ""
    health = container.run(command("HEALTHCHECK"))
    health.communicate(timeout=MAX_WAIT)
    assert health.returncode == 0
    assert post(port, 1) == 401  # it listens beyond loopback, so it requires keys (A20)
    [first] = psutil.Process(service.pid).children()
    assert {*first.uids(), *first.gids()} == {int(instruction("USER"))}
    first.send_signal(getattr(signal, instruction("STOPSIGNAL")))
    _, output = service.communicate(timeout=MAX_WAIT)
    assert service.returncode == 0
    assert "Traceback" not in output


@needs_namespaces
def test_the_health_check_fails_without_the_service(container: Container) -> None:
    health = container.run(command("HEALTHCHECK"))
    assert "no answer from 127.0.0.1" in health.communicate(timeout=MAX_WAIT)[1]
    assert health.returncode == 1


@needs_namespaces
@pytest.mark.parametrize("place", PLACES)
def test_only_tmp_can_be_written(container: Container, place: str) -> None:
    writing = container.run([PYTHON, "-c", TOUCH, "/tmp", place])  # noqa: S108  # its own
    assert "OSError: [Errno 30] Read-only file system" in writing.communicate(timeout=MAX_WAIT)[1]


@needs_namespaces
def test_flask_commands_find_the_application(container: Container) -> None:
    made = container.run([PYTHON, "-m", "flask", "keys", "create", "--name", "me", "--scope", "events:write"])
    key, output = made.communicate(timeout=MAX_WAIT)
    assert made.returncode == 0, output
    assert key.startswith("aa_")


@needs_namespaces
def test_the_worker_works_in_it_and_stops_on_sigterm(container: Container) -> None:
    assert container.run([PYTHON, "-m", *CHECK]).wait(MAX_WAIT) == 1
    worker = container.run([PYTHON, "-m", *WORK])
    deadline = time.monotonic() + MAX_WAIT
    while container.run([PYTHON, "-m", *CHECK]).wait(MAX_WAIT) != 0:
        assert time.monotonic() < deadline
    [process] = psutil.Process(worker.pid).children()
    process.send_signal(getattr(signal, instruction("STOPSIGNAL")))
    _, output = worker.communicate(timeout=MAX_WAIT)
    assert worker.returncode == 0, output
    assert "Traceback" not in output


@needs_namespaces
def test_it_knows_its_version(container: Container) -> None:
    shown, output = container.run([PYTHON, "-m", "flask", "version"]).communicate(timeout=MAX_WAIT)
    assert shown == f"{VERSION}\n", output
