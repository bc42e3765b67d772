"""The queries of the worker that numbers the feed, and of those who read it."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from app.alerts.domain import Kind, StoredAlert
from app.alerts.feed.domain import Entry, Note, Numbered
from app.alerts.queries import parse_evidence
from lib.statements import BY_INDEX, Statement, array_literal
from lib.transactions import Transaction

NOTE = "id, user_id, t, n, kind, no, quiet"
WAITING = Statement(
    "notes_waiting",
    ("bigint", "integer"),
    f"SELECT {NOTE} FROM outbox WHERE id > $1 ORDER BY id LIMIT $2",  # noqa: S608  # columns of ours
)
HEAD = Statement("feed_head", (), "SELECT number FROM feed_head WHERE id = 1 FOR UPDATE SKIP LOCKED")
TAKE = Statement(
    "take_notes",
    ("bigint[]",),
    f"DELETE FROM outbox WHERE id = ANY ($1) RETURNING {NOTE}",  # noqa: S608  # as above
)
# The codes of each note. The index on (shadow, t, user_id, n, code) has all alerts of an event; those that were found
# late are told by its first revision, whose codes before are those of the answer. What is in the feed already is left
# out: alerts of before the outbox may be noted twice.
CODES = Statement(
    "codes_of_notes",
    ("bigint[]", "bigint[]", "bigint[]", "integer[]", "alert_kind[]", "integer[]"),
    """
    SELECT note.id, found.* FROM unnest($1, $2, $3, $4, $5, $6) AS note (id, user_id, t, n, kind, no)
    CROSS JOIN LATERAL (
        SELECT code, edition, fresh FROM alert
        WHERE note.kind = 'raised' AND code > 0 AND NOT shadow AND t = note.t AND user_id = note.user_id AND n = note.n
            AND code = ANY (coalesce((
                SELECT codes_before FROM revision WHERE user_id = note.user_id AND t = note.t AND n = note.n AND no = 1
            ), ARRAY[code]))
        UNION ALL
        SELECT code, edition, (
            SELECT fresh FROM alert WHERE code > 0 AND NOT shadow
                AND t = note.t AND user_id = note.user_id AND n = note.n AND alert.code = revised.code LIMIT 1
        ) FROM (
            SELECT edition, unnest(CASE note.kind WHEN 'retracted' THEN codes_before ELSE codes_after END) AS code,
                CASE note.kind WHEN 'retracted' THEN codes_after ELSE codes_before END AS others
            FROM revision
            WHERE note.kind <> 'raised' AND user_id = note.user_id AND t = note.t AND n = note.n AND no = note.no
        ) AS revised
        WHERE code <> ALL (others)
    ) AS found
    WHERE NOT EXISTS (
        SELECT FROM alert_feed WHERE user_id = note.user_id AND t = note.t AND n = note.n AND kind = note.kind
            AND no = note.no AND code = found.code
    )
    ORDER BY note.id, found.code
    """,
)
ADD = Statement(
    "add_to_feed",
    ("bigint[]", "bigint[]", "bigint[]", "integer[]", "alert_kind[]", "integer[]", "integer[]", "integer[]"),
    """
    INSERT INTO alert_feed (number, user_id, t, n, kind, no, code, edition)
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
    """,
)
MOVE_HEAD = Statement("move_feed_head", ("bigint",), "UPDATE feed_head SET number = $1 WHERE id = 1")
# Each entry with the evidence of what it tells: that of the revision that found it late, else that of the alert.
ENTRIES = """
    SELECT feed.number, feed.kind, feed.at, feed.user_id, feed.t, feed.n, feed.code, feed.edition, stored.fresh,
        coalesce(CASE feed.kind WHEN 'found-late' THEN (
            SELECT found -> feed.code::text FROM revision
            WHERE user_id = feed.user_id AND t = feed.t AND n = feed.n AND no = feed.no
        ) END, stored.evidence), feed.no
    FROM ({feed}) AS feed
    LEFT JOIN LATERAL (
        SELECT fresh, evidence FROM alert
        WHERE code > 0 AND NOT shadow AND t = feed.t AND user_id = feed.user_id AND n = feed.n AND code = feed.code
        LIMIT 1
    ) AS stored ON true
    ORDER BY feed.number
    """
PAGE = Statement(
    "page_of_feed",
    ("bigint", "integer"),
    ENTRIES.format(feed="SELECT * FROM alert_feed WHERE number > $1 ORDER BY number LIMIT $2"),
)
OF_KEYS = Statement(
    "entries_of_keys",
    ("bigint[]", "bigint[]", "integer[]", "alert_kind[]", "integer[]"),
    ENTRIES.format(
        feed="""
        SELECT alert_feed.* FROM unnest($1, $2, $3, $4, $5) AS key (user_id, t, n, kind, no)
        JOIN alert_feed USING (user_id, t, n, kind, no)
        """
    ),
)
Key = tuple[int, int, int, Kind, int]  # a player, `t` and `n` of an event, what became known, and by which revision


class FeedQueries:
    """Queries of the outbox and the feed within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def waiting(self, after: int, most: int) -> Sequence[Note]:
        """Return the notes with ids above `after`, by id."""
        self._transaction.write(BY_INDEX)
        return [_note(row) for row in self._transaction.fetch(WAITING, after, most)]

    def lock_head(self) -> int | None:
        """Lock the feed and return its last number; None if another worker has locked it."""
        rows = self._transaction.fetch(HEAD)
        return rows[0][0] if rows else None

    def take(self, notes: Iterable[Note]) -> list[Note]:
        """Remove those of the notes that are still there, and return them by id."""
        rows = self._transaction.fetch(TAKE, array_literal(note.id for note in notes))
        return sorted(map(_note, rows), key=attrgetter("id"))

    def number(self, notes: Sequence[Note], last: int) -> list[Numbered]:
        """Add what the notes are about to the feed, with the numbers after `last`."""
        if not notes:
            return []
        of_id = {note.id: note for note in notes}
        columns = zip(*((note.id, *_columns(note)) for note in notes), strict=True)
        rows = self._transaction.fetch(CODES, *map(array_literal, columns))
        numbered = [
            Numbered(number=number, note=of_id[note_id], code=code, edition=edition, fresh=fresh)
            for number, (note_id, code, edition, fresh) in enumerate(rows, last + 1)
        ]
        if numbered:
            entries = zip(
                *((each.number, *_columns(each.note), each.code, each.edition) for each in numbered), strict=True
            )
            self._transaction.write(ADD, *map(array_literal, entries))
            self._transaction.write(MOVE_HEAD, numbered[-1].number)
        return numbered

    def page(self, after: int, most: int) -> list[Entry]:
        """Return the first entries with numbers above `after`."""
        self._transaction.write(BY_INDEX)
        return [_entry(row) for row in self._transaction.fetch(PAGE, after, most)]

    def of_keys(self, keys: Sequence[Key]) -> dict[Key, list[Entry]]:
        """Return the entries of each of these keys that has any, by number."""
        if not keys:
            return {}
        self._transaction.write(BY_INDEX)
        found: dict[Key, list[Entry]] = {}
        for row in self._transaction.fetch(OF_KEYS, *map(array_literal, zip(*keys, strict=True))):
            entry, no = _entry(row), row[-1]
            alert = entry.alert
            found.setdefault((alert.user_id, alert.t, alert.n, entry.kind, no), []).append(entry)
        return found


def _note(row: tuple[int, int, int, int, str, int, bool]) -> Note:
    note_id, user_id, t, n, kind, no, quiet = row
    return Note(id=note_id, user_id=user_id, t=t, n=n, kind=Kind(kind), no=no, quiet=quiet)


def _columns(note: Note) -> tuple[int | str, ...]:
    return note.user_id, note.t, note.n, note.kind.value, note.no


def _entry(row: tuple[Any, ...]) -> Entry:
    number, kind, at, user_id, t, n, code, edition, fresh, evidence, _ = row
    alert = StoredAlert(
        user_id=user_id,
        t=t,
        n=n,
        event_id=evidence.get("event_id"),
        code=code,
        edition=edition,
        shadow=False,
        fresh=fresh,
        evidence=parse_evidence(evidence),
    )
    return Entry(number=number, kind=Kind(kind), at=at, alert=alert)
