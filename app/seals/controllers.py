"""The use cases of seals. Both read one snapshot of the database; the next seal covers what is stored meanwhile.

Every link of the chain is written in its own transaction, so the work of an interrupted run stays done.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby

from psycopg2.errors import UniqueViolation
from sqlalchemy import Engine

from app.datastores import AdvisoryLock
from app.seals.domain import (
    FIRST,
    UNNUMBERED,
    PartDigest,
    PlayerPart,
    SealDigest,
    Sealed,
    SealFacts,
    event_digest,
)
from app.seals.entries import Entry
from app.seals.queries import DueQueries, DueRow, SealQueries
from lib.advisory_locks import advisory_lock
from lib.database import Database
from lib.logs import get_logger
from lib.snapshots import snapshot_of

APPLICATION_NAME = "activity-alerts seal"  # the name of the connection in PostgreSQL
PATIENCE = 10.0  # seconds that a run waits for another to end
PLAYERS = 1000  # per link, which is held in memory and written at once
LINK_TIMEOUT = 30.0  # seconds that writing a link may take

log = get_logger()

Due = Iterable[Sequence[tuple[object, ...]]]


class SealedMeanwhile(Exception):
    """Another run has written the next link; this run ends, so that the two cannot disagree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """Where to seal; `progress` is called after each link with the number of events that it covers."""

    database: Database
    engine: Engine
    progress: Callable[[int], None] = lambda _: None
    patience: float = PATIENCE
    players: int = PLAYERS


@dataclass(slots=True)
class Chain:
    """The end of the chain, where links are added, and what this run has added."""

    sealing: Sealing
    latest: Sealed | None
    events: int = 0
    players: int = 0

    def add(self, parts: Sequence[PlayerPart], *, all_counted: bool) -> None:
        """Add a link durably and log it; raises `SealedMeanwhile`."""
        with self.sealing.database.transaction(deadline=LINK_TIMEOUT) as current:
            seals = SealQueries(current)
            now, latest = seals.latest()
            if latest != self.latest:
                raise SealedMeanwhile
            facts = SealFacts(latest.no + 1 if latest else 1, now, all_counted)
            seal = Sealed(facts.no, _digest(facts, latest, parts))
            try:
                seals.add(seal, parts, all_counted=all_counted)
                current.commit()
            except UniqueViolation as error:
                raise SealedMeanwhile from error
        self.latest = seal
        self._report(parts)

    def _report(self, parts: Sequence[PlayerPart]) -> None:
        events = sum(part.events for part in parts)
        self.events += events
        self.players += len(parts)
        log.info("sealed", seal=str(self.latest), events=events, players=len(parts))
        self.sealing.progress(events)

    def note(self, numbers: Sequence[tuple[int, int]]) -> None:
        """Note in the clocks up to which number their players are sealed, so that the next seal skips them."""
        with self.sealing.database.transaction(deadline=LINK_TIMEOUT) as current:
            SealQueries(current).note_sealed(numbers)
            current.commit()


def seal(sealing: Sealing) -> Chain:
    """Seal what was stored since the last seal; raises `LockNotAcquired` or `SealedMeanwhile`."""
    with _at_the_end_of_the_chain(sealing) as (due, links):
        all_counted = links.latest is None and not due.any_unnumbered()
        for first, last in _spans(due.unsealed(), sealing.players):
            in_order, others = _numbered(due.unsealed_events(first, last)), _entries(due.unsealed_entries(first, last))
            parts = sorted(chain(in_order, others))
            if fresh := [part for part in parts if part.events > 0]:
                links.add(fresh, all_counted=all_counted)
            if parts:
                links.note([(part.user_id, part.seq) for part in parts])
    return links


