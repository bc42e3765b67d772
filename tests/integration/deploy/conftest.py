"""The shipped nginx with two instances of the service behind it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lib.probe import fault_after
from testkit.ports import free_port
from tests.integration.deploy import nginx as shipped
from tests.integration.deploy.nginx import Nginx
from tests.integration.servers import MAX_WAIT, Serve

if TYPE_CHECKING:
    import subprocess


class Instances:
    """Two instances of the service and the console, each at its port; they run when they are started."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.ports = (free_port(), free_port())
        self.console = free_port()

    def start(self, port: int, **settings: str) -> "subprocess.Popen[str]":
        """Start the instance of a port, and return when it answers; no key is needed unless the settings say so.

        It has to be said: what nginx passes on does not count as coming from this machine (A39).
        """
        process = self._serve(PORT=str(port), **{"LOG_LEVEL": "ERROR", "ACCESS": "open", **settings})
        assert fault_after(MAX_WAIT, "127.0.0.1", port, "/health/ready") == ""
        return process


@pytest.fixture
def instances(serve: Serve) -> Instances:
    return Instances(serve)


@pytest.fixture
def nginx(instances: Instances, port: int, tmp_path: Path) -> Iterator[Nginx]:
    if shipped.PROGRAM is None:
        pytest.skip("nginx is not installed: apt-get install nginx")
    with shipped.running(tmp_path / "nginx", port, instances.ports, instances.console) as running:
        yield running
