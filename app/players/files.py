"""Files of players: every line is checked first, then the register is brought up to date, a thousand at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from marshmallow import ValidationError

from app.players import controllers
from app.players.controllers import UpdateResult
from app.players.domain import MAX_PLAYERS, Actor, DuplicateUser, PlayerUpdate
from app.players.schemas import PlayerUpdateSchema
from app.players.updating import Register, Updated
from lib.database import Database
from lib.json_requests import printable
from lib.record_files import Record, RecordFile, UnreadableFile

COLUMNS = ("user_id", "name", "email", "groups")
MAX_DIGITS = 19  # of a user_id
UPDATES = PlayerUpdateSchema()


class Fault(NamedTuple):
    """A line that is not taken, and why."""

    line: int
    field: str
    reason: str


@dataclass(slots=True)
class Imported:
    """What the lines of a file did, or would do: players registered, changed, or as they were; and the faults."""

    registered: int = 0
    changed: int = 0
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)
    stored: bool = False

    def note(self, line: int, result: UpdateResult) -> None:
        """Count a line."""
        if not isinstance(result, Updated):
            self.faults.append(Fault(line, "email" if isinstance(result, DuplicateUser) else "user_id", str(result)))
        elif result.registers:
            self.registered += 1
        elif result.changes:
            self.changed += 1
        else:
            self.unchanged += 1


Progress = Callable[[str, int, int], None]  # what is done, and how much of the file of this size is read
Take = Callable[[Sequence[PlayerUpdate]], Sequence[UpdateResult]]


def import_players(  # noqa: PLR0913  # what an import takes
    database: Database, path: Path, actor: Actor, *, dry_run: bool, max_faults: int, progress: Progress
) -> Imported:
    """Register and change the players of a file; nothing if it is a dry run or has more than so many faults.

    Raises `UnreadableFile`. If it is interrupted, the players of some thousands of lines are up to date, and the same
    call again changes the others.
    """
    known = Register()
    digest, tried = _walk(path, "checking", lambda updates: controllers.try_updates(database, known, updates), progress)
    if dry_run or len(tried.faults) > max_faults:
        return tried
    again, done = _walk(
        path, "importing", lambda updates: controllers.update_players(database, updates, actor), progress
    )
    if again != digest:
        raise UnreadableFile(f"{path} was changed after it was checked; import it again")
    done.stored = True
    return done


def _walk(path: Path, title: str, take: Take, progress: Progress) -> tuple[str, Imported]:
    """Take all lines of the file in order; return its digest and what they did."""
    found = Imported()
    with RecordFile(path) as file:
        check_header(path, file.header)
        lines = file.records()
        while records := list(islice(lines, MAX_PLAYERS)):
            updates = list(updates_in(file.header, records, found))
            results = take([update for _, update in updates])
            for (line, _), result in zip(updates, results, strict=True):
                found.note(line, result)
            progress(title, file.position, file.size)
        digest = file.digest
    found.faults.sort()
    return digest, found


def check_header(source: object, header: Sequence[str] | None) -> None:
    """Raise `UnreadableFile` unless a file, or whatever `source` names, has the columns of players."""
    if header is None:
        return
    if len(set(header)) < len(header) or "user_id" not in header or not set(header) <= set(COLUMNS):
        columns = ", ".join(COLUMNS[1:])
        raise UnreadableFile(
            f"the columns of {source} are {', '.join(map(printable, header))}; it needs user_id, and may have {columns}"
        )


def updates_in(
    header: Sequence[str] | None, records: Sequence[Record], found: Imported
) -> Iterator[tuple[int, PlayerUpdate]]:
    """Yield the update of each line that has one; note the faults of the others."""
    for line, _, values, wrong in records:
        if wrong:
            found.faults.append(Fault(line, "", wrong))
            continue
        members = values if isinstance(values, Mapping) else _members(header or (), values)
        try:
            yield line, UPDATES.load(members)
        except ValidationError as error:
            messages = error.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow's gap
            found.faults += [Fault(line, printable(name), text_of(messages[name])) for name in list(messages)[:1]]


def _members(header: Sequence[str], values: Sequence[str]) -> dict[str, object]:
    """Return the members of a line of a CSV: an empty name or email is left out, an empty cell of groups means none."""
    members: dict[str, object] = {name: value for name, value in zip(header, values, strict=True) if value}
    if "groups" in header:
        members["groups"] = str(members.get("groups", "")).split()
    user_id = str(members.get("user_id", ""))
    if user_id.isascii() and user_id.isdigit() and len(user_id) <= MAX_DIGITS:
        members["user_id"] = int(user_id)
    return members


def text_of(messages: object) -> str:
    """Return what is wrong with a member, whose items may have messages of their own."""
    if isinstance(messages, dict):
        return " ".join(dict.fromkeys(text_of(each) for each in messages.values()))
    return " ".join(messages) if isinstance(messages, list) else str(messages)
