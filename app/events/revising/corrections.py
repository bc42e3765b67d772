"""The use case of a correction: an event did not happen, or its type or amount was another (A52).

One transaction under the lock of the player's clock: the row is moved by the database's own function, which also sets
the clock back and records who did it; then the event and those after it are judged again.
"""

from dataclasses import dataclass, replace

from app.alerts import revisions
from app.alerts.revisions import Revision
from app.events.domain import Decision
from app.events.queries import SYSTEM, EventQueries
from app.events.revising.correction_queries import CorrectionQueries
from app.events.revising.domain import (
    MAX_CHANGED,
    AlreadyReversed,
    ChangedCodes,
    Corrected,
    Correction,
    Kind,
    NoEventToCorrect,
    NotCounted,
    NothingToAmend,
    Place,
    RecordedCorrection,
)
from app.events.revising.judging import Bounds, JudgingAgain, history_before, revise, rule_set_of
from app.events.revising.queries import Later, RevisingQueries
from app.events.services import EventServices
from app.events.system_clock import START_TIMEOUT
from app.rules.event import ActivityEvent
from app.rules.history import NO_GROUPS
from app.rules.rejudging import Judges
from lib.transactions import Transaction

Which = int | str  # the `t` of an event without an id, or an `event_id`


@dataclass(frozen=True, slots=True)
class Target:
    """The event to correct: as it stands, None if it was reversed; its last correction, None before the first."""

    place: Place
    standing: Decision | None
    last: RecordedCorrection | None


def correct(services: EventServices, user_id: int, which: Which, correction: Correction, bounds: Bounds) -> Corrected:
    """Correct an event and judge again what follows; the same correction sent again changes nothing.

    Raises `CorrectionRefused` or `TooManyInReach`, after which no trace is left, and `Unavailable`.
    """
    corrected = _corrected(services, user_id, which, correction, bounds)
    if corrected.correction.kind is Kind.REVERSAL:
        _lower_system_clock(services, corrected.correction.t)
    return corrected


def _corrected(
    services: EventServices, user_id: int, which: Which, correction: Correction, bounds: Bounds
) -> Corrected:
    with services.database.transaction(deadline=bounds.deadline, trial=True) as current:
        queries = CorrectionQueries(current)
        if bounds.read is None:
            queries.wait_long()
        queries.lock_clock(user_id)
        target = _find(current, user_id, which)
        if target.last and target.last.says(correction):
            changed = queries.changed_by(user_id, [target.last.seq], MAX_CHANGED)
            current.rollback()
            return Corrected(correction=target.last, revised=[codes for _, codes in changed], replayed=True)
        standing = _standing(user_id, target, correction)
        if not queries.is_counted(user_id, target.place):
            raise NotCounted(user_id, standing.event.ref)
        judges = services.editions.judges(current)
        corrected = _correct(current, judges, standing, correction, bounds)
        current.commit()
    return corrected


def _lower_system_clock(services: EventServices, t: int) -> None:
    """Set the system's clock back if it shows the `t` of a reversed event, whether or not it is used now.

    It takes a transaction of its own, after the correction: whoever holds this lock stops all events of that order. If
    this fails, the same reversal, sent again, comes here as well.
    """
    with services.database.transaction(deadline=START_TIMEOUT, trial=True) as current:
        events, queries = EventQueries(current), CorrectionQueries(current)
        if events.latest_moment(SYSTEM) == t:
            queries.wait_long()
            events.lock_system()
            queries.lower_system_clock(t)
            current.commit()


def _find(current: Transaction, user_id: int, which: Which) -> Target:
    """Return the event to correct; raises `NoEventToCorrect`."""
    events, queries = EventQueries(current), CorrectionQueries(current)
    if isinstance(which, str):
        standing, first = events.decision_on(user_id, which), queries.first_version_as(user_id, which)
    else:
        standing, first = events.decision_at(user_id, which), queries.first_version_at(user_id, which)
    known = standing or (first and first.first)
    if known is None:
        raise NoEventToCorrect(user_id, which)
    if known.event.event_id and known.event.event_id != which:
        raise NoEventToCorrect(user_id, which, has_id=known.event.event_id)
    place = Place(known.event.t, known.event.n)
    return Target(place, standing, queries.last_correction(user_id, place) if first else None)


def _standing(user_id: int, target: Target, correction: Correction) -> Decision:
    """Return the event as it stands; raises `AlreadyReversed` or `NothingToAmend`."""
    if target.standing is None:
        raise AlreadyReversed(user_id, target.last.event, target.last.seq)  # type: ignore[union-attr]  # else it would stand
    event = target.standing.event
    if correction.kind is Kind.AMENDMENT and _amended(event, correction) == event:
        raise NothingToAmend(user_id, event.ref, event.type, event.amount)
    return target.standing


def _amended(event: ActivityEvent, correction: Correction) -> ActivityEvent:
    return replace(event, type=correction.type or event.type, amount=correction.amount or event.amount)


def _correct(
    current: Transaction, judges: Judges, standing: Decision, correction: Correction, bounds: Bounds
) -> Corrected:
    queries, revising, old = CorrectionQueries(current), RevisingQueries(current), standing.event
    place = Place(old.t, old.n)
    count, believed = queries.believed(old.user_id, place) or (0, standing.alert_codes)
    seq = queries.correct(old.user_id, place, correction)
    history = history_before(revising, judges, old.user_id, place, bounds)
    if correction.kind is Kind.REVERSAL:
        versions: tuple[ActivityEvent, ...] = (old,)
        own = revise(Later(standing, believed, count), (), seq, history)
    else:
        amended = _amended(old, correction)
        versions = (old, amended)
        groups = revising.groups_at(old.user_id, place) if judges.furthest.groups else NO_GROUPS
        matches = rule_set_of(judges, standing.edition).evaluate(amended, history.before(amended.t, groups))
        own = revise(Later(replace(standing, event=amended), believed, count), matches, seq, history)
        history.remember(amended)
    again = JudgingAgain(judges=judges, history=history, changed=versions, cause=seq, bounds=bounds)
    made = [*filter(None, [own]), *again.revisions(revising.later(old.user_id, place))]
    revisions.store(current, made)
    [recorded] = queries.corrections(old.user_id, before=seq + 1, limit=1)
    return Corrected(correction=recorded, revised=[_changed(each) for each in made])


def _changed(revision: Revision) -> ChangedCodes:
    return ChangedCodes(event=revision.event, codes_before=revision.codes_before, codes_after=revision.codes_after)
