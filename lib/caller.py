"""Resolves file names on the command line against the folder in which the user typed the command.

Some wrappers start a command in the project's folder, where its settings are: deploy/systemd/activity-alerts, and make
with -C. They pass the user's folder in CALLER_FOLDER.
"""

import os
from pathlib import Path

import click

VARIABLE = "CALLER_FOLDER"


class CallersPath(click.Path):
    """Click's path type, but a relative path begins in the caller's folder; "-" stays as it is."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Return the resolved path; click's error messages show it in full."""
        return super().convert(of_caller(value), param, ctx)


def of_caller(path: str | os.PathLike[str]) -> str:
    """Return a path prefixed with the caller's folder, unless it is absolute, empty or "-"."""
    folder = os.environ.get(VARIABLE)
    return str(Path(folder, path)) if folder and os.fspath(path) not in {"", "-"} else os.fspath(path)
