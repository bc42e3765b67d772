"""How many connections fit into the limit of open files."""

import subprocess
import sys

import pytest

from app import bounds, server

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


def test_the_time_limits_are_nested() -> None:
    assert bounds.WORK < bounds.HEADER < bounds.IDLE < bounds.QUIET
