"""The numbers of players whose ids are no integers, kept in a file of the platform (A54)."""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from app.backtest import files
from app.intake.domain import FieldFault, ImportRefused
from app.intake.times import whole
from app.rules.limits import BIGINT_MAX

HEADER = ["player", "user_id"]
HIGHEST = BIGINT_MAX // 2  # first new number: enough are left above it


class PlayerIds:
    """Player by player the integer that stands for a name; new names get the next one. It is all in memory."""

    def __init__(self, path: Path, above: int) -> None:
        """Read the file if there is one; new numbers are above all of its own and `above`."""
        if files.is_special(path):
            raise ImportRefused(f"{path} is no plain file, so it cannot keep the numbers of players")
        self._path = path
        self._ids: dict[str, int] = dict(_read(path)) if path.exists() else {}
        if len(set(self._ids.values())) < len(self._ids):
            raise ImportRefused(f"{path} gives one number to two players: correct it")
        self._known = len(self._ids)
        self._next = max(above, *self._ids.values()) + 1 if self._ids else above + 1
        if self._next > HIGHEST:
            raise ImportRefused(f"no numbers are left above {self._next - 1}: give the players theirs in {path}")

    def id_of(self, name: str) -> int:
        """Return the number of a player."""
        found = self._ids.get(name)
        if found is None:
            found = self._ids[name] = self._next
            self._next += 1
        return found

    @property
    def added(self) -> int:
        """How many players are new."""
        return len(self._ids) - self._known

    def save(self) -> None:
        """Write the file if there are new players."""
        if self.added:
            files.replace(files.target_of(self._path), self._lines())
            self._known = len(self._ids)

    def _lines(self) -> Iterator[str]:
        for row in ([HEADER], self._ids.items()):
            for values in row:
                line = StringIO()
                csv.writer(line, lineterminator="\n").writerow(values)
                yield line.getvalue()


def _read(path: Path) -> Iterator[tuple[str, int]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            if next(rows, []) != HEADER:
                raise ImportRefused(f"the first line of {path} must be {','.join(HEADER)}")
            for row in rows:
                name, number = row
                yield name, whole(number, "user_id", 1)
        except (csv.Error, ValueError, FieldFault) as error:
            raise ImportRefused(f"line {rows.line_num} of {path} is no player and a number: {error}") from None
