"""The queries of the worker that numbers the feed, and of those who read it."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from app.alerts.domain import Evidence, Kind, StoredAlert
from app.alerts.feed.domain import Entry, Note, Numbered
from app.alerts.freshness import MAX_ALERTS
from app.alerts.queries import parse_evidence
from app.rules.limits import INTEGER_MAX
from lib.statements import BY_INDEX, Statement, array_literal
from lib.transactions import Transaction

NOTE = "id, user_id, t, n, kind, no, quiet"
WAITING = Statement(
    "notes_waiting",
    ("bigint", "bigint[]", "integer"),
    f"SELECT {NOTE} FROM outbox WHERE id > $1 AND id <> ALL ($2) ORDER BY id LIMIT $3",  # noqa: S608  # columns of ours
)
LAST = Statement("last_number", (), "SELECT number FROM feed_head WHERE id = 1")
PATIENT = Statement("patient", ("text",), "SELECT set_config('statement_timeout', $1, true)")
HEAD = Statement("feed_head", (), "SELECT number FROM feed_head WHERE id = 1 FOR UPDATE SKIP LOCKED")
TAKE = Statement(
    "take_notes",
    ("bigint[]",),
    f"DELETE FROM outbox WHERE id = ANY ($1) RETURNING {NOTE}",  # noqa: S608  # as above
)
# A plan is made while tables are new and empty, and is kept while they grow. So each look-up is a query of its own,
# whose order and limit let only one index serve, as in app.alerts.freshness and app.alerts.revisions.
ALERTS_AT = """
    SELECT {columns} FROM alert WHERE code > 0 AND NOT shadow
        AND (t, user_id, n, code) >= ({of}.t, {of}.user_id, {of}.n, {least})
        AND (t, user_id, n, code) <= ({of}.t, {of}.user_id, {of}.n, {greatest})
    ORDER BY t, user_id, n, code LIMIT {most}"""
FIRST_REVISION = """
    SELECT codes_before FROM revision WHERE user_id = note.user_id AND t = note.t AND n BETWEEN note.n AND note.n
    ORDER BY n, no LIMIT 1"""
REVISION = """
    SELECT edition, codes_before, codes_after FROM revision
    WHERE user_id = note.user_id AND t = note.t AND n BETWEEN note.n AND note.n AND no BETWEEN note.no AND note.no
    ORDER BY n, no LIMIT 1"""
# The codes of each note: of an answer, all alerts of the event but those that were found late, which are told by its
# first revision, whose codes before are those of the answer. What is in the feed already is left out: alerts of before
# the outbox may be noted twice.
CODES = Statement(
    "codes_of_notes",
    ("bigint[]", "bigint[]", "bigint[]", "integer[]", "alert_kind[]", "integer[]"),
    f"""
    SELECT note.id, found.* FROM unnest($1, $2, $3, $4, $5, $6) AS note (id, user_id, t, n, kind, no)
    CROSS JOIN LATERAL (
        SELECT code, edition, fresh FROM ({
        ALERTS_AT.format(columns="code, edition, fresh", of="note", least=0, greatest=INTEGER_MAX, most=MAX_ALERTS)
    }) AS stored
        WHERE note.kind = 'raised' AND code = ANY (coalesce(({FIRST_REVISION}), ARRAY[code]))
        UNION ALL
        SELECT code, edition, ({
        ALERTS_AT.format(columns="fresh", of="note", least="changed.code", greatest="changed.code", most=1)
    }) FROM (
            SELECT edition, unnest(CASE note.kind WHEN 'retracted' THEN codes_before ELSE codes_after END) AS code,
                CASE note.kind WHEN 'retracted' THEN codes_after ELSE codes_before END AS others
            FROM ({REVISION}) AS revised WHERE note.kind <> 'raised'
        ) AS changed
        WHERE code <> ALL (others)
    ) AS found
    WHERE (
        SELECT true FROM alert_feed WHERE user_id = note.user_id AND t = note.t AND n BETWEEN note.n AND note.n
            AND kind = note.kind AND no = note.no AND code = found.code
        ORDER BY user_id, t, n, kind, no, code LIMIT 1
    ) IS NULL
    ORDER BY note.id, found.code
    """,  # noqa: S608  # ours
)
ADD = Statement(
    "add_to_feed",
    (
        "bigint[]",
        "bigint[]",
        "bigint[]",
        "integer[]",
        "alert_kind[]",
        "integer[]",
        "integer[]",
        "integer[]",
        "boolean[]",
    ),
    """
    INSERT INTO alert_feed (number, user_id, t, n, kind, no, code, edition, quiet)
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
    """,
)
MOVE_HEAD = Statement("move_feed_head", ("bigint",), "UPDATE feed_head SET number = $1 WHERE id = 1")
# Each entry with its evidence: that of the revision that found it late, or found late what is retracted; else that of
# the alert.
ENTRIES = f"""
    SELECT feed.number, feed.kind, feed.at, feed.user_id, feed.t, feed.n, feed.code, feed.edition, stored.fresh,
        coalesce(CASE WHEN feed.kind <> 'raised' THEN (
            SELECT found -> feed.code::text FROM revision
            WHERE user_id = feed.user_id AND t = feed.t AND n BETWEEN feed.n AND feed.n AND no <= feed.no
                AND found ? feed.code::text
            ORDER BY n DESC, no DESC LIMIT 1
        ) END, stored.evidence), feed.no, feed.quiet
    FROM ({{feed}}) AS feed
    LEFT JOIN LATERAL ({
    ALERTS_AT.format(columns="fresh, evidence", of="feed", least="feed.code", greatest="feed.code", most=1)
}) AS stored ON true
    ORDER BY feed.number
    """  # noqa: S608  # ours
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
        SELECT entry.* FROM unnest($1, $2, $3, $4, $5) AS key (user_id, t, n, kind, no) CROSS JOIN LATERAL (
            SELECT * FROM alert_feed WHERE user_id = key.user_id AND t = key.t AND n = key.n AND kind = key.kind
                AND no BETWEEN key.no AND key.no
            ORDER BY user_id, t, n, kind, no, code LIMIT 100
        ) AS entry
        """
    ),
)
# Events of before the rule book have codes without alerts; when one is corrected, its codes are retracted.
NONE_STORED = Evidence(
    value="", threshold="", count=0, events=(), sentence="no evidence is stored: a former version raised this code"
)
Key = tuple[int, int, int, Kind, int]  # a player, `t` and `n` of an event, what became known, and by which revision


