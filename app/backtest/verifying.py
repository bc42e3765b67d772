"""What one process of a verification does: judge the events of some users again, each by its own edition."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby

from app.backtest.domain import Scope, Span, Users
from app.backtest.findings import Answer, Findings, KeptAlert, Retrial, RuleBook
from app.backtest.history import RunningHistory
from app.backtest.judging import Judged, needs_of_all, plan
from app.backtest.queries import BacktestQueries
from app.events.domain import ActivityEvent, HistoryNeeds
from app.events.queries import STORED_AS
from lib.snapshots import Snapshot

Moment = tuple[int, int]  # a user and a `t`: at most one event


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What every process of a verification must know: the state to look at, and all editions there are."""

    snapshot: Snapshot
    book: RuleBook

    @property
    def needs(self) -> HistoryNeeds:
        """How far back any edition looks."""
        return needs_of_all(*self.book.rule_sets.values())


@dataclass(frozen=True, slots=True)
class InquiryContext:
    """What a process of a verification has for each of its pieces."""

    queries: BacktestQueries
    inquiry: Inquiry


@contextmanager
def begin(inquiry: Inquiry) -> Iterator[InquiryContext]:
    """Open the snapshot, once for all pieces of this process."""
    with inquiry.snapshot.reader() as reader:
        yield InquiryContext(BacktestQueries(reader), inquiry)


@dataclass(frozen=True, slots=True)
class Sharing:
    """The piece that comes first: share the users out, in spans of about so many events."""

    span: int

    def __call__(self, context: InquiryContext) -> Iterator[Span]:
        """Yield the spans."""
        return plan(context.queries, Scope(), self.span)


@dataclass(frozen=True, slots=True)
class Verifying:
    """The pieces after it: judge all events of the users of a span again."""

    span: Span

    def __call__(self, context: InquiryContext) -> Iterator[Judged | Findings]:
        """Yield how far it is, now and then, and what was found at the end."""
        return verify(context.queries, context.inquiry, self.span.users)


def verify(queries: BacktestQueries, inquiry: Inquiry, users: Users) -> Iterator[Judged | Findings]:
    """Judge all events of these users again and compare."""
    findings, past, present = Findings(), RunningHistory(inquiry.needs), 0
    kept = KeptAlerts(map(KeptAlert._make, chain.from_iterable(queries.alerts(users))))
    for rows in queries.decisions(users):
        for user_id, t, stored_type, amount, codes, edition, before_alerts in rows:
            event = ActivityEvent(user_id=user_id, t=t, type=STORED_AS[stored_type], amount=amount)
            if user_id != present:
                past.forget()
                present = user_id
            _note_lonely(findings, kept.before((user_id, t)))
            answer = Answer(codes, edition, before_alerts)
            retrial = Retrial(event, past, inquiry.book)
            _compare(findings, retrial, answer, kept.at((user_id, t)))
            past.remember(event)
        yield Judged(len(rows))
    _note_lonely(findings, kept.rest())
    yield findings


class KeptAlerts:
    """The alerts that are kept, in order of user and t, taken up as the events come by in the same order."""

    def __init__(self, alerts: Iterable[KeptAlert]) -> None:
        self._groups = groupby(alerts, key=lambda alert: (alert.user_id, alert.t))
        self._take_up()

    def _take_up(self) -> None:
        moment, alerts = next(self._groups, (None, ()))
        self._moment: Moment | None = moment
        self._alerts: Sequence[KeptAlert] = tuple(alerts)

    def before(self, moment: Moment) -> Iterator[Moment]:
        """Pass by those before a moment, which no event has."""
        while self._moment is not None and self._moment < moment:
            yield self._moment
            self._take_up()

    def at(self, moment: Moment) -> Sequence[KeptAlert]:
        """Take those of a moment."""
        if self._moment != moment:
            return ()
        alerts = self._alerts
        self._take_up()
        return alerts

    def rest(self) -> Iterator[Moment]:
        """Pass by all that are left."""
        while self._moment is not None:
            yield self._moment
            self._take_up()


def _note_lonely(findings: Findings, moments: Iterable[Moment]) -> None:
    for user_id, t in moments:
        findings.note(user_id, t, ["alerts are kept, and no event is stored"])


def _compare(findings: Findings, retrial: Retrial, answer: Answer, kept: Sequence[KeptAlert]) -> None:
    live = [each for each in kept if not each.shadow] if kept else ()
    faults = retrial.live_faults(answer, live)
    findings.note_live(answer, faults, kept=bool(live))
    if len(live) < len(kept):
        shadow = [each for each in kept if each.shadow]
        in_shadow = retrial.shadow_faults(shadow)
        findings.note_shadow(shadow[0].edition, in_shadow)
        faults += in_shadow
    findings.note(retrial.event.user_id, retrial.event.t, faults)
