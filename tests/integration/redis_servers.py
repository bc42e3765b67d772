"""A real Redis for a test."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import redis


@contextmanager
def running(port: int, folder: Path) -> Iterator[str]:
    """Run a Redis at a port, and return its address."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no redis-server: apt install redis-server")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)  # noqa: S603  # found by us
    url = f"redis://127.0.0.1:{port}/0"
    try:
        await_redis(url)
        yield url
    finally:
        server.terminate()
        server.wait()


def await_redis(url: str) -> None:
    with closing(redis.Redis.from_url(url)) as client:
        for _ in range(100):
            try:
                client.ping()
            except redis.ConnectionError:
                time.sleep(0.05)
            else:
                return
    pytest.fail("redis does not answer")
