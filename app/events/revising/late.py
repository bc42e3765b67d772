"""The use case of a late event: stored in its place, judged by what lies before it, and later events again (A51)."""

from dataclasses import dataclass
from itertools import chain

from app.alerts import revisions
from app.alerts.domain import Changes
from app.alerts.outbox import Outbox
from app.alerts.queries import AlertQueries
from app.events.domain import Decision, TooLate
from app.events.queries import EventQueries
from app.events.recording import Record
from app.events.revising.domain import Place
from app.events.revising.identity import placed
from app.events.revising.judging import Bounds, JudgingAgain, history_before
from app.events.revising.queries import RevisingQueries
from app.players.domain import UNSEEN, GroupsSeen
from app.players.queries import PlayerQueries
from app.rulebook.edition_book import EditionBook
from app.rules.engine import Evaluator
from app.rules.event import ActivityEvent
from lib.transactions import Transaction

BOUNDS = Bounds(todo="it comes too late to be stored")


@dataclass(frozen=True, slots=True, kw_only=True)
class LateEvents:
    """Keeps late events: `horizon` is by how many seconds they may be below the player's latest."""

    book: EditionBook
    horizon: int


def keep_late_event(
    current: Transaction, late: LateEvents, evaluator: Evaluator, event: ActivityEvent, key_id: int | None
) -> tuple[Decision, Changes]:
    """Store an event below the player's latest, whose clock is locked; commit nothing.

    Also returns which codes of later events changed. Raises `TooLate`, `FullSecond` or `TooManyInReach`.
    """
    revising = RevisingQueries(current)
    last_t, seq = revising.count_late(event.user_id)
    if event.t < last_t - late.horizon:
        raise TooLate(event.user_id, event.t, last_t, late.horizon)
    event = placed(event, revising.next_place(event))
    place = Place(event.t, event.n)
    judges = late.book.judges(current, evaluator.rule_sets)
    history = history_before(revising, judges, event.user_id, place, BOUNDS)
    seen = _groups_now(current, evaluator, event.user_id)
    (live, matches), *shadow = [
        (rule_set, rule_set.evaluate(event, history.before(event.t, seen.labels))) for rule_set in evaluator.rule_sets
    ]
    decision = Decision(
        event=event, alert_codes=tuple(match.code for match in matches), edition=live.edition, taken_after=last_t
    )
    revising.store_late(decision, seq, key_id, seen.version)
    record = Record(EventQueries(current), AlertQueries(current), event)
    for rule_set, met in chain([(live, matches)], shadow):
        record.keep(rule_set, met)
    if matches:
        Outbox(current).note_raised((event.user_id, event.t, event.n))
    history.remember(event)
    again = JudgingAgain(judges=judges, history=history, changed=(event,), cause=seq, bounds=BOUNDS)
    return decision, revisions.store(current, again.revisions(revising.later(event.user_id, place)))


def _groups_now(current: Transaction, evaluator: Evaluator, user_id: int) -> GroupsSeen:
    """Return the player's present groups if rules in force are for groups: a late event is judged with these."""
    if any(needs.groups for needs in evaluator.needs.values()):
        return PlayerQueries(current).groups_now([user_id])[user_id]
    return UNSEEN
