"""The questions that are asked of the rule book."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from json import dumps
from typing import Any

from app.events.rules import Rule
from app.rulebook.domain import AuditEntry, Edition, InForce, Outline, Status, Step, UnreadableEdition
from app.rulebook.forms import InvalidRules, read_rules, written_rules
from lib.fields import GREATEST
from lib.transactions import Statement, Transaction

COLUMNS = "edition, status, rules, author, note, created_at, based_on, published_at, published_by"
IN_FORCE = Statement("editions_in_force", (), f"SELECT {COLUMNS} FROM rule_book WHERE status IN ('live', 'shadow')")  # noqa: S608  # ours
ALL = Statement("all_editions", (), f"SELECT {COLUMNS} FROM rule_book ORDER BY edition")  # noqa: S608  # as above
ONE = Statement("one_edition", ("integer",), f"SELECT {COLUMNS} FROM rule_book WHERE edition = $1")  # noqa: S608  # as above
# Steps are taken one after the other: publishing looks at more than one edition.
LOCK = Statement("lock_rule_book", (), "SELECT pg_advisory_xact_lock(7311030300124)")
# A number is given once: the audit still tells of a draft that was removed.
ADD = Statement(
    "add_edition",
    ("jsonb", "text", "text", "integer"),
    f"""
    INSERT INTO rule_book (edition, status, rules, author, note, based_on)
    SELECT coalesce(max(edition), 0) + 1, 'draft', $1, $2, $3, $4
    FROM (SELECT edition FROM rule_book UNION ALL SELECT edition FROM rule_book_audit) AS ever
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
    ("integer", "edition_step", "text", "text", "integer"),
    "INSERT INTO rule_book_audit (edition, step, who, note, published_over) VALUES ($1, $2, $3, $4, $5)",
)
# Drafts may be made from drafts. An edition's base is earlier than itself, so this ends.
BASE_ONCE_LIVE = Statement(
    "base_once_live",
    ("integer",),
    """
    WITH RECURSIVE made_from (edition) AS (
        SELECT based_on FROM rule_book WHERE edition = $1
        UNION ALL
        SELECT based_on FROM made_from JOIN rule_book USING (edition) WHERE published_at IS NULL
    )
    SELECT edition FROM made_from JOIN rule_book USING (edition) WHERE published_at IS NOT NULL
    """,
)
OUTLINES = Statement(
    "edition_outlines",
    ("bigint", "bigint"),
    """
    SELECT edition, status, CASE jsonb_typeof(rules) WHEN 'array' THEN jsonb_array_length(rules) ELSE 0 END, author,
        note, created_at, based_on, published_at, published_by
    FROM rule_book WHERE edition < $1 ORDER BY edition DESC LIMIT $2
    """,
)
NUMBERS_IN_FORCE = Statement(
    "numbers_in_force",
    (),
    """
    SELECT (SELECT edition FROM rule_book WHERE status = 'live'),
           (SELECT edition FROM rule_book WHERE status = 'shadow')
    """,
)
STEP = """
    SELECT id, edition, step, who, audit.note, at, CASE step WHEN 'draft' THEN based_on END, published_over
    FROM rule_book_audit AS audit LEFT JOIN rule_book USING (edition)
"""
STEPS = Statement("steps_taken", (), f"{STEP} ORDER BY id")
LATEST_STEPS = Statement("latest_steps", ("bigint", "bigint"), f"{STEP} WHERE id < $1 ORDER BY id DESC LIMIT $2")

Row = tuple[int, str, Any, str, str, datetime, int | None, datetime | None, str | None]


