"""Judging later events again: which codes they raise now that something before them is known (A51)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from app.alerts.revisions import Revision
from app.events.domain import TooManyLaterEvents
from app.events.recording import evidence_of
from app.events.revising.domain import Place
from app.events.revising.queries import Later, RevisingQueries
from app.rulebook.live_rules import NoRuleBook
from app.rules.event import ActivityEvent
from app.rules.rejudging import Judges, Rejudging
from app.rules.rule import Match
from app.rules.running_history import RunningHistory

MAX_JUDGED_AGAIN = 1_000  # events, for a request
MAX_READ = 20_000  # events, most of which then cannot see the change


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many later events may be judged again, and what to do beyond; `progress` gets each number of them."""

    judged: int | None
    read: int | None
    todo: str
    progress: Callable[[int], None] = lambda _: None


def history_before(revising: RevisingQueries, judges: Judges, user_id: int, place: Place) -> RunningHistory:
    """Return the history before a place, as far back as any edition looks from there or from any later event."""
    history = RunningHistory(judges.furthest)
    for event in revising.earlier(user_id, place, judges.furthest):
        history.remember(event)
    return history


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingAgain:
    """What became known, with the number `cause`: the versions of the changed event, and the history up to it."""

    judges: Judges
    history: RunningHistory
    changed: tuple[ActivityEvent, ...]
    cause: int
    bounds: Bounds

    def revisions(self, later: Iterable[Later]) -> Iterator[Revision]:
        """Yield a revision for each later event whose codes are others now.

        Raises `TooManyLaterEvents`, and `NoRuleBook` if the edition of one of them cannot be read.
        """
        rejudging = Rejudging(self.judges, self.history, self.changed)
        judged = 0
        for read, each in enumerate(later, 1):
            event = each.decision.event
            if not rejudging.may_reach(event.t):
                return
            matches = judge(rejudging, each)
            judged += matches is not None
            self._refuse_too_many(judged, read)
            if matches is not None and (revision := revise(each, matches, self.cause, rejudging)):
                yield revision
            rejudging.go_beyond(event)
            self.bounds.progress(judged)

    def _refuse_too_many(self, judged: int, read: int) -> None:
        bounds, first = self.bounds, self.changed[0]
        if (bounds.judged and judged > bounds.judged) or (bounds.read and read > bounds.read):
            raise TooManyLaterEvents(first.user_id, first.t, bounds.judged or 0, bounds.todo)


def judge(rejudging: Rejudging, later: Later) -> "list[Match] | None":
    """Return what the event meets now, None if it cannot see the change; raises `NoRuleBook`."""
    edition = later.decision.edition
    try:
        matches = rejudging.judge(later.decision.event, edition)
    except KeyError:
        raise NoRuleBook(f"edition {edition}, which judged later events, cannot be read") from None
    return None if matches is None else list(matches)


def revise(later: Later, matches: Iterable[Match], cause: int, rejudging: Rejudging) -> Revision | None:
    """Return how the codes of an event change, None if they stay."""
    event, met = later.decision.event, {match.code: match for match in matches}
    if tuple(met) == later.believed:
        return None
    return Revision(
        user_id=event.user_id,
        event=event.ref,
        no=later.revisions + 1,
        edition=later.decision.edition,
        codes_before=later.believed,
        codes_after=tuple(met),
        found={
            code: evidence_of(match, rejudging.last_in(event, match))
            for code, match in met.items()
            if code not in later.believed
        },
        cause=cause,
    )
