"""The queries about imports as a whole: which there are, how far they are, and into which spans they are divided."""

from collections.abc import Iterator, Sequence
from typing import Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812  # it is a class
from psycopg2.extras import Json

from app.intake.domain import Fault, Job, Span, State

FIND = """
    SELECT id, state, edition, shadow, lines, ignored, imported + coalesce((
        SELECT sum(imported) FROM import_span WHERE job_id = job.id
    ), 0)::bigint FROM import_job AS job
"""
UNFINISHED = FIND + (" WHERE digest = %s AND form = %s AND state IN ('reading', 'importing') ORDER BY id DESC LIMIT 1")
BY_ID = FIND + " WHERE id = %s"
BEGIN = """
    INSERT INTO import_job (file, digest, form, edition, shadow, made_by) VALUES (%s, %s, %s, %s, %s, %s) RETURNING id
"""
# Nobody else reads a file now: whoever imports holds the lock.
OTHERS = FIND + (
    " WHERE (state = 'reading' OR state = 'importing' AND file = %s) AND id IS DISTINCT FROM %s ORDER BY id"
)
# What spans have imported is added up before they go. Statements that are sent together are one transaction.
FORGET = """
    UPDATE import_job SET imported = imported + coalesce((
        SELECT sum(imported) FROM import_span WHERE job_id = %(job)s
    ), 0) WHERE id = %(job)s;
    DELETE FROM import_line WHERE job_id = %(job)s;
    DELETE FROM import_span WHERE job_id = %(job)s
"""
FORGET_FAULTS = "DELETE FROM import_fault WHERE job_id = %s"
# Its rows are forgotten with it, since nobody looks at it again.
LEAVE = f"""
    {FORGET};
    DELETE FROM import_fault WHERE job_id = %(job)s;
    UPDATE import_job SET state = 'left', ended_at = now() WHERE id = %(job)s
"""  # noqa: S608  # constants of ours
LINES_OF_PLAYERS = """
    SELECT user_id, min(t), max(t), count(*) FROM import_line WHERE job_id = %s AND user_id > %s
    GROUP BY user_id ORDER BY user_id LIMIT %s
"""
# The first and the last `t` of each part of about so many lines; no second is in two of them.
PARTS_OF_PLAYER = """
    SELECT min(t), max(t), sum(lines)::bigint FROM (
        SELECT t, count(*) AS lines, (sum(count(*)) OVER (ORDER BY t) - 1) / %s AS part
        FROM import_line WHERE job_id = %s AND user_id = %s GROUP BY t
    ) AS second GROUP BY floor(part) ORDER BY 1
"""
ADD_SPANS = """
    INSERT INTO import_span (job_id, no, first_user, first_t, last_user, last_t, lines)
    SELECT %s, span.* FROM unnest(
        %s::integer[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]
    ) AS span
"""
SPANS = """
    SELECT no, first_user, first_t, last_user, last_t, lines FROM import_span
    WHERE job_id = %s AND (imported IS NULL OR %s) ORDER BY no
"""
DAYS = "SELECT DISTINCT t / %s FROM import_line WHERE job_id = %s"
FAULTS = """
    SELECT line, field, reason, text FROM import_fault WHERE job_id = %s AND line > %s ORDER BY line LIMIT %s
"""
GREATEST_ID = """
    SELECT greatest((SELECT max(user_id) FROM user_clock), (SELECT max(user_id) FROM registered_user), 0)
"""
BATCH = 10_000  # rows in memory at once


