"""Groups of commands that are imported only when used: a run of a program needs one of many."""

from collections.abc import Callable, Iterable
from typing import Any

import click
from flask.cli import AppGroup


class LazyCommands(AppGroup):
    """A group in which some commands are imported on first use; users see no difference."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  # click's own, handed on
        super().__init__(*arguments, **named)
        self._later: dict[str, Callable[[], Iterable[click.Command]]] = {}

    def add_lazy(self, names: Iterable[str], load: Callable[[], Iterable[click.Command]]) -> None:
        """Add commands of these names; `load` imports and returns them."""
        self._later.update(dict.fromkeys(names, load))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, or None."""
        if load := self._later.pop(cmd_name, None):
            for command in load():
                self.add_command(command)
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names of all commands."""
        return sorted({*super().list_commands(ctx), *self._later})
