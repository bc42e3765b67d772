"""What one process of an import does: check the lines of some players, judge them, and store them span by span."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar, cast

from psycopg2.extensions import connection as Connection  # noqa: N812  # it is a class

from app.backtest.domain import Calendar
from app.backtest.findings import Findings
from app.backtest.tally import Tally
from app.intake.domain import Chain, Span
from app.intake.judging import Bench, Judge, Sifted, Written, sift, write
from app.intake.queries import ALERT_COLUMNS, EVENT_COLUMNS, NOTE_COLUMNS, ImportQueries
from app.intake.sifting import NOBODY, Sifter
from lib.bulk_sessions import BulkAddress, copy_lines
from lib.workers import Begin, Given

Held = TypeVar("Held")

MAX_ATTEMPTS = 5  # at a span whose players change while it is judged


class SpanTaken(Exception):
    """Somebody else has imported this span."""


class PlayersRemoved(Exception):
    """A player was removed while a span was judged: it is judged again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportWork:
    """What every process of an import must know; with `notify`, others are told of the alerts."""

    address: BulkAddress
    job: int
    bench: Bench
    notify: bool = False


@dataclass(frozen=True, slots=True)
class ImportContext:
    """What a process of an import has for each of its pieces."""

    connection: Connection
    queries: ImportQueries
    work: ImportWork
    _stack: ExitStack
    _held: dict[object, object] = field(default_factory=dict)

    def held(self, begin: Begin[Given, Held], given: Given) -> Held:
        """Return what `begin` makes, once in a process; it is ended with the context."""
        if begin not in self._held:
            self._held[begin] = self._stack.enter_context(begin(given))
        return cast("Held", self._held[begin])


@contextmanager
def begin(work: ImportWork) -> Iterator[ImportContext]:
    """Open the session, once for all pieces of this process."""
    with work.address.session() as connection, connection.cursor() as cursor, ExitStack() as stack:
        yield ImportContext(connection, ImportQueries(cursor, work.job), work, stack)


@dataclass(frozen=True, slots=True)
class Done:
    """How many lines a piece went through, and what it found: `tally` if it judged, `findings` if it verified."""

    lines: int
    tally: Tally | None = None
    findings: Findings | None = None


@dataclass(frozen=True, slots=True)
class Checking:
    """Find the lines that would be refused; with a calendar, also judge the others and count what they raise."""

    chain: Chain
    calendar: Calendar | None

    def __call__(self, context: ImportContext) -> Done:
        """Keep the faults."""
        queries, bench = context.queries, context.work.bench
        tally = Tally(self.calendar, compares=False) if self.calendar else None
        judge = Judge(queries, bench)
        carried: Sifter | None = None
        for span in self.chain:
            goes_on = carried is not None and carried.accepted > 0
            players = sift(queries, bench, queries.lines(span), carried)
            queries.add_faults(fault for each in players for fault in each.faults)
            if tally:
                _count(tally, judge, players, goes_on=goes_on)
            if len(self.chain) > 1 and players:
                carried = players[-1].sifter
        if tally:
            tally.end_player()
        return Done(sum(span.rows for span in self.chain), tally=tally)


def _count(tally: Tally, judge: Judge, players: Sequence[Sifted], *, goes_on: bool) -> None:
    if goes_on:
        for event, [(_, matches), *_] in judge.go_on(event for each in players for event in each.events()):
            tally.count(event, matches, ())
        return
    for _, judged in judge.judge(players):
        tally.end_player()
        for event, [(_, matches), *_] in judged:
            tally.count(event, matches, ())


@dataclass(frozen=True, slots=True)
class Importing:
    """Store the events of a chain of spans, each span in a transaction of its own."""

    chain: Chain

    def __call__(self, context: ImportContext) -> Done:
        """Store them."""
        for span in self.chain:
            _import(context, span)
        return Done(sum(span.rows for span in self.chain))


def _import(context: ImportContext, span: Span) -> None:
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return _import_once(context, span)
        except PlayersRemoved:
            continue
    return _import_once(context, span)


def _import_once(context: ImportContext, span: Span) -> None:
    """Judge first, then lock and store: players are locked only while rows are written (A55)."""
    queries, bench = context.queries, context.work.bench
    rows = queries.lines(span)
    players = sift(queries, bench, rows)
    judge = Judge(queries, bench)
    written = write(judge, players)
    with context.connection:  # a transaction
        if written:
            made, changed = claim(queries, written)
            if changed:
                again = sift(queries, bench, [row for row in rows if row.user_id in changed])
                players = [each for each in players if each.user_id not in changed] + again
                written = [each for each in written if each.user_id not in changed] + write(judge, again)
            store(context, written, made)
        queries.add_faults(fault for each in players for fault in each.faults)
        if not queries.done(span, sum(len(each.events) for each in written)):
            raise SpanTaken(f"span {span.no} was imported by another process")


def claim(queries: ImportQueries, written: Sequence[Written]) -> tuple[set[int], set[int]]:
    """Lock the players; return those who have their first events here, and those who got events meanwhile.

    Raises `PlayersRemoved`.
    """
    made = queries.claim([(each.user_id, each.last_t, len(each.events)) for each in written])
    if any(each.user_id in made and each.known is not NOBODY for each in written):
        raise PlayersRemoved
    now = queries.clocks([each.user_id for each in written if each.user_id not in made])
    return made, {each.user_id for each in written if each.user_id in now and now[each.user_id] != each.known}


def store(context: ImportContext, written: Sequence[Written], made: set[int]) -> None:
    """Write what was judged, and move on the clocks that were not made for it."""
    with context.connection.cursor() as cursor:
        copy_lines(cursor, "activity_event", EVENT_COLUMNS, [line for each in written for line in each.events])
        copy_lines(cursor, "alert", ALERT_COLUMNS, [line for each in written for line in each.alerts])
        if context.work.notify:
            copy_lines(cursor, "outbox", NOTE_COLUMNS, [line for each in written for line in each.notes])
    context.queries.move(
        [(each.user_id, each.last_t, len(each.events)) for each in written if each.user_id not in made]
    )
