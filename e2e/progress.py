"""What the terminal shows of a day of play: progress during the run, then a summary or the mismatches."""

import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from threading import Lock

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from testkit.oracle import Event

MEANINGS = {
    30: "three withdrawals in a row",
    123: "deposits of 30 s above 200",
    300: "three deposits that rise",
    1100: "a withdrawal above 100",
}
LINES = 10  # progress lines of a whole day where there is no terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """An answer that is not the oracle's, with the player's last events, this one included."""

    event: Event
    expected: dict[str, object]
    got: str
    last_events: list[Event]

    def __str__(self) -> str:
        told = "\n".join(f"    {event.body()}" for event in self.last_events)
        answers = f"  expected 200 {json.dumps(self.expected)}\n  got      {self.got}"
        return f"{self.event.body()}\n{answers}\n  the last events of this player\n{told}"


@dataclass(slots=True, kw_only=True)
class DayProgress:
    """Counts answers from many threads and shows how far the day has come."""

    total: int
    console: Console = field(default_factory=lambda: Console(file=sys.stdout))
    answered: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    mismatches: list[Mismatch] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    progress: Progress = field(init=False)
    task: TaskID = field(init=False)
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        terminal = self.console.is_terminal
        self.progress = Progress(*columns, TimeRemainingColumn(), console=self.console, disable=not terminal)
        self.task = self.progress.add_task("a day of play", total=self.total)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def count(self, codes: list[int]) -> None:
        with self.lock:
            self.answered += 1
            self.codes.update(codes)
            if not self.console.is_terminal and self.answered % max(self.total // LINES, 1) == 0:
                self.print_line()
        self.progress.advance(self.task)

    def print_line(self) -> None:
        told = f"{self.answered:,} of {self.total:,} events, {self.seconds:.0f} s"
        self.console.print(f"a day of play: {told}")

    def report(self, mismatch: Mismatch) -> None:
        with self.lock:
            self.mismatches.append(mismatch)

    def summary(self, *, seed: int, users: int) -> Table:
        """Put the day into a table: how much, how fast, and how often each code was answered."""
        table = Table("what", "count", "share", title=f"a day of play, seed {seed}")
        table.add_row("users", f"{users:,}")
        table.add_row("events", f"{self.answered:,}", "100.0 %")
        table.add_row("seconds", f"{self.seconds:.1f}")
        table.add_row("events per second", f"{self.answered / self.seconds:,.0f}", end_section=True)
        for code in sorted(MEANINGS):
            share = self.codes[code] / max(self.answered, 1)
            table.add_row(f"{code}: {MEANINGS[code]}", f"{self.codes[code]:,}", f"{share:.1%}".replace("%", " %"))
        table.add_section()
        table.add_row("mismatches", f"{len(self.mismatches):,}")
        for column in table.columns[1:]:
            column.justify = "right"
        return table