class FeedQueries:
    """Queries of the outbox and the feed within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def allow(self, seconds: float) -> None:
        """Let statements of this transaction take so long: hundreds of notes may name thousands of alerts."""
        self._transaction.write(PATIENT, f"{seconds * 1000:.0f}ms")

    def waiting(self, after: int, without: Iterable[int], most: int) -> Sequence[Note]:
        """Return the notes with ids above `after`, by id, but for some."""
        self._transaction.write(BY_INDEX)
        return [_note(row) for row in self._transaction.fetch(WAITING, after, array_literal(without), most)]

    def last_number(self) -> int:
        """Return the last number that was given."""
        [(number,)] = self._transaction.fetch(LAST)
        return int(number)

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
                *((each.number, *_columns(each.note), each.code, each.edition, each.note.quiet) for each in numbered),
                strict=True,
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
            entry, no = _entry(row), row[-2]
            alert = entry.alert
            found.setdefault((alert.user_id, alert.t, alert.n, entry.kind, no), []).append(entry)
        return found


def _note(row: tuple[int, int, int, int, str, int, bool]) -> Note:
    note_id, user_id, t, n, kind, no, quiet = row
    return Note(id=note_id, user_id=user_id, t=t, n=n, kind=Kind(kind), no=no, quiet=quiet)


def _columns(note: Note) -> tuple[int | str, ...]:
    return note.user_id, note.t, note.n, note.kind.value, note.no


def _entry(row: tuple[Any, ...]) -> Entry:
    number, kind, at, user_id, t, n, code, edition, fresh, evidence, _, quiet = row
    alert = StoredAlert(
        user_id=user_id,
        t=t,
        n=n,
        event_id=evidence.get("event_id") if evidence else None,
        code=code,
        edition=edition,
        shadow=False,
        fresh=fresh,
        evidence=parse_evidence(evidence) if evidence else NONE_STORED,
    )
    return Entry(number=number, kind=Kind(kind), at=at, alert=alert, quiet=quiet)
