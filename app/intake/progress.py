"""The progress of an import on standard error, phase by phase."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.backtest.progress import Rate

PARTS = (TextColumn("{task.description:9}"), BarColumn(), TaskProgressColumn())


@contextmanager
def phases() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each phase, if standard error is a terminal; yields the function that moves them on."""
    err, tasks = Console(stderr=True), dict[str, TaskID]()
    with Progress(*PARTS, Rate(), TimeRemainingColumn(), console=err, disable=not err.is_terminal) as progress:

        def advance(phase: str, lines: int, done: int) -> None:
            if phase not in tasks:
                for task in tasks.values():
                    progress.update(task, total=progress.tasks[task].completed)
                tasks[phase] = progress.add_task(phase, total=lines)
            progress.update(tasks[phase], total=lines, advance=done)

        yield advance
