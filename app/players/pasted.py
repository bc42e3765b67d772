"""Lines of players that somebody pastes: as in a CSV file of players, with a result for each line (A85)."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO

from app.players.controllers import UpdateResult
from app.players.domain import MAX_PLAYERS
from app.players.files import Imported, Take, check_header, updates_in
from app.players.updating import Updated
from lib.record_files import DELIMITERS, Record, UnreadableFile

SOURCE = "the text"


class LineResult(StrEnum):
    """What became of a line, or what would become of it."""

    REGISTERED = "registered"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedLine:
    """A line with its number, counted from the heading on, which is 1; `user_id` is None where it cannot be read."""

    line: int
    result: LineResult
    user_id: int | None = None
    why: str = ""


def take_lines(text: str, take: Take) -> Sequence[PastedLine]:
    """Take the players of a text, and return what became of each line; raises `UnreadableFile` for the text as a whole.

    The columns are those of a file of players, separated by commas, semicolons or tabs.
    """
    header, records = _read(text)
    check_header(SOURCE, header)
    found = Imported()
    numbered = list(updates_in(header, records, found))
    results = take([update for _, update in numbered])
    taken = [_line(line, result) for (line, _), result in zip(numbered, results, strict=True)]
    for fault in found.faults:
        why = f"{fault.field}: {fault.reason}" if fault.field else fault.reason
        taken.append(PastedLine(line=fault.line, result=LineResult.REFUSED, why=why))
    return sorted(taken, key=lambda each: each.line)


def _read(text: str) -> tuple[Sequence[str], Sequence[Record]]:
    first = text.lstrip("\ufeff").partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    rows = csv.reader(StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(rows, [])]
        records = list(_records(rows, len(header)))
    except csv.Error as error:
        raise UnreadableFile(f"line {rows.line_num} of {SOURCE} is no line of a CSV: {error}") from None
    if not any(header):
        raise UnreadableFile(f"{SOURCE} is empty: its first line must name the columns")
    if not records:
        raise UnreadableFile(f"{SOURCE} has no line below the names of the columns")
    return header, records


def _records(rows: Iterator[list[str]], columns: int) -> Iterator[Record]:
    number = 1  # of the heading
    for count, values in enumerate(rows):
        if count >= MAX_PLAYERS:
            raise UnreadableFile(f"{SOURCE} has more than {MAX_PLAYERS:,} lines: import them as a file")
        number += 1
        if len(values) == columns:
            yield Record(number, "", values)
        elif values:
            yield Record(number, "", fault=f"has {len(values)} values, but the header names {columns}")


def _line(line: int, result: UpdateResult) -> PastedLine:
    if not isinstance(result, Updated):
        return PastedLine(line=line, result=LineResult.REFUSED, why=str(result))
    changed = LineResult.CHANGED if result.changes else LineResult.UNCHANGED
    kind = LineResult.REGISTERED if result.registers else changed
    return PastedLine(line=line, result=kind, user_id=result.user_id)
