"""Groups of commands that import a command when it is asked for: most runs of a program do one of many."""

from collections.abc import Callable, Iterable
from typing import Any

import click
from flask.cli import AppGroup


class LateCommands(AppGroup):
    """A group in which some commands are not here yet; to whoever types them they are as all others."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  # click's own, handed on
        super().__init__(*arguments, **named)
        self._later: dict[str, Callable[[], Iterable[click.Command]]] = {}

    def add_later(self, names: Iterable[str], load: Callable[[], Iterable[click.Command]]) -> None:
        """Have commands of these names, which `load` imports and returns."""
        self._later.update(dict.fromkeys(names, load))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, if there is one."""
        if load := self._later.pop(cmd_name, None):
            for command in load():
                self.add_command(command)
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        return sorted({*super().list_commands(ctx), *self._later})
