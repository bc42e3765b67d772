"""Judging later events again: which codes they raise now that something before them is known (A51)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from app.alerts.revisions import Revision
from app.events.domain import TooManyInReach
from app.events.recording import evidence_of
from app.events.revising.domain import Place
from app.events.revising.queries import Later, RevisingQueries
from app.rules.engine import RuleSet
from app.rules.event import ActivityEvent
from app.rules.limits import BIGINT_MAX
from app.rules.rejudging import Judges, Rejudging, proof_of
from app.rules.rule import Match
from app.rules.running_history import RunningHistory
from lib.database_errors import Unavailable

MAX_JUDGED_AGAIN = 1_000  # events, for a request
MAX_READ = 20_000  # events, most of which then cannot see the change


class EditionUnreadable(Unavailable):
    """The edition that judged an event cannot be read, so the event cannot be judged again."""

    def __init__(self, edition: int) -> None:
        super().__init__(f"edition {edition}, which judged events that have to be judged again, cannot be read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many later events may be judged again, and what to do beyond; `progress` gets each number of them.

    `deadline` is how many seconds a correction may take.
    """

    judged: int | None = MAX_JUDGED_AGAIN
    read: int | None = MAX_READ
    todo: str = ""
    deadline: float = 10.0
    progress: Callable[[int], None] = lambda _: None


def history_before(
    revising: RevisingQueries, judges: Judges, user_id: int, place: Place, bounds: Bounds
) -> RunningHistory:
    """Return the history before a place, as far back as any edition looks from there or from any later event.

    Raises `TooManyInReach`.
    """
    history = RunningHistory(judges.furthest)
    most = bounds.read or BIGINT_MAX - 1
    for read, event in enumerate(revising.earlier(user_id, place, judges.furthest, most + 1), 1):
        if read > most:
            raise TooManyInReach(user_id, place.t, most, bounds.todo)
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

        Raises `TooManyInReach` or `EditionUnreadable`.
        """
        rejudging = Rejudging(self.judges, self.history, self.changed)
        judged = 0
        for read, each in enumerate(later, 1):
            event = each.decision.event
            if not rejudging.may_reach(event.t):
                return
            rule_set_of(self.judges, each.decision.edition)
            matches = rejudging.judge(event, each.decision.edition, each.groups)
            judged += matches is not None
            self._refuse_too_many(judged, read)
            if matches is not None and (revision := revise(each, matches, self.cause, self.history)):
                yield revision
            rejudging.go_beyond(event)
            self.bounds.progress(judged)

    def _refuse_too_many(self, judged: int, read: int) -> None:
        first = self.changed[0]
        for number, bound in ((judged, self.bounds.judged), (read, self.bounds.read)):
            if bound and number > bound:
                raise TooManyInReach(first.user_id, first.t, bound, self.bounds.todo)


def rule_set_of(judges: Judges, edition: int) -> RuleSet:
    """Return the rules of the edition that judged an event; raises `EditionUnreadable`."""
    rule_set = judges.rule_sets.get(edition)
    if rule_set is None:
        raise EditionUnreadable(edition)
    return rule_set


def revise(later: Later, matches: Iterable[Match], cause: int, history: RunningHistory) -> Revision | None:
    """Return how the codes of an event change, None if they stay; `history` is what comes before it."""
    event, met = later.decision.event, {match.code: match for match in matches}
    if tuple(met) == later.believed:
        return None
    found = {
        code: evidence_of(match, proof_of(match, event, history))
        for code, match in met.items()
        if code not in later.believed
    }
    return Revision(
        user_id=event.user_id,
        event=event.ref,
        no=later.revisions + 1,
        edition=later.decision.edition,
        codes_before=later.believed,
        codes_after=tuple(met),
        found=found,
        cause=cause,
    )
