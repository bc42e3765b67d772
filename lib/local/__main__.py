"""`python -m lib.local COMMAND`: the commands behind the Makefile, for the checkout in the present folder."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lib.local import commands
from lib.local.errors import LocalError
from lib.local.project import read_project
from lib.local.settings import read_settings
from lib.local.starting import start
from lib.local.terminal import say

_INTERRUPTED = 130
_COMMANDS = {
    "start": start,
    "stop": commands.stop,
    "status": commands.status,
    "logs": commands.logs,
    "event": commands.event,
    "address": commands.address,
    "db-url": commands.db_url,
    "console": commands.console,
    "clean": commands.clean,
}


def main(arguments: Sequence[str]) -> int:
    """Do one command: 0 when it succeeded, else one line on standard error that says what to do."""
    asked = _parser().parse_args(arguments)
    try:
        project = read_project(Path.cwd())
        settings = read_settings(project.root, os.environ)
        if asked.command == "run":
            return commands.run(project, settings, asked.words)
        return _COMMANDS[asked.command](project, settings)
    except LocalError as error:
        say(f"error: {error}")
    except OSError as error:
        say(f"error: {error.strerror or error}: {error.filename or 'see var/log'}")
    except KeyboardInterrupt:
        say("interrupted")
        return _INTERRUPTED
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lib.local", description="Runs the service on this machine.")
    chosen = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, function in _COMMANDS.items():
        chosen.add_parser(name, help=(function.__doc__ or "").partition("\n")[0])
    words = chosen.add_parser("run", help="Run a command with DATABASE_URL set: run -- COMMAND ...")
    words.add_argument("words", nargs="*", metavar="COMMAND")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
