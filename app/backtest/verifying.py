"""What one process of a verification does: judge the events of some users again, each by its own edition."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Generic, TypeVar

from app.backtest.domain import Scope, Span, Users
from app.backtest.findings import Answer, EventCheck, Findings, KeptAlert, RuleBook
from app.backtest.integrity import Account, Audit, ChainAudit, Clock, read_part
from app.backtest.judging import Judged, needs_of_all, plan
from app.backtest.queries import BacktestQueries
from app.rules.history import HistoryNeeds
from app.rules.running_history import RunningHistory
from app.seals.domain import EventFacts, Sealed, SealFacts
from lib.snapshots import Snapshot

NOBODY = 0  # of a loss that is of the chain, and of no player

Key = TypeVar("Key", int, tuple[int, int])
Row = TypeVar("Row")
Moment = tuple[int, int]  # a user and a `t`: at most one event


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyJob:
    """What every process of a verification must know: the state to look at, and all editions there are."""

    snapshot: Snapshot
    book: RuleBook

    @property
    def needs(self) -> HistoryNeeds:
        """How far back any edition looks."""
        return needs_of_all(*self.book.rule_sets.values())


@dataclass(frozen=True, slots=True)
class VerifyContext:
    """What a process of a verification has for each of its pieces."""

    queries: BacktestQueries
    job: VerifyJob
    all_counted: bool


@contextmanager
def begin(job: VerifyJob) -> Iterator[VerifyContext]:
    """Open the snapshot, once for all pieces of this process."""
    with job.snapshot.reader() as reader:
        queries = BacktestQueries(reader)
        yield VerifyContext(queries, job, queries.all_counted())


@dataclass(frozen=True, slots=True)
class Sharing:
    """The piece that comes first: share the users out, in spans of about so many events."""

    span: int

    def __call__(self, context: VerifyContext) -> list[Span]:
        """Return the spans."""
        return list(plan(context.queries, Scope(), self.span))


@dataclass(frozen=True, slots=True)
class Verifying:
    """The pieces after it: judge all events of the users of a span again."""

    span: Span

    def __call__(self, context: VerifyContext) -> Judged[Findings]:
        """Return what was found."""
        return Judged(self.span.events, verify(context, self.span.users))


@dataclass(frozen=True, slots=True)
class VerifyingChain:
    """The piece beside them: work out the seals again; `kept` is one that was written down elsewhere."""

    kept: Sealed | None

    def __call__(self, context: VerifyContext) -> Judged[Findings]:
        """Return what was found."""
        findings, audit = Findings(), ChainAudit()
        rows = chain.from_iterable(context.queries.seals())
        seals = ((SealFacts(no, at, all_counted), bytes(digest)) for no, at, all_counted, digest in rows)
        parts = map(read_part, chain.from_iterable(context.queries.parts_of_seals()))
        for fault in audit.faults(seals, parts, self.kept):
            findings.note_loss(NOBODY, [fault])
        findings.latest_seal = audit.latest
        return Judged(0, findings)


def verify(context: VerifyContext, users: Users) -> Findings:
    """Judge all events of these users again and compare; hold what is stored against what was counted and sealed."""
    queries, job = context.queries, context.job
    findings, past = Findings(), RunningHistory(job.needs)
    kept = Grouped(map(KeptAlert._make, chain.from_iterable(queries.alerts(users))), moment_of)
    audits = Audits(context, findings, users)
    for event, facts, before_alerts in chain.from_iterable(queries.decisions(users)):
        if event.user_id != audits.present:
            past.forget()
            audits.begin(event.user_id)
        moment = event.user_id, event.t
        _note_lonely(findings, kept.before(moment))
        answer = Answer(facts.codes, facts.edition, before_alerts)
        alerts = kept.at(moment)
        _compare(findings, EventCheck(event, past, job.book), answer, alerts)
        audits.add(facts, [alert.line for alert in alerts])
        past.remember(event)
    _note_lonely(findings, kept.rest())
    audits.end()
    return findings


class Grouped(Generic[Key, Row]):
    """Rows in the order of a key, taken up as those with the same keys come by in the same order."""

    def __init__(self, rows: Iterable[Row], key: Callable[[Row], Key]) -> None:
        self._groups: Iterator[tuple[Key, Iterable[Row]]] = groupby(rows, key)
        self._take_up()

    def _take_up(self) -> None:
        key, rows = next(self._groups, (None, ()))
        self._key: Key | None = key
        self._rows: Sequence[Row] = tuple(rows)

    def before(self, key: Key) -> Iterator[Key]:
        """Pass by those before a key, which nothing else has."""
        while self._key is not None and self._key < key:
            yield self._key
            self._take_up()

    def at(self, key: Key) -> Sequence[Row]:
        """Take those of a key."""
        if self._key != key:
            return ()
        rows = self._rows
        self._take_up()
        return rows

    def next(self) -> Key | None:
        """Tell which key comes next."""
        return self._key

    def rest(self) -> Iterator[Key]:
        """Pass by all that are left."""
        while self._key is not None:
            yield self._key
            self._take_up()


def moment_of(alert: KeptAlert) -> Moment:
    """Return when an alert was raised, and at whose event."""
    return alert.user_id, alert.t


class Audits:
    """The audit of one user after the other: of those with events, and of those whom clock or seals know alone."""

    def __init__(self, context: VerifyContext, findings: Findings, users: Users) -> None:
        self._all_counted, self._findings = context.all_counted, findings
        clocks = map(Clock._make, chain.from_iterable(context.queries.clocks(users)))
        parts = map(read_part, chain.from_iterable(context.queries.sealed_parts(users)))
        self._clocks = Grouped(clocks, lambda clock: clock.user_id)
        self._parts = Grouped(parts, lambda sealed: sealed.part.user_id)
        self._audit: Audit | None = None
        self.present = 0

    def begin(self, user_id: int) -> None:
        """End the user before, look at those in between who have no events, and begin this one."""
        self._pass_by(user_id)
        self.present = user_id
        self._audit = Audit(self._account(user_id))

    def add(self, event: EventFacts, alerts: Sequence[str]) -> None:
        """Take up an event of the user with whom it was begun."""
        if self._audit:
            self._audit.add(event, alerts)

    def end(self) -> None:
        """End the last user, and look at those after."""
        self._pass_by(None)

    def _pass_by(self, until: int | None) -> None:
        self._note()
        while (alone := min(filter(None, (self._clocks.next(), self._parts.next())), default=None)) is not None:
            if until is not None and alone >= until:
                return
            self.present = alone
            self._audit = Audit(self._account(alone))
            self._note()

    def _account(self, user_id: int) -> Account:
        clock = next(iter(self._clocks.at(user_id)), None)
        return Account(user_id, clock, self._parts.at(user_id))

    def _note(self) -> None:
        if self._audit:
            self._findings.note_loss(self.present, list(self._audit.faults(all_counted=self._all_counted)))
            self._findings.not_counted += self._audit.unnumbered
            self._findings.not_sealed += self._audit.unsealed
            self._audit = None


def _note_lonely(findings: Findings, moments: Iterable[Moment]) -> None:
    for user_id, t in moments:
        findings.note(user_id, t, ["alerts are kept, and no event is stored"])


def _compare(findings: Findings, check: EventCheck, answer: Answer, kept: Sequence[KeptAlert]) -> None:
    live = [each for each in kept if not each.shadow] if kept else ()
    faults = check.live_faults(answer, live)
    findings.note_live(answer, faults, kept=bool(live))
    if len(live) < len(kept):
        shadow = [each for each in kept if each.shadow]
        in_shadow = check.shadow_faults(shadow)
        findings.note_shadow(shadow[0].edition, in_shadow)
        faults += in_shadow
    findings.note(check.event.user_id, check.event.t, faults)