class RuleBookQueries:
    """The questions about editions that one transaction asks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def in_force(self) -> Mapping[Status, Edition | UnreadableEdition]:
        """Which editions judge now: the live one, and the one in its shadow if there is one? Each for itself."""
        rows: Sequence[Row] = self._transaction.fetch(IN_FORCE)
        return {Status(row[1]): _edition_or_error(row) for row in rows}

    def all(self) -> Sequence[Edition]:
        """Which editions were ever drafted? The oldest first."""
        return _editions(self._transaction.fetch(ALL))

    def one(self, edition: int) -> Edition | None:
        """What does the edition with this number hold?"""
        return next(iter(_editions(self._transaction.fetch(ONE, edition))), None)

    def one_whatever_it_holds(self, edition: int) -> Edition | None:
        """Where does the edition with this number stand? Rules that cannot be read are left out."""
        rows: Sequence[Row] = self._transaction.fetch(ONE, edition)
        for row in rows:
            found = _edition_or_error(row)
            return _with_rules(row, ()) if isinstance(found, UnreadableEdition) else found
        return None

    def lock(self) -> None:
        """Let no other step be taken until the end."""
        self._transaction.fetch(LOCK)

    def add(self, rules: Sequence[Rule], author: str, note: str, based_on: int | None) -> Edition:
        """Keep a new draft under the next number."""
        [edition] = _editions(self._transaction.fetch(ADD, dumps(written_rules(rules)), author, note, based_on))
        return edition

    def base_once_live(self, edition: int) -> int | None:
        """Which edition that was live was this one made from, perhaps by way of drafts that never were?"""
        rows = self._transaction.fetch(BASE_ONCE_LIVE, edition)
        return int(rows[0][0]) if rows else None

    def move(self, edition: int, status: Status) -> None:
        """Let the edition stand elsewhere on its way."""
        self._transaction.write(MOVE, edition, status.value)

    def publish(self, edition: int, who: str) -> int | None:
        """Let the edition be the live one; which one was until now?"""
        retired = self._transaction.fetch(RETIRE_LIVE)
        self._transaction.write(PUBLISH, edition, who)
        return int(retired[0][0]) if retired else None

    def note_step(self, edition: int, step: Step, who: str, note: str, *, over: int | None = None) -> None:
        """Write down who did what."""
        self._transaction.write(NOTE_STEP, edition, step.value, who, note, over)

    def steps(self) -> Sequence[AuditEntry]:
        """Who did what so far? The oldest first."""
        return _steps(self._transaction.fetch(STEPS))

    def latest_steps(self, *, before: int | None, most: int) -> Sequence[AuditEntry]:
        """Who did what last, below the id `before`? The newest first."""
        return _steps(self._transaction.fetch(LATEST_STEPS, GREATEST if before is None else before, most))

    def outlines(self, *, before: int | None, most: int) -> Sequence[Outline]:
        """Which editions were drafted last, below the number `before`? The newest first."""
        rows: Sequence[Row] = self._transaction.fetch(OUTLINES, GREATEST if before is None else before, most)
        return [_outline(row) for row in rows]

    def numbers_in_force(self) -> InForce:
        """Which editions judge now?"""
        [(live, shadow)] = self._transaction.fetch(NUMBERS_IN_FORCE)
        return InForce(live=live, shadow=shadow)


def _steps(rows: Iterable[tuple[Any, ...]]) -> list[AuditEntry]:
    return [
        AuditEntry(id=id_, edition=edition, step=Step(step), who=who, note=note, at=at, based_on=based_on, over=over)
        for id_, edition, step, who, note, at, based_on, over in rows
    ]


def _editions(rows: Iterable[Row]) -> list[Edition]:
    return [_edition(row) for row in rows]


def _edition(row: Row) -> Edition:
    try:
        return _with_rules(row, read_rules(row[2]))
    except InvalidRules as error:
        raise UnreadableEdition(row[0], str(error)) from error


def _with_rules(row: Row, rules: tuple[Rule, ...]) -> Edition:
    return Edition(rules=rules, **_standing(row))


def _edition_or_error(row: Row) -> Edition | UnreadableEdition:
    try:
        return _edition(row)
    except UnreadableEdition as error:
        return error


def _outline(row: Row) -> Outline:
    return Outline(rule_count=row[2], **_standing(row))


def _standing(row: Row) -> dict[str, Any]:
    """Name what a row says of an edition, whatever it holds."""
    number, status, _, author, note, created_at, based_on, published_at, published_by = row
    return {
        "edition": number,
        "status": Status(status),
        "author": author,
        "note": note,
        "created_at": created_at,
        "based_on": based_on,
        "published_at": published_at,
        "published_by": published_by,
    }
