"""`python -m lib.local COMMAND`: the commands behind the Makefile, for the checkout in the current folder."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from lib.local.project import this_project
from lib.local.terminal import LocalError, say

_INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Execute a command and return its exit status; an error is one line on standard error that says what to do."""
    try:
        return _do(arguments)
    except KeyboardInterrupt:
        say("interrupted")
        return _INTERRUPTED
    except LocalError as error:
        say(f"error: {error}")
    except OSError as error:
        say(f"error: {error.strerror or error}: {error.filename or 'see var/log'}")
    return 1


def _do(arguments: Sequence[str]) -> int:
    project = this_project(Path.cwd(), os.environ)
    # Imported here, so that neither Ctrl-C during the import nor a missing package prints a traceback.
    try:
        from lib.local.commands import execute  # noqa: PLC0415
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] == "lib":
            raise
        from lib.local import without_packages  # noqa: PLC0415

        return without_packages.execute(project, arguments, error.name)
    return execute(project, arguments)


def _interrupt(*_: object) -> None:
    # Once only: make passes on the signal that the terminal has sent already, and that would interrupt the clean-up.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    for each in (signal.SIGTERM, signal.SIGHUP):  # handled like Ctrl-C, unless they are ignored (nohup)
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _interrupt)
    sys.exit(main(sys.argv[1:]))
