"""What one process of a verification does: judge the events of some players again, each by its own edition."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

from app.backtest.audits import Audits, Grouped
from app.backtest.domain import PlayerRange, Scope, Span
from app.backtest.findings import Answer, EventCheck, Findings, KeptAlert, RuleBook
from app.backtest.integrity import ChainAudit, read_part
from app.backtest.judging import Judged, needs_of_all, plan
from app.backtest.queries import BacktestQueries
from app.rules.history import HistoryNeeds
from app.rules.running_history import RunningHistory
from app.seals.domain import Sealed, SealFacts
from lib.snapshots import Snapshot

NOBODY = 0  # of a loss that is of the chain, and of no player

Moment = tuple[int, int]  # a player and a `t`: at most one event


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyJob:
    """What every process of a verification must know: the snapshot of the database, and all editions."""

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
    """The piece that comes first: divide the players into spans of about so many events."""

    span: int

    def __call__(self, context: VerifyContext) -> list[Span]:
        """Return the spans."""
        return list(plan(context.queries, Scope(), self.span))


@dataclass(frozen=True, slots=True)
class Verifying:
    """The pieces after it: judge all events of the players of a span again."""

    span: Span

    def __call__(self, context: VerifyContext) -> Judged[Findings]:
        """Return what was found."""
        return Judged(self.span.events, verify(context, self.span.players))


@dataclass(frozen=True, slots=True)
class VerifyingChain:
    """The piece beside them: compute the seals again; `kept` is one that was kept elsewhere."""

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


def verify(context: VerifyContext, players: PlayerRange) -> Findings:
    """Judge all events of these players again; compare what is stored with the result, the counts and the seals."""
    queries, job = context.queries, context.job
    findings, past = Findings(), RunningHistory(job.needs)
    kept = Grouped(map(KeptAlert._make, chain.from_iterable(queries.alerts(players))), moment_of)
    audits = Audits(queries, findings, players, all_counted=context.all_counted)
    for event, facts, before_alerts in chain.from_iterable(queries.decisions(players)):
        if event.user_id != audits.present:
            past.forget()
            audits.begin(event.user_id)
        moment = event.user_id, event.t
        _note_without_event(findings, kept.before(moment))
        answer = Answer(facts.codes, facts.edition, before_alerts)
        alerts = kept.at(moment)
        _compare(findings, EventCheck(event, past, job.book), answer, alerts)
        audits.add(facts, [alert.line for alert in alerts])
        past.remember(event)
    _note_without_event(findings, kept.rest())
    audits.end()
    return findings


def moment_of(alert: KeptAlert) -> Moment:
    """Return the moment of the event that raised the alert."""
    return alert.user_id, alert.t


def _note_without_event(findings: Findings, moments: Iterable[Moment]) -> None:
    for user_id, t in moments:
        findings.note(user_id, t, ["alerts are stored without their event"])


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
