"""The progress of the work on standard error, and its speed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from app.backtest.reports import plural


def speed(count: int, seconds: float, cpu_seconds: float, noun: str = "event") -> str:
    """Write the speed of the whole run in one line."""
    rate, per_core = count / max(seconds, 0.001), count / max(cpu_seconds, 0.001)
    return f"{plural(count, noun)} in {seconds:.1f} s: {rate:,.0f} a second, {per_core:,.0f} a second and core."


class Rate(ProgressColumn):
    """Events, or what else is counted, per second."""

    def __init__(self, noun: str = "event") -> None:
        super().__init__()
        self._noun = noun

    def render(self, task: Task) -> Text:
        """Write the speed so far."""
        return Text(f"{task.finished_speed or task.speed or 0:,.0f} {self._noun}s/s")


@contextmanager
def progress_bar(title: str, noun: str = "event") -> Iterator[tuple[Callable[[int, int], None], Callable[[], int]]]:
    """Show a bar on standard error, if that is a terminal.

    Yields a function that moves it on, by all events there are and the number judged since the last call; and one that
    returns the number of all events judged. `noun` names one of what is counted.
    """
    err = Console(stderr=True)
    parts = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), Rate(noun), TimeRemainingColumn())
    with Progress(*parts, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("counting", total=None)

        def advance(events: int, judged: int) -> None:
            progress.update(task, description=title, total=events, advance=judged)

        yield advance, lambda: int(progress.tasks[0].completed)
