"""Reads the command line, does the command, and says in one line what went wrong."""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from lib.local import commands
from lib.local.errors import LocalError
from lib.local.project import Project, read_project
from lib.local.settings import Settings, read_settings
from lib.local.starting import start
from lib.local.terminal import say

# These work whatever is set: a typing error in .env must not keep anyone from stopping what runs.
_WITHOUT_SETTINGS: dict[str, Callable[[Project], int]] = {
    "stop": commands.stop,
    "status": commands.status,
    "logs": commands.logs,
    "event": commands.event,
    "address": commands.address,
    "clean": commands.clean,
}
_WITH_SETTINGS: dict[str, Callable[[Project, Settings], int]] = {
    "start": start,
    "db-url": commands.db_url,
    "console": commands.console,
}


def obey(arguments: Sequence[str]) -> int:
    """Do one command: 0 when it succeeded, else one line on standard error that says what to do."""
    asked = _parser().parse_args(arguments)
    try:
        return _do(asked, read_project(Path.cwd()))
    except LocalError as error:
        say(f"error: {error}")
    except OSError as error:
        say(f"error: {error.strerror or error}: {error.filename or 'see var/log'}")
    return 1


def _do(asked: argparse.Namespace, project: Project) -> int:
    if asked.command in _WITHOUT_SETTINGS:
        return _WITHOUT_SETTINGS[asked.command](project)
    settings = read_settings(project.root, os.environ)
    if asked.command == "run":
        return commands.run(project, settings, asked.words, as_owner=asked.as_owner)
    return _WITH_SETTINGS[asked.command](project, settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lib.local", description="Runs the service on this machine.")
    chosen = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, function in {**_WITH_SETTINGS, **_WITHOUT_SETTINGS}.items():
        chosen.add_parser(name, help=(function.__doc__ or "").partition("\n")[0])
    words = chosen.add_parser("run", help="Run a command with DATABASE_URL set: run -- COMMAND ...")
    words.add_argument("--as-owner", action="store_true", help="tell it the address of the database's owner, too")
    words.add_argument("words", nargs="*", metavar="COMMAND")
    return parser