class JobQueries:
    """The queries of one session."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def lock(self, number: int) -> bool:
        """Try to take the lock of imports, which this session keeps; False if another one has it."""
        return bool(self._value("SELECT pg_try_advisory_lock(%s)", number))

    def unfinished(self, digest: str, form: dict[str, object]) -> Job | None:
        """Return the import of this very file, read in this way, that did not come to its end."""
        self._cursor.execute(UNFINISHED, [digest, Json(form)])
        return next((_job(*row) for row in self._cursor.fetchall()), None)

    def job(self, number: int) -> Job:
        """Return an import as it is now."""
        self._cursor.execute(BY_ID, [number])
        return _job(*self._cursor.fetchall()[0])

    def begin(self, *values: object, form: dict[str, object], editions: tuple[int, int | None], made_by: str) -> int:
        """Add an import of a file with a digest; return its number."""
        return int(self._value(BEGIN, *values, Json(form), *editions, made_by))

    def others(self, file: str | None, job: int | None) -> list[Job]:
        """Return imports that nobody will go on with, those of the file included."""
        self._cursor.execute(OTHERS, [file, job])
        return [_job(*row) for row in self._cursor.fetchall()]

    def leave(self, job: int) -> None:
        """Mark an import that nobody will go on with, and delete its lines, spans and faults."""
        self._cursor.execute(LEAVE, {"job": job})

    def forget(self, job: int) -> None:
        """Delete the lines and spans of an import."""
        self._cursor.execute(FORGET, {"job": job})

    def forget_faults(self, job: int) -> None:
        """Delete the faults of an import."""
        self._cursor.execute(FORGET_FAULTS, [job])

    def lines_are_there(self, job: int) -> bool:
        """Return whether its lines are still there; after a crash of PostgreSQL they are not."""
        return bool(self._value("SELECT EXISTS (SELECT FROM import_line WHERE job_id = %s)", job))

    def read(self, job: int, lines: int, ignored: int) -> None:
        """Store how many lines the file has."""
        self._cursor.execute("UPDATE import_job SET lines = %s, ignored = %s WHERE id = %s", [lines, ignored, job])

    def move(self, job: int, state: State) -> None:
        """Store how far an import is."""
        ended = state not in {State.READING, State.IMPORTING}
        sql = "UPDATE import_job SET state = %s, ended_at = CASE WHEN %s THEN now() END WHERE id = %s"
        self._cursor.execute(sql, [state.value, ended, job])

    def lines_of_players(self, job: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield for each player the first and the last `t` and the number of lines."""
        last = 0
        while True:
            self._cursor.execute(LINES_OF_PLAYERS, [job, last, BATCH])
            if not (rows := self._cursor.fetchall()):
                return
            yield from rows
            last = rows[-1][0]

    def parts_of_player(self, job: int, user_id: int, size: int) -> list[tuple[int, int, int]]:
        """Return the parts of a player with more lines than a span may have: first and last `t`, and lines."""
        self._cursor.execute(PARTS_OF_PLAYER, [size, job, user_id])
        return list(self._cursor.fetchall())

    def add_spans(self, job: int, spans: Sequence[Span]) -> None:
        """Store the spans of an import."""
        rows = [(each.no, *each.first, *each.last, each.rows) for each in spans]
        if rows:
            self._cursor.execute(ADD_SPANS, [job, *(list(column) for column in zip(*rows, strict=True))])

    def spans(self, job: int, *, done: bool) -> list[Span]:
        """Return the spans that are not imported yet, or all of them."""
        self._cursor.execute(SPANS, [job, done])
        return [Span(no, (user, t), (last_user, last_t), rows) for no, user, t, last_user, last_t, rows in self._cursor]

    def days(self, job: int, day: int) -> list[int]:
        """Return the days on which there are lines."""
        self._cursor.execute(DAYS, [day, job])
        return [number for (number,) in self._cursor.fetchall()]

    def fault_count(self, job: int) -> int:
        """Return how many lines are not imported."""
        return int(self._value("SELECT count(*) FROM import_fault WHERE job_id = %s", job))

    def faults(self, job: int, after: int = 0, most: int = BATCH) -> list[Fault]:
        """Return the first lines after this one that are not imported."""
        self._cursor.execute(FAULTS, [job, after, most])
        return [Fault(*row) for row in self._cursor.fetchall()]

    def greatest_id(self) -> int:
        """Return the greatest id of a player known here."""
        return int(self._value(GREATEST_ID))

    def _value(self, sql: str, *values: object) -> int:
        self._cursor.execute(sql, values)
        return self._cursor.fetchall()[0][0]  # type: ignore[no-any-return]


def _job(*row: Any) -> Job:  # noqa: ANN401  # as the columns are
    number, state, edition, shadow, lines, ignored, imported = row
    return Job(
        id=number,
        state=State(state),
        edition=edition,
        shadow=shadow,
        lines=lines,
        ignored=ignored,
        imported=imported,
    )
