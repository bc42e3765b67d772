"""The file of one customer as lines, whatever they are about: what the printed file and the CSV are made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from app.alerts.domain import StoredAlert
from app.cases.domain import Case, CaseEvent
from app.customers.domain import Contact, Person
from app.customers.ranges import is_time_of_day
from app.events.reading.domain import StoredDecision
from app.events.revising.domain import RecordedCorrection
from app.players.domain import PlayerChange
from app.rules.event import EventType
from app.rules.wording import NOUNS


class LineKind(StrEnum):
    """What a line is about; the parts of a file, in this order."""

    REGISTER = "register"
    CASE = "case"
    STEP = "step"
    INTERACTION = "interaction"
    ALERT = "alert"
    SHADOW = "shadow-alert"
    CORRECTION = "correction"
    EVENT = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line: `at` when it happened, None where `t` is no time of day; `recorded_at` when this service stored it."""

    kind: LineKind
    at: datetime | None = None
    recorded_at: datetime | None = None
    t: int | None = None
    n: int | None = None
    event_id: str | None = None
    what: str
    amount: Decimal | None = None
    codes: Sequence[int] = ()
    edition: int | None = None
    case: int | None = None
    by: str = ""
    text: str = ""


def of_person(person: Person) -> Iterator[Line]:
    """Yield what the register says now."""
    if (known := person.registered) is not None:
        text = ", ".join((known.email, *known.groups))
        yield Line(kind=LineKind.REGISTER, at=known.since, recorded_at=known.since, what=known.name, text=text)


def of_change(change: PlayerChange) -> Line:
    """Return a change of the register."""
    before, after = (", ".join((each.name, each.email, *sorted(each.groups))) for each in (change.before, change.after))
    return Line(
        kind=LineKind.REGISTER,
        at=change.changed_at,
        recorded_at=change.changed_at,
        what="changed",
        by=change.changed_by,
        text=f"{before} became {after}",
    )


def of_case(case: Case) -> Line:
    """Return a case as it is."""
    return Line(
        kind=LineKind.CASE,
        at=case.opened_at,
        recorded_at=case.opened_at,
        what=case.outcome.value if case.outcome else case.status.value,
        codes=case.codes,
        case=case.id,
        text=case.sentence,
    )


def of_step(step: CaseEvent) -> Line:
    """Return a step of a case."""
    why = step.detail.get("why_no_interaction", "")
    return Line(
        kind=LineKind.STEP,
        at=step.at,
        recorded_at=step.at,
        what=f"{step.step.value}, {step.outcome.value}" if step.outcome else step.step.value,
        case=step.case_id,
        by=step.who,
        text="\n".join(filter(None, (step.note, f"no interaction: {why}" if why else ""))),
    )


def of_contact(contact: Contact) -> Line:
    """Return an interaction."""
    return Line(kind=LineKind.INTERACTION, at=contact.at, what=contact.title, by=contact.by, text=contact.detail)


def of_alert(alert: StoredAlert, *, is_clock: bool) -> Line:
    """Return an alert."""
    state = "retracted" if alert.retracted_at else "found late" if alert.found_late_at else "raised"
    return Line(
        kind=LineKind.SHADOW if alert.shadow else LineKind.ALERT,
        at=moment(alert.t, is_clock=is_clock),
        recorded_at=alert.retracted_at or alert.found_late_at,
        t=alert.t,
        n=alert.n,
        event_id=alert.event_id,
        what=state,
        codes=(alert.code,),
        edition=alert.edition,
        text=alert.evidence.sentence,
    )


def of_correction(correction: RecordedCorrection, *, is_clock: bool) -> Line:
    """Return a correction of an event; `at` is when the event was."""
    before, after = correction.before, correction.after
    became = f"became {_said(*after)}" if after else "did not happen"
    return Line(
        kind=LineKind.CORRECTION,
        at=moment(correction.t, is_clock=is_clock),
        recorded_at=correction.at,
        t=correction.t,
        n=correction.n,
        event_id=correction.event_id,
        what=correction.kind.value,
        amount=correction.amount,
        by=correction.actor,
        text=f"{_said(*before)} {became}: {correction.reason}",
    )


def of_event(stored: StoredDecision, *, is_clock: bool) -> Line:
    """Return an event as it is believed to have happened."""
    event = stored.decision.event
    remarks = ("late" if stored.decision.late else "", "amended" if stored.amended else "")
    return Line(
        kind=LineKind.EVENT,
        at=moment(event.t, is_clock=is_clock),
        recorded_at=stored.received_at,
        t=event.t,
        n=event.n,
        event_id=event.event_id,
        what=NOUNS[event.type],
        amount=event.amount,
        codes=stored.believed_codes,
        edition=stored.decision.edition,
        text=", ".join(filter(None, remarks)),
    )


def moment(t: int, *, is_clock: bool) -> datetime | None:
    """Return the time of day of a `t`, None where it is only a number."""
    return datetime.fromtimestamp(t, UTC) if is_clock and is_time_of_day(t) else None


def _said(kind: EventType, amount: Decimal) -> str:
    return f"{NOUNS[kind]} {amount:.2f}"
