"""Lines of players that somebody pastes: as in a CSV file of players, with a result for each line (A85)."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO

from app.players.controllers import UpdateResult
from app.players.domain import MAX_PLAYERS, DuplicateUser, NotRegistered
from app.players.files import Fault, Imported, Take, check_header, updates_in
from app.players.updating import Updated
from lib.record_files import DELIMITERS, Record, UnreadableFile

SOURCE = "the text"
WHY: Mapping[type[Exception], str] = {
    DuplicateUser: "email: Belongs to somebody else.",
    NotRegistered: "Nobody is registered under this number: give the name and the email as well.",
}


class LineResult(StrEnum):
    """What became of a line, or what would become of it."""

    REGISTERED = "registered"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedLine:
    """A line with its number, counted from the heading on, which is 1; `user_id` is None where it cannot be read.

    `why` says for people who work with customers why a line is refused.
    """

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
    taken = [_line(line, update.user_id, result) for (line, update), result in zip(numbered, results, strict=True)]
    taken += [PastedLine(line=fault.line, result=LineResult.REFUSED, why=_fault(fault)) for fault in found.faults]
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


def _fault(fault: Fault) -> str:
    if fault.field == "user_id":
        return "user_id: Must be a whole number."
    return f"{fault.field}: {fault.reason}" if fault.field else fault.reason[:1].upper() + fault.reason[1:]


def _line(line: int, user_id: int, result: UpdateResult) -> PastedLine:
    if not isinstance(result, Updated):
        return PastedLine(line=line, result=LineResult.REFUSED, user_id=user_id, why=WHY[type(result)])
    changed = LineResult.CHANGED if result.changes else LineResult.UNCHANGED
    kind = LineResult.REGISTERED if result.registers else changed
    return PastedLine(line=line, result=kind, user_id=result.user_id)
