"""Follows the service's log as `make logs` does, until Ctrl-C."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from tests.integration.servers import MAX_WAIT

FOLLOW = [sys.executable, "-m", "lib.local", "logs"]


@contextmanager
def follower() -> Iterator[IO[str]]:
    """Follow the log of the checkout in the current folder; yield the output, and press Ctrl-C in the end."""
    with subprocess.Popen(  # noqa: S603 - our own
        FOLLOW,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_ctrl_c,  # noqa: PLW1509 - no threads here
    ) as process:
        try:
            assert process.stdout
            yield process.stdout
            process.send_signal(signal.SIGINT)
            assert process.wait(MAX_WAIT) == 0
        finally:
            process.kill()


def _heed_ctrl_c() -> None:
    """Handle SIGINT, which a shell ignores in background programs, perhaps in these tests."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
