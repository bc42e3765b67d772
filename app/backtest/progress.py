"""How far the work is, on standard error, and how fast it went."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from app.backtest.reports import many


def speed(events: int, seconds: float, cpu_seconds: float) -> str:
    """Say in a line how fast it went."""
    rate, per_core = events / max(seconds, 0.001), events / max(cpu_seconds, 0.001)
    return f"{many(events, 'event')} in {seconds:.1f} s: {rate:,.0f} a second, {per_core:,.0f} a second and core."


class Rate(ProgressColumn):
    """How many events a second."""

    def render(self, task: Task) -> Text:
        """Write it."""
        return Text(f"{task.finished_speed or task.speed or 0:,.0f} events/s")


@contextmanager
def progress_bar(title: str) -> Iterator[tuple[Callable[[int, int], None], Callable[[], int]]]:
    """Show a bar on standard error, if that is a terminal; return who moves it on, and who knows how far it is."""
    err = Console(stderr=True)
    parts = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), Rate(), TimeRemainingColumn())
    with Progress(*parts, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("counting", total=None)

        def told(events: int, further: int) -> None:
            progress.update(task, description=title, total=events, advance=further)

        yield told, lambda: int(progress.tasks[0].completed)
