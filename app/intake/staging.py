"""From the file into the database: every line is parsed, and waits there or is a fault; then spans are planned."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from psycopg2.extensions import connection as Connection  # noqa: N812  # it is a class
from psycopg2.extensions import cursor as Cursor  # noqa: N812  # as above

from app.intake.domain import Fault, FieldFault, ImportRefused, Span
from app.intake.forms import FileForm, Parse
from app.intake.job_queries import JobQueries
from app.intake.players_file import PlayerIds
from app.intake.queries import ImportQueries
from lib.bulk_sessions import NULL, copy_lines
from lib.garbage import fewer_collections
from lib.record_files import Record, RecordFile

LINE_COLUMNS = ("job_id", "line", "user_id", "t", "type", "amount", "event_id")
BATCH = 20_000  # lines in memory at once

Progress = Callable[[int, int], None]


def stage(  # noqa: PLR0913  # what reading a file takes
    connection: Connection, job: int, file: RecordFile, form: FileForm, *, players: PlayerIds | None, progress: Progress
) -> None:
    """Read the file into the database; raises `ImportRefused` or `UnreadableFile`."""
    id_of = players.id_of if players else None
    parse = form.of_members(id_of) if file.header is None else form.of_header(file.header, id_of)
    total = ignored = 0
    with fewer_collections(), connection.cursor() as cursor, ThreadPoolExecutor(max_workers=1) as beside:
        queries = ImportQueries(cursor, job)
        sent: Future[None] | None = None
        for batch in _batches(file.records()):
            lines, faults = parse_batch(batch, parse, f"{job}\t")
            if sent:
                sent.result()
            sent = beside.submit(_send, queries, cursor, lines, faults)  # while the next lines are parsed
            total += len(batch)
            ignored += len(batch) - len(lines) - len(faults)
            progress(_expected(file, total), len(batch))
        if not sent:
            raise ImportRefused("the file has no events: only its header, or nothing at all")
        sent.result()
        JobQueries(cursor).read(job, total, ignored)


def _send(queries: ImportQueries, cursor: Cursor, lines: list[str], faults: list[Fault]) -> None:
    copy_lines(cursor, "import_line", LINE_COLUMNS, lines)
    queries.add_faults(faults)


def parse_batch(records: list[Record], parse: Parse, start: str) -> tuple[list[str], list[Fault]]:
    """Return the lines of the right form, as COPY reads them, and the faults of the others."""
    lines: list[str] = []
    faults: list[Fault] = []
    for line, text, values, wrong in records:
        if wrong:
            faults.append(Fault(line, "", wrong, text))
            continue
        try:
            parsed = parse(values)
        except FieldFault as fault:
            faults.append(Fault(line, fault.field, fault.reason, text))
            continue
        if parsed is not None:
            user_id, t, kind, amount, event_id = parsed
            # Nothing in a value of the right form needs an escape.
            lines.append(f"{start}{line}\t{user_id}\t{t}\t{kind}\t{amount}\t{event_id or NULL}\n")
    return lines, faults


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _expected(file: RecordFile, so_far: int) -> int:
    """Estimate how many lines the file has."""
    return max(so_far, so_far * file.size // max(file.position, 1))


def plan(queries: JobQueries, job: int, size: int) -> list[Span]:
    """Divide the lines of an import into spans by player, and store them."""
    spans = list(_spans(queries, job, size))
    queries.add_spans(job, spans)
    return spans


def _spans(queries: JobQueries, job: int, size: int) -> Iterator[Span]:
    """Put players together while their lines fit; only a player with more than a span has several of them."""
    no, rows, first, last = 0, 0, (0, 0), (0, 0)
    for user_id, first_t, last_t, lines in queries.lines_of_players(job):
        if rows and rows + lines > size:
            yield Span(no, first, last, rows)
            no, rows = no + 1, 0
        if lines > size:
            for begins, ends, part in queries.parts_of_player(job, user_id, size):
                yield Span(no, (user_id, begins), (user_id, ends), part)
                no += 1
            continue
        first = first if rows else (user_id, first_t)
        last, rows = (user_id, last_t), rows + lines
    if rows:
        yield Span(no, first, last, rows)