def count(sealing: Sealing) -> Chain:
    """Count and seal the events without a number; raises `LockNotAcquired` or `SealedMeanwhile`."""
    with _at_the_end_of_the_chain(sealing) as (due, links):
        for first, last in _spans(due.everybody(), sealing.players):
            if parts := list(_unnumbered(due.unnumbered_events(first, last))):
                links.add(parts, all_counted=False)
        if links.players or not _all_counted(sealing.database):
            links.add([], all_counted=True)
    return links


@contextmanager
def _at_the_end_of_the_chain(sealing: Sealing) -> Iterator[tuple[DueQueries, Chain]]:
    """Take our turn, then a snapshot of the database; in the other order the snapshot could be too old."""
    with (
        advisory_lock(sealing.engine, AdvisoryLock.SEALS, timeout=sealing.patience),
        snapshot_of(sealing.engine, APPLICATION_NAME) as snapshot,
        snapshot.reader() as reader,
    ):
        with sealing.database.transaction() as current:
            _, latest = SealQueries(current).latest()
        yield DueQueries(reader), Chain(sealing, latest)


def _all_counted(database: Database) -> bool:
    with database.transaction(deadline=LINK_TIMEOUT) as current:
        return SealQueries(current).all_counted()


def _spans(due: Iterable[Sequence[tuple[int]]], size: int) -> Iterator[tuple[int, int]]:
    """Divide the players into spans of `size`, each given by its first and its last id."""
    first, last, count = 0, 0, 0
    for (user_id,) in chain.from_iterable(due):
        first, last, count = first if count else user_id, user_id, count + 1
        if count == size:
            yield first, last
            count = 0
    if count:
        yield first, last


def _numbered(due: Due) -> Iterator[PlayerPart]:
    """Cover the events of each player, from the last sealed number to the count of the clock."""
    for row, covered, t in _players(due):
        sealed, upto = row.sealed or 0, row.upto or 0
        _report_missing(row.user_id, sealed, upto, covered)
        yield PlayerPart(row.user_id, upto, t, upto - sealed, covered.digest())


def _entries(due: Due) -> Iterator[PlayerPart]:
    """Do the same for players with late or corrected events, whose corrections have numbers too."""
    for user_id, rows in groupby(map(Entry._make, chain.from_iterable(due)), key=lambda entry: entry.user_id):
        covered = PartDigest()
        for entry in rows:
            if entry.t is not None:
                covered.add(entry.digest)
        _report_missing(user_id, entry.sealed, entry.upto, covered)
        yield PlayerPart(user_id, entry.upto, entry.last_t, entry.upto - entry.sealed, covered.digest())


def _report_missing(user_id: int, sealed: int, upto: int, covered: PartDigest) -> None:
    if covered.events < upto - sealed:
        log.error("events missing", user_id=user_id, above=sealed, upto=upto, stored=covered.events)


def _unnumbered(due: Due) -> Iterator[PlayerPart]:
    """Cover the events of each player that have no number, in a part numbered below the player's last such part."""
    for row, covered, t in _players(due):
        number = UNNUMBERED if row.sealed is None else row.sealed - 1
        yield PlayerPart(row.user_id, number, t, covered.events, covered.digest())


def _players(due: Due) -> Iterator[tuple[DueRow, PartDigest, int]]:
    """Return for each player a row, the digest over the events, and the latest `t`."""
    for _, rows in groupby(map(DueRow._make, chain.from_iterable(due)), key=lambda row: row.user_id):
        covered, t = PartDigest(), -1
        for row in rows:
            t = _add_event(row, covered)
        yield row, covered, t


def _add_event(row: DueRow, covered: PartDigest) -> int:
    """Add an event to the digest of its player; return its `t`, or without an event, the last sealed `t`."""
    if row.t is None:
        return -1 if row.sealed_t is None else row.sealed_t
    covered.add(event_digest(row.facts, row.alerts))
    return row.t


def _digest(facts: SealFacts, latest: Sealed | None, parts: Iterable[PlayerPart]) -> bytes:
    digest = SealDigest(facts, latest.digest if latest else FIRST)
    for part in parts:
        digest.add(part)
    return digest.digest()
