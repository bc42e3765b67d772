"""Settings that stop the start when they are wrong, with the names of their variables and no traceback."""

from collections.abc import Mapping, Sequence

import click


class SettingsError(click.ClickException):
    """Variables are missing or wrong; click prints the message and ends with status 2."""

    exit_code = 2

    def __init__(self, faults: Mapping[str, Sequence[str]]) -> None:
        lines = [f"  {name}: {' '.join(messages)}" for name, messages in sorted(faults.items())]
        super().__init__("\n".join(["these settings stop the start (docs/settings.md lists them all):", *lines]))
