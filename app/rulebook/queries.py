"""The questions that are asked of the rule book."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from json import dumps
from typing import Any

from app.rulebook.domain import Edition, InForce, Outline, Status, UnreadableEdition
from app.rulebook.forms import InvalidRules, read_rules, written_rules
from app.rules.rule import Rule
from lib.fields import GREATEST
from lib.transactions import Statement, Transaction

COLUMNS = "edition, status, rules, author, note, created_at, based_on, published_at, published_by"
IN_FORCE = Statement("editions_in_force", (), f"SELECT {COLUMNS} FROM rule_book WHERE status IN ('live', 'shadow')")  # noqa: S608  # ours
ALL = Statement("all_editions", (), f"SELECT {COLUMNS} FROM rule_book ORDER BY edition")  # noqa: S608  # as above
ONE = Statement("one_edition", ("integer",), f"SELECT {COLUMNS} FROM rule_book WHERE edition = $1")  # noqa: S608  # as above
# Steps are taken one after the other: publishing looks at more than one edition.
LOCK = Statement("lock_rule_book", (), "SELECT pg_advisory_xact_lock(7311030300124)")
# A number is given once: the audit still tells of a draft that was deleted.
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
# Triggers refuse all but drafts that never judged (migrations 0007 and 0009).
DELETE = Statement(
    "delete_draft", ("integer",), "DELETE FROM rule_book WHERE edition = $1 AND status = 'draft' RETURNING edition"
)
MADE_FROM = Statement(
    "editions_made_from", ("integer",), "SELECT edition FROM rule_book WHERE based_on = $1 ORDER BY edition"
)
RETIRE_LIVE = Statement(
    "retire_live_edition", (), "UPDATE rule_book SET status = 'retired' WHERE status = 'live' RETURNING edition"
)
PUBLISH = Statement(
    "publish_edition",
    ("integer", "text"),
    "UPDATE rule_book SET status = 'live', published_at = now(), published_by = $2 WHERE edition = $1",
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

    def delete(self, edition: int) -> None:
        """Forget a draft."""
        self._transaction.fetch(DELETE, edition)

    def made_from(self, edition: int) -> Sequence[int]:
        """Which editions say that this one is their base?"""
        return [number for (number,) in self._transaction.fetch(MADE_FROM, edition)]

    def publish(self, edition: int, who: str) -> int | None:
        """Let the edition be the live one; which one was until now?"""
        retired = self._transaction.fetch(RETIRE_LIVE)
        self._transaction.write(PUBLISH, edition, who)
        return int(retired[0][0]) if retired else None

    def outlines(self, *, before: int | None, most: int) -> Sequence[Outline]:
        """Which editions were drafted last, below the number `before`? The newest first."""
        rows: Sequence[Row] = self._transaction.fetch(OUTLINES, GREATEST if before is None else before, most)
        return [_outline(row) for row in rows]

    def numbers_in_force(self) -> InForce:
        """Which editions judge now?"""
        [(live, shadow)] = self._transaction.fetch(NUMBERS_IN_FORCE)
        return InForce(live=live, shadow=shadow)


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
