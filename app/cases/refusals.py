"""Why a step with a case may be refused; each text is one sentence for the person who took it."""

from collections.abc import Sequence

from app.cases.domain import Case, CaseEvent, Status, Step

STATES = {
    Status.NEW: "new",
    Status.IN_REVIEW: "in review",
    Status.MONITORING: "monitored",
    Status.CLOSED: "closed",
}
PARTICIPLES = {
    Step.TAKEN: "taken",
    Step.ASSIGNED: "assigned",
    Step.RELEASED: "returned to the queue",
    Step.SNOOZED: "snoozed",
    Step.WOKEN: "woken",
    Step.WAITING: "monitored",
    Step.CLOSED: "closed",
    Step.UNDONE: "opened again",
    Step.RETURNED: "returned to review",
    Step.MUTED: "muted",
    Step.INTERACTION: "given an interaction",
    Step.ACTION: "given an action",
}


class CaseRefusal(Exception):
    """A step with a case is refused; nothing has changed. `field` is what is wrong of what was given, "" if nothing."""

    field = ""


class NoSuchCase(CaseRefusal):
    """There is no such case."""

    def __init__(self, case_id: int) -> None:
        super().__init__(f"there is no case {case_id}")


class WrongState(CaseRefusal):
    """The case is in a state in which this step does not exist."""

    def __init__(self, case: Case, step: Step, hint: str = "") -> None:
        super().__init__(f"case {case.id} is {STATES[case.status]}, so it cannot be {PARTICIPLES[step]}{hint}")


class CaseMoved(CaseRefusal):
    """Others have taken steps, or more alerts have come, since this person looked; `meanwhile` says what happened."""

    def __init__(self, case: Case, meanwhile: Sequence[CaseEvent]) -> None:
        steps = ", ".join(f"{event.who}: {event.step.value}" for event in meanwhile)
        super().__init__(f"case {case.id} has changed since you looked at it" + (f" ({steps})" if steps else ""))
        self.case = case
        self.meanwhile = meanwhile


class HeldByAnother(CaseRefusal):
    """Somebody else works on the case."""

    def __init__(self, case: Case) -> None:
        super().__init__(f"somebody else works on case {case.id}: a lead can assign it to you")


class NotSnoozed(CaseRefusal):
    """The case is not snoozed, so nothing is to be woken."""

    def __init__(self, case: Case) -> None:
        super().__init__(f"case {case.id} is not snoozed")


class WrongTime(CaseRefusal):
    """The time is not after now, or later than allowed."""

    field = "days"


class TextNeeded(CaseRefusal):
    """A reason, a note or another text is missing, or too long; `field` says which."""

    def __init__(self, text: str, field: str = "reason") -> None:
        super().__init__(text)
        self.field = field


class LeadNeeded(CaseRefusal):
    """Only a lead may do this."""


class ActionsOpen(CaseRefusal):
    """Automated actions of the case wait for a person, so it cannot be closed."""

    def __init__(self, case: Case, actions: Sequence[int]) -> None:
        which = f"action {actions[0]} waits" if len(actions) == 1 else f"actions {', '.join(map(str, actions))} wait"
        super().__init__(f"case {case.id} cannot be closed: its {which} for the review of a lead")


class TooLateToUndo(CaseRefusal):
    """A closing cannot be undone any more, or not by this person."""


class CaseIsOpen(CaseRefusal):
    """The player has an open case already; `case_id` is that one."""

    def __init__(self, user_id: int, case_id: int) -> None:
        super().__init__(f"customer {user_id} already has an open case, {case_id}: only one may be open")
        self.case_id = case_id


class PersonNeeded(CaseRefusal):
    """The step makes somebody responsible, so it takes a person who has signed in."""

    def __init__(self) -> None:
        super().__init__("only a person who has signed in can do this")


class CannotWorkOnCases(CaseRefusal):
    """The case cannot be assigned to this person."""

    def __init__(self, staff_id: int) -> None:
        super().__init__(
            f"account {staff_id} cannot be assigned a case: it is not active, or its roles lack cases:work"
        )


class CannotMute(CaseRefusal):
    """The code cannot be muted, or is not muted."""


class NoSuchView(CaseRefusal):
    """This person has saved no such view."""

    def __init__(self, view_id: int) -> None:
        super().__init__(f"you have no saved list {view_id}")


class TooMany(CaseRefusal):
    """More than one request may name or keep."""


class WrongCursor(CaseRefusal):
    """The place in a list where a page is to begin was not made by this list."""

    def __init__(self) -> None:
        super().__init__("the list cannot continue from here: start again at its first page")
