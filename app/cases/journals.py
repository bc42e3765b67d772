"""Whether a case's journal explains the case: each step is allowed after the one before, and the last is the case."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from app.cases.domain import Case, CaseEvent, Status, Step

OPEN = (Status.NEW, Status.IN_REVIEW, Status.MONITORING)
STAYS = {(status, status) for status in Status}
HELD = {(Status.NEW, Status.IN_REVIEW), (Status.IN_REVIEW, Status.IN_REVIEW), (Status.MONITORING, Status.MONITORING)}
BACK = (Status.MONITORING, Status.IN_REVIEW)
# From which state to which a step leads.
LEADS: Mapping[Step, set[tuple[Status, Status]]] = {
    Step.OPENED: set(),
    Step.ALERTS: STAYS | {BACK},
    Step.TAKEN: HELD,
    Step.ASSIGNED: HELD,
    Step.RELEASED: {(Status.IN_REVIEW, Status.NEW)},
    Step.SNOOZED: {(Status.NEW, Status.NEW), (Status.IN_REVIEW, Status.IN_REVIEW)},
    Step.WOKEN: {(Status.NEW, Status.NEW), (Status.IN_REVIEW, Status.IN_REVIEW)},
    Step.WAITING: {(Status.IN_REVIEW, Status.MONITORING)},
    Step.RETURNED: {BACK},
    Step.CLOSED: {(Status.IN_REVIEW, Status.CLOSED), (Status.MONITORING, Status.CLOSED)},
    Step.UNDONE: {(Status.CLOSED, Status.IN_REVIEW)},
    Step.NOTED: STAYS,
    Step.MUTED: STAYS,
    Step.UNMUTED: STAYS,
    Step.INTERACTION: STAYS,
    Step.ACTION: STAYS,
    Step.EVALUATED: STAYS,
}
# Which steps may change what, besides the state.
CHANGES = {
    "alert_count": {Step.ALERTS},
    "assignee": {Step.TAKEN, Step.ASSIGNED, Step.RELEASED},
    "priority": {Step.ALERTS, Step.RETURNED},
    "outcome": {Step.CLOSED, Step.UNDONE},
    "due_at": {Step.ALERTS, Step.WOKEN, Step.WAITING, Step.RETURNED, Step.INTERACTION, Step.ACTION},
    "snoozed_until": {*Step} - {Step.OPENED, Step.NOTED, Step.MUTED, Step.UNMUTED},
    "version": {*Step} - {Step.OPENED, Step.NOTED, Step.MUTED, Step.UNMUTED},
}
COMPARED = ("status", *CHANGES)


def faults(case: Case, events: Sequence[CaseEvent]) -> Iterator[str]:
    """Yield what the journal of a case, in its order, does not explain."""
    if [event.seq for event in events] != [*range(1, case.events + 1)]:
        yield f"its journal has {len(events)} steps instead of {case.events}, or not their numbers"
        return
    if not events or events[0].step is not Step.OPENED or events[0].status is not Status.NEW:
        yield "its journal does not begin with the opening"
        return
    for before, event in pairwise(events):
        yield from _faults_of_step(before, event)
    for name in COMPARED:
        if getattr(events[-1], name) != getattr(case, name):
            yield f"its {name} is not that of its last step"


def _faults_of_step(before: CaseEvent, event: CaseEvent) -> Iterator[str]:
    if (before.status, event.status) not in LEADS[event.step]:
        yield f"step {event.seq} ({event.step.value}) leads from {before.status.value} to {event.status.value}"
    for name, may in CHANGES.items():
        if getattr(before, name) != getattr(event, name) and event.step not in may:
            yield f"step {event.seq} ({event.step.value}) changes {name}"
    if event.priority > before.priority:
        yield f"step {event.seq} ({event.step.value}) makes the case less urgent"
    if event.alert_count < before.alert_count:
        yield f"step {event.seq} ({event.step.value}) takes alerts away"
    if event.version - before.version not in {0, 1}:
        yield f"step {event.seq} ({event.step.value}) skips versions"
    if (event.outcome is not None) != (event.status is Status.CLOSED):
        yield f"step {event.seq} ({event.step.value}) has an outcome without a closing, or the other way round"
