"""What one process of a verification does: judge the events of some players again, each by its own edition."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby

from app.backtest.audits import Audits, Grouped
from app.backtest.domain import PlayerRange, Scope, Span
from app.backtest.findings import (
    NOTHING_RAISED,
    Answer,
    EventCheck,
    Findings,
    KeptAlert,
    Raised,
    RuleBook,
    in_shadow,
)
from app.backtest.groups import VersionsOfPlayers
from app.backtest.integrity import ChainAudit, read_part
from app.backtest.judging import Judged, needs_of_all, plan
from app.backtest.queries import BacktestQueries, StoredEvent
from app.backtest.received import Irregular, Place
from app.backtest.replaying import Replay
from app.rules.event import EventRef
from app.rules.history import HistoryNeeds
from app.rules.rejudging import Judges
from app.rules.running_history import RunningHistory
from app.seals.domain import Sealed, SealFacts
from lib.snapshots import Snapshot

NOBODY = 0  # of a loss that is of the chain, and of no player

Moment = tuple[int, int, int]  # a player, a `t` and an `n`: at most one event


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
    judges: Judges  # all editions: those that were ever live judge again, and the history must suffice for a shadow
    all_counted: bool


@contextmanager
def begin(job: VerifyJob) -> Iterator[VerifyContext]:
    """Open the snapshot, once for all pieces of this process."""
    with job.snapshot.reader() as reader:
        queries = BacktestQueries(reader)
        yield VerifyContext(queries, job, Judges.of(job.book.rule_sets.values()), queries.all_counted())


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
    queries = context.queries
    findings, past = Findings(), RunningHistory(context.job.needs)
    kept = Grouped(map(KeptAlert._make, chain.from_iterable(queries.alerts(players))), moment_of)
    audits = Audits(queries, findings, players, all_counted=context.all_counted)
    versions = VersionsOfPlayers(queries, players)
    of_players, others = Players(context, findings, kept, audits, versions), Irregular(queries, players)
    decisions = chain.from_iterable(queries.decisions(players))
    for user_id, stored in groupby(decisions, lambda each: each.event.user_id):
        for alone in others.before(user_id):
            of_players.replay(alone, others, ())
        audits.begin(user_id)
        if others.includes(user_id) or audits.audit.is_irregular:
            of_players.replay(user_id, others, tuple(stored))
        else:
            of_players.verify(stored, past)
    for alone in others.before(None):
        of_players.replay(alone, others, ())
    _note_without_event(findings, kept.rest())
    audits.end()
    return findings


@dataclass(frozen=True, slots=True)
class Players:
    """Verifies one player after the other."""

    context: VerifyContext
    findings: Findings
    kept: Grouped[Moment, KeptAlert]
    audits: Audits
    versions: VersionsOfPlayers

    def verify(self, stored: Iterable[StoredEvent], past: RunningHistory) -> None:
        """Verify a player whose events all came in order, and none of them was corrected."""
        past.forget()
        audit, late, before = self.audits.audit, 0, NOTHING_RAISED
        versions = self.versions.of(audit.account.user_id)
        for event, facts, before_alerts in stored:
            late += facts.taken_after is not None
            alerts = self._alerts_at(event.user_id, (event.t, event.n))
            answer = Answer(facts.codes, facts.edition, before_alerts)
            seen = versions.seen(facts.groups_version)
            check = EventCheck(event, past, self.context.job.book, before, seen)
            faults = self._compare(check, answer, alerts)
            self.findings.note(event.user_id, event.ref, faults)
            audit.add(facts, [alert.line for alert in alerts])
            past.remember(event)
            before = Raised(facts.codes, in_shadow(alerts)) if facts.codes or alerts else NOTHING_RAISED
        audit.note_counts(late_events=late, corrections=0)

    def replay(self, user_id: int, others: Irregular, standing: Sequence[StoredEvent]) -> None:
        """Verify a player with late or corrected events: all that was received, in the order in which it came."""
        if not standing:
            self.audits.begin(user_id)
        audit = self.audits.audit
        received = others.take(user_id, standing, partial(self._alerts_at, user_id))
        versions = self.versions.of(user_id)
        replay = Replay(received, self.context.job.book, self.context.judges, self._compare, versions)
        replay.run()
        for (t, n), faults in sorted(replay.faults.items()):
            self.findings.note(user_id, EventRef(t, n), faults)
        for each in standing:
            audit.note_standing(each.facts)
        for entry in received.entries:
            audit.add_entry(entry.t or 0, entry.seq, partial(getattr, entry, "digest"))
        late = sum(entry.taken_after is not None for entry in received.entries)
        audit.note_counts(late_events=late, corrections=len(received.superseded))

    def _alerts_at(self, user_id: int, place: Place) -> Sequence[KeptAlert]:
        moment = user_id, *place
        _note_without_event(self.findings, self.kept.before(moment))
        return self.kept.at(moment)

    def _compare(self, check: EventCheck, answer: Answer, kept: Sequence[KeptAlert]) -> list[str]:
        """Count an event, and return what is wrong with its first answer and the alerts stored for that."""
        live = [each for each in kept if not each.shadow] if kept else ()
        faults = check.live_faults(answer, live)
        self.findings.note_live(answer, faults, kept=bool(live))
        if len(live) < len(kept):
            shadow = [each for each in kept if each.shadow]
            shadow_faults = check.shadow_faults(shadow)
            self.findings.note_shadow(shadow[0].edition, shadow_faults)
            faults += shadow_faults
        return faults


def moment_of(alert: KeptAlert) -> Moment:
    """Return the moment of the event that raised the alert."""
    return alert.user_id, alert.t, alert.n


def _note_without_event(findings: Findings, moments: Iterable[Moment]) -> None:
    for user_id, t, n in moments:
        findings.note(user_id, EventRef(t, n), ["alerts are stored without their event"])
