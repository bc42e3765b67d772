"""Audits the players of a span one after the other: stored events against clocks and seals."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby
from typing import Generic, TypeVar

from app.backtest.domain import PlayerRange
from app.backtest.findings import Findings
from app.backtest.integrity import Account, Audit, Clock, read_part
from app.backtest.kept_totals import KeptTotal
from app.backtest.queries import BacktestQueries
from app.seals.domain import EventFacts

Key = TypeVar("Key", int, tuple[int, int, int])
Row = TypeVar("Row")


class Grouped(Generic[Key, Row]):
    """Rows in the order of a key, merged with another sequence in the same order."""

    def __init__(self, rows: Iterable[Row], key: Callable[[Row], Key]) -> None:
        self._groups: Iterator[tuple[Key, Iterable[Row]]] = groupby(rows, key)
        self._advance()

    def _advance(self) -> None:
        key, rows = next(self._groups, (None, ()))
        self._key: Key | None = key
        self._rows: Sequence[Row] = tuple(rows)

    def before(self, key: Key) -> Iterator[Key]:
        """Skip the rows before a key, and yield their keys, which the other sequence lacks."""
        while self._key is not None and self._key < key:
            yield self._key
            self._advance()

    def at(self, key: Key) -> Sequence[Row]:
        """Return the rows of a key, and go on to the next one."""
        if self._key != key:
            return ()
        rows = self._rows
        self._advance()
        return rows

    def next(self) -> Key | None:
        """Return the key of the next rows; None at the end."""
        return self._key

    def rest(self) -> Iterator[Key]:
        """Skip all rows that are left, and yield their keys."""
        while self._key is not None:
            yield self._key
            self._advance()


class Audits:
    """Audits one player after the other: those with events, and others of whom anything is stored."""

    def __init__(
        self, queries: BacktestQueries, findings: Findings, players: PlayerRange, *, all_counted: bool
    ) -> None:
        self._all_counted, self._findings = all_counted, findings
        clocks = map(Clock._make, chain.from_iterable(queries.clocks(players)))
        parts = map(read_part, chain.from_iterable(queries.sealed_parts(players)))
        totals = map(KeptTotal._make, chain.from_iterable(queries.running_totals(players)))
        self._clocks = Grouped(clocks, lambda clock: clock.user_id)
        self._parts = Grouped(parts, lambda sealed: sealed.part.user_id)
        self._totals = Grouped(totals, lambda kept: kept.user_id)
        self._audit: Audit | None = None
        self.present = 0

    def begin(self, user_id: int) -> None:
        """Begin a player, after the players before this one, including those without events."""
        self._audit_until(user_id)
        self.present = user_id
        self._audit = Audit(self._account(user_id))

    def add(self, event: EventFacts, alerts: Sequence[str]) -> None:
        """Add an event of the player who was begun last."""
        if self._audit:
            self._audit.add(event, alerts)

    @property
    def audit(self) -> Audit:
        """The audit of the player who was begun last."""
        if self._audit is None:
            raise LookupError(self.present)
        return self._audit

    def end(self) -> None:
        """End the last player, and audit those after."""
        self._audit_until(None)

    def _audit_until(self, until: int | None) -> None:
        self._note()
        while (alone := self._next()) is not None:
            if until is not None and alone >= until:
                return
            self.present = alone
            self._audit = Audit(self._account(alone))
            self._note()

    def _next(self) -> int | None:
        """Return the next player of whom anything but events is stored."""
        return min(filter(None, (self._clocks.next(), self._parts.next(), self._totals.next())), default=None)

    def _account(self, user_id: int) -> Account:
        clock = next(iter(self._clocks.at(user_id)), None)
        return Account(user_id, clock, self._parts.at(user_id), self._totals.at(user_id))

    def _note(self) -> None:
        if self._audit:
            self._findings.note_loss(self.present, list(self._audit.faults(all_counted=self._all_counted)))
            self._findings.not_counted += self._audit.unnumbered
            self._findings.not_sealed += self._audit.unsealed
            self._audit = None
