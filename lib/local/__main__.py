"""`python -m lib.local COMMAND`: the commands behind the Makefile, for the checkout in the present folder."""

import signal
import sys
from collections.abc import Sequence

from lib.local.terminal import say

_INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Do one command; an interrupted one undoes what it began."""
    try:
        return _obey(arguments)
    except KeyboardInterrupt:
        say("interrupted")
        return _INTERRUPTED


def _obey(arguments: Sequence[str]) -> int:
    # Imported here: Ctrl-C while it loads is heard, and packages that are missing are no traceback.
    try:
        from lib.local.command_line import obey  # noqa: PLC0415
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] == "lib":
            raise
        from lib.local import without_packages  # noqa: PLC0415

        return without_packages.obey(arguments, error.name)
    return obey(arguments)


def _interrupt(*_: object) -> None:
    # Once: make passes on what the terminal has sent already, and the second would interrupt the undoing.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def end_as_by_ctrl_c() -> None:
    """Let SIGTERM and SIGHUP (the terminal is gone) do what Ctrl-C does, unless they are ignored (nohup)."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


if __name__ == "__main__":
    end_as_by_ctrl_c()
    sys.exit(main(sys.argv[1:]))
