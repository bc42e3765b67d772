"""Files that a person names on the command line, seen from the folder in which the command was typed.

Some programs stand between a person and a command, and start it in the folder of the project, where its settings are:
deploy/systemd/activity-alerts, and make with -C. They say in CALLER_FOLDER where the person is.
"""

import os
from pathlib import Path

import click

VARIABLE = "CALLER_FOLDER"


class CallersPath(click.Path):
    """A path as click has it; a relative one begins where the person is. - stays what it is."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Return the path; what click refuses ends the command with a line that shows where was looked."""
        return super().convert(of_caller(value), param, ctx)


def of_caller(path: str | os.PathLike[str]) -> str:
    """Return a path with the folder of the caller before it, unless it is absolute, empty or -."""
    folder = os.environ.get(VARIABLE)
    return str(Path(folder, path)) if folder and os.fspath(path) not in {"", "-"} else os.fspath(path)
