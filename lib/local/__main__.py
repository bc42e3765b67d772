"""`python -m lib.local COMMAND`: the commands behind the Makefile, for the checkout in the present folder."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from lib.local.errors import LocalError
from lib.local.project import read_project
from lib.local.terminal import say

_INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Do one command: 0 when it succeeded, else a line on standard error says what to do next."""
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
    project = read_project(Path.cwd())
    # Imported here: Ctrl-C while it loads is heard, and packages that are missing are no traceback.
    try:
        from lib.local.commands import do  # noqa: PLC0415
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] == "lib":
            raise
        from lib.local import without_packages  # noqa: PLC0415

        return without_packages.do(project, arguments, error.name)
    return do(project, arguments)


def _interrupt(*_: object) -> None:
    # Once: make passes on what the terminal has sent already, and the second would interrupt the undoing.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    for each in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C, unless they are ignored (nohup)
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _interrupt)
    sys.exit(main(sys.argv[1:]))
