"""The server: how many connections fit into the limit of open files, and that each of its settings is decided."""

import inspect
import subprocess
import sys

import pytest
from granian.http import HTTP1Settings
from granian.server import MPServer

from app import bounds, server
from tests.settings import settings_with

SCRIPT = """
import resource, sys
from app.server import connections_allowed
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
print(connections_allowed(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""
WANTED = server.CONNECTIONS + server.OTHER_FILES


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "files"),
    [
        (1024, 16384, server.CONNECTIONS, WANTED),
        (1024, 2048, 2048 - server.OTHER_FILES, 2048),
        (10000, 16384, server.CONNECTIONS, 10000),
    ],
)
def test_the_open_file_limit_is_raised_as_far_as_allowed(soft: int, hard: int, connections: int, files: int) -> None:
    """A33. In a separate process, since a lowered limit stays low."""
    argv = [sys.executable, "-c", SCRIPT, str(soft), str(hard)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)  # noqa: S603  # our own
    assert done.stdout.split() == [str(connections), str(files)]


def test_every_parameter_of_the_server_is_given_or_left_for_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """A33. A parameter that a new Granian brings, or a default that is given and listed as left, fails."""
    given: dict[str, object] = {}
    monkeypatch.setattr(server, "MPServer", lambda target, **named: given.update(target=target, **named))
    server.server(settings_with())
    parameters = inspect.signature(MPServer.__init__).parameters.keys() - {"self"}
    assert given.keys() | server.AT_DEFAULT.keys() == parameters
    assert not given.keys() & server.AT_DEFAULT.keys()
    assert all(server.AT_DEFAULT.values())


def test_every_setting_of_http_1_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, object] = {}
    monkeypatch.setattr(server, "HTTP1Settings", lambda **named: given.update(named))
    server.server(settings_with())
    assert given.keys() == inspect.signature(HTTP1Settings).parameters.keys()


def test_the_time_limits_are_nested() -> None:
    assert bounds.WORK < bounds.HEADER < bounds.IDLE < bounds.QUIET
