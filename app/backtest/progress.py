"""The progress of the work on standard error, and its speed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from app.backtest.reports import plural


def speed(events: int, seconds: float, cpu_seconds: float) -> str:
    """Write the speed of the whole run in one line."""
    rate, per_core = events / max(seconds, 0.001), events / max(cpu_seconds, 0.001)
    return f"{plural(events, 'event')} in {seconds:.1f} s: {rate:,.0f} a second, {per_core:,.0f} a second and core."


class Rate(ProgressColumn):
    """Events per second."""

    def render(self, task: Task) -> Text:
        """Write the speed so far."""
        return Text(f"{task.finished_speed or task.speed or 0:,.0f} events/s")


@contextmanager
def progress_bar(title: str) -> Iterator[tuple[Callable[[int, int], None], Callable[[], int]]]:
    """Show a bar on standard error, if that is a terminal.

    Yields a function that moves it on, by all events there are and the number judged since the last call; and one that
    returns the number of all events judged.
    """
    err = Console(stderr=True)
    parts = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), Rate(), TimeRemainingColumn())
    with Progress(*parts, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("counting", total=None)

        def advance(events: int, judged: int) -> None:
            progress.update(task, description=title, total=events, advance=judged)

        yield advance, lambda: int(progress.tasks[0].completed)
