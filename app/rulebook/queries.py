"""The questions that are asked of the rule book."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from json import dumps
from typing import Any

from app.events.rules import Rule
from app.rulebook.domain import AuditEntry, Edition, Status, Step
from app.rulebook.forms import read_rules, written_rules
from lib.transactions import Statement, Transaction

COLUMNS = "edition, status, rules, author, note, created_at, published_at, published_by"
IN_FORCE = Statement("editions_in_force", (), f"SELECT {COLUMNS} FROM rule_book WHERE status IN ('live', 'shadow')")  # noqa: S608  # ours
ALL = Statement("all_editions", (), f"SELECT {COLUMNS} FROM rule_book ORDER BY edition")  # noqa: S608  # as above
ONE = Statement("one_edition", ("integer",), f"SELECT {COLUMNS} FROM rule_book WHERE edition = $1")  # noqa: S608  # as above
# Steps are taken one after the other: publishing looks at more than one edition.
LOCK = Statement("lock_rule_book", (), "SELECT pg_advisory_xact_lock(7311030300124)")
ADD = Statement(
    "add_edition",
    ("jsonb", "text", "text"),
    f"""
    INSERT INTO rule_book (edition, status, rules, author, note)
    SELECT coalesce(max(edition), 0) + 1, 'draft', $1, $2, $3 FROM rule_book
    RETURNING {COLUMNS}
    """,  # noqa: S608  # as above
)
MOVE = Statement("move_edition", ("integer", "edition_status"), "UPDATE rule_book SET status = $2 WHERE edition = $1")
RETIRE_LIVE = Statement(
    "retire_live_edition", (), "UPDATE rule_book SET status = 'retired' WHERE status = 'live' RETURNING edition"
)
PUBLISH = Statement(
    "publish_edition",
    ("integer", "text"),
    "UPDATE rule_book SET status = 'live', published_at = now(), published_by = $2 WHERE edition = $1",
)
NOTE_STEP = Statement(
    "note_step",
    ("integer", "edition_step", "text", "text"),
    "INSERT INTO rule_book_audit (edition, step, who, note) VALUES ($1, $2, $3, $4)",
)
STEPS = Statement("steps_taken", (), "SELECT edition, step, who, note, at FROM rule_book_audit ORDER BY id")

Row = tuple[int, str, Any, str, str, datetime, datetime | None, str | None]


class RuleBookQueries:
    """The questions about editions that one transaction asks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def in_force(self) -> Sequence[Edition]:
        """Which editions judge now: the live one, and the one in its shadow if there is one?"""
        return _editions(self._transaction.fetch(IN_FORCE))

    def all(self) -> Sequence[Edition]:
        """Which editions were ever drafted? The oldest first."""
        return _editions(self._transaction.fetch(ALL))

    def one(self, edition: int) -> Edition | None:
        """What does the edition with this number hold?"""
        return next(iter(_editions(self._transaction.fetch(ONE, edition))), None)

    def lock(self) -> None:
        """Let no other step be taken until the end."""
        self._transaction.fetch(LOCK)

    def add(self, rules: Sequence[Rule], author: str, note: str) -> Edition:
        """Keep a new draft under the next number."""
        [edition] = _editions(self._transaction.fetch(ADD, dumps(written_rules(rules)), author, note))
        return edition

    def move(self, edition: int, status: Status) -> None:
        """Let the edition stand elsewhere on its way."""
        self._transaction.write(MOVE, edition, status.value)

    def publish(self, edition: int, who: str) -> int | None:
        """Let the edition be the live one; which one was until now?"""
        retired = self._transaction.fetch(RETIRE_LIVE)
        self._transaction.write(PUBLISH, edition, who)
        return int(retired[0][0]) if retired else None

    def note_step(self, edition: int, step: Step, who: str, note: str) -> None:
        """Write down who did what."""
        self._transaction.write(NOTE_STEP, edition, step.value, who, note)

    def steps(self) -> Sequence[AuditEntry]:
        """Who did what so far? The oldest first."""
        rows = self._transaction.fetch(STEPS)
        return [
            AuditEntry(edition=edition, step=Step(step), who=who, note=note, at=at)
            for edition, step, who, note, at in rows
        ]


def _editions(rows: Iterable[tuple[Any, ...]]) -> list[Edition]:
    return [
        Edition(
            edition=edition,
            status=Status(status),
            rules=read_rules(rules),
            author=author,
            note=note,
            created_at=created_at,
            published_at=published_at,
            published_by=published_by,
        )
        for edition, status, rules, author, note, created_at, published_at, published_by in rows
    ]
