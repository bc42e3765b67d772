"""What must hold for a record, and what the numbers of an evaluation suggest.

Pure functions; each raises `WrongRecord`, which names the members at fault.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain

from app.interactions.domain import MAX_LINE, MAX_TEXT, Behaviour, Decided, Facts
from app.interactions.refusals import WrongRecord
from app.interactions.requests import ActionByHand, Concluding
from app.interactions.words import ActionKind, Answer, By, Channel, Verdict

CLOCKS = timedelta(minutes=5)  # by which another clock may be ahead
MAX_FOLLOW_UP = timedelta(days=90)
REVIEW_WITHIN = timedelta(hours=24)  # of an automated action, unless the platform says otherwise (A77)
CONTEST_WITHIN = timedelta(days=30)  # after the player was told
DECISION_WITHIN = timedelta(days=7)  # about a contest
MAX_ACTION = timedelta(days=3_660)
LESS, MORE = Decimal("0.75"), Decimal("1.25")  # of what was deposited before (A78)

Fault = tuple[str, str]


def check_facts(facts: Facts, now: datetime, *, needs_next_step: bool) -> None:
    """Raise `WrongRecord` unless an interaction can have been so; in review, a next step and its date are needed."""
    _refuse(
        chain(
            _faults_of(facts, now),
            _faults_of_next(facts.next_step, facts.follow_up_due_at, now, is_needed=needs_next_step),
        )
    )


def _faults_of(facts: Facts, now: datetime) -> Iterator[Fault]:
    yield from _faults_of_time("occurred_at", facts.occurred_at, now)
    if facts.channel is Channel.NONE:
        if not facts.not_contacted_reason.strip():
            yield "not_contacted_reason", "Say why the customer was not contacted."
        if facts.reached is Answer.YES:
            yield "reached", "Without contact, nobody was reached."
    elif not (facts.said.strip() or facts.template.strip()):
        yield "said", "Say what was said or written, or which template was sent."
    if facts.action_from and facts.action_until and facts.action_until <= facts.action_from:
        yield "action_until", "Must be later than the beginning."
    if not set(facts.accepted) <= set(facts.offered):
        yield "accepted", "Only what was offered can be accepted."
    for name in ("said", "prompt", "vulnerability", "not_contacted_reason"):
        yield from _faults_of_text(name, getattr(facts, name), MAX_TEXT)
    for name in ("template", "template_version"):
        yield from _faults_of_text(name, getattr(facts, name), MAX_LINE)


def _faults_of_next(next_step: str, due: datetime | None, now: datetime, *, is_needed: bool) -> Iterator[Fault]:
    yield from _faults_of_text("next_step", next_step, MAX_TEXT)
    if is_needed and not next_step.strip():
        yield "next_step", "Say what comes next."
    if is_needed and (due is None or due <= now):
        yield "follow_up_due_at", "Choose when to look at the case again."
    if due and due > now + MAX_FOLLOW_UP:
        yield "follow_up_due_at", f"Must be within {MAX_FOLLOW_UP.days} days."


def check_decided(decided: Decided, now: datetime) -> None:
    """Raise `WrongRecord` unless an action can have been decided so."""
    _refuse(_faults_of_decided(decided, now))


def _faults_of_decided(decided: Decided, now: datetime) -> Iterator[Fault]:
    yield from _faults_of_time("decided_at", decided.decided_at, now)
    if not decided.reason.strip():
        yield "reason", "Say why."
    yield from _faults_of_text("reason", decided.reason, MAX_TEXT)
    is_limit = decided.kind is ActionKind.DEPOSIT_LIMIT
    if is_limit and decided.amount is None:
        yield "amount", "Enter the limit."
    if is_limit and decided.period is None:
        yield "period", "Choose what the limit is for."
    if not is_limit and (decided.amount is not None or decided.period is not None):
        yield "amount", "Only a deposit limit has an amount and a period."
    if decided.action_until and not decided.decided_at < decided.action_until <= now + MAX_ACTION:
        yield "action_until", "Must be later than the decision, and within ten years."
    if decided.review_due_at and decided.by is By.STAFF:
        yield "review_due_at", "An action that a person decided needs no review."
    if decided.review_due_at and not decided.decided_at < decided.review_due_at <= now + MAX_FOLLOW_UP:
        yield "review_due_at", f"Must be later than the decision, and within {MAX_FOLLOW_UP.days} days."


def check_step(happened_at: datetime, text: str, now: datetime, *, needs_text: bool) -> None:
    """Raise `WrongRecord` unless an action can have taken a step so."""
    faults = [*_faults_of_time("happened_at", happened_at, now), *_faults_of_text("text", text, MAX_TEXT)]
    if needs_text and not text.strip():
        faults.append(("text", "Enter a text."))
    _refuse(faults)


def check_by_hand(by_hand: ActionByHand, now: datetime, *, needs_next_step: bool) -> None:
    """Raise `WrongRecord` unless it is clear what comes after an action; in review, that is needed."""
    faults = _faults_of_next(by_hand.next_step, by_hand.follow_up_due_at, now, is_needed=needs_next_step)
    _refuse(faults)


def check_concluding(concluding: Concluding) -> None:
    """Raise `WrongRecord` unless it is said why an evaluation ends so."""
    _refuse(_faults_of_concluding(concluding))


def _faults_of_concluding(concluding: Concluding) -> Iterator[Fault]:
    if not concluding.reason.strip():
        yield "reason", "Say why."
    for name in ("reason", "further_action"):
        yield from _faults_of_text(name, getattr(concluding, name), MAX_TEXT)


def check_texts(**texts: str) -> None:
    """Raise `WrongRecord` for a text that is too long."""
    _refuse(fault for name, text in texts.items() for fault in _faults_of_text(name, text, MAX_TEXT))


def review_due(decided: Decided) -> datetime | None:
    """Return by when a person must review an action; None if a person decided it."""
    return None if decided.by is By.STAFF else decided.review_due_at or decided.decided_at + REVIEW_WITHIN


def counts_as_contact(facts: Facts, by: By) -> bool:
    """Return whether a strong case may be closed because of this interaction (A76)."""
    return by is By.STAFF and facts.channel is not Channel.NONE and facts.reached is not Answer.NO


def propose(before: Behaviour, after: Behaviour, *, is_over: bool) -> Verdict:
    """Return what the sums of deposits in two windows of equal length suggest; a person decides (A78)."""
    if not is_over:
        return Verdict.TOO_EARLY
    was, is_now = _deposited(before), _deposited(after)
    if not is_now:
        return Verdict.STOPPED if was else Verdict.UNCHANGED
    if is_now >= was * MORE:
        return Verdict.WORSE
    return Verdict.IMPROVED if is_now <= was * LESS else Verdict.UNCHANGED


def _deposited(behaviour: Behaviour) -> Decimal:
    return Decimal(behaviour["windows"][0]["deposited"])


def _faults_of_time(name: str, at: datetime, now: datetime) -> Iterator[Fault]:
    if at > now + CLOCKS:
        yield name, "Must not be in the future."


def _faults_of_text(name: str, text: str, longest: int) -> Iterator[Fault]:
    if len(text) > longest:
        yield name, f"Use at most {longest:,} characters."


def _refuse(faults: Iterable[Fault]) -> None:
    errors: dict[str, list[str]] = {}
    for name, fault in faults:
        errors.setdefault(name, []).append(fault)
    if errors:
        raise WrongRecord(errors)
