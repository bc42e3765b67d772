"""One case: why it is there, what was done, and the steps that may be taken."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, request
from marshmallow import ValidationError
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from app.cases import controllers, others, reading, steps
from app.cases.domain import Case
from app.cases.refusals import CaseMoved, CaseRefusal, NoSuchCase
from app.cases.requests import CaseRef, Closing, QueueQuery, Tab
from app.cases.services import CaseServices
from app.console.answers import go_to, new_form, page
from app.console.entrance import console, form, form_key, made, polled, session
from app.console.errors import refused, sentence
from app.console.forms import Form
from app.console.pages import case_forms, case_records, case_words, record_words
from app.console.pages.case_forms import CaseForm
from app.console.pages.record_forms import FOLLOW_UP_DAYS
from app.console.pages.record_values import by_field, read
from app.console.pages.trails import CASES, trail_in
from app.interactions.refusals import WrongRecord
from app.staff.controllers import colleagues
from app.staff.permissions import Actor, Permission

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PageStep:
    """A step of the page: its form, the use case, and what is said when it is done."""

    schema: type[CaseForm]
    take: Callable[[CaseServices, Actor, CaseRef, Values], Case]
    said: str


def in_days(days: int) -> datetime:
    """Return the time so many days from now."""
    return datetime.now(UTC) + timedelta(days=days)


def close(services: CaseServices, actor: Actor, ref: CaseRef, given: Values) -> Case:
    """Close a case as its form says."""
    closing = Closing(
        outcome=given["outcome"],
        reason=given["reason"],
        alerts=given["alerts"],
        why_no_interaction=given["why_no_interaction"],
    )
    return controllers.close(services, actor, ref, closing)


STEPS = {
    "take": PageStep(CaseForm, lambda s, a, ref, _: controllers.take(s, a, ref), "Case {id} is yours."),
    "release": PageStep(
        CaseForm, lambda s, a, ref, _: controllers.release(s, a, ref), "Case {id} is back in the queue."
    ),
    "wake": PageStep(CaseForm, lambda s, a, ref, _: controllers.wake(s, a, ref), "Case {id} is no longer snoozed."),
    "undo": PageStep(CaseForm, lambda s, a, ref, _: controllers.undo_close(s, a, ref), "Case {id} is open again."),
    "close": PageStep(case_forms.CloseForm, close, "Case {id} is closed."),
    "assign": PageStep(
        case_forms.AssignForm,
        lambda s, a, ref, given: controllers.assign(s, a, ref, given["to"]),
        "Case {id} is assigned to {to}.",
    ),
    "snooze": PageStep(
        case_forms.SnoozeForm,
        lambda s, a, ref, given: controllers.snooze(s, a, ref, until=in_days(given["days"]), reason=given["reason"]),
        "Case {id} is snoozed. A new alert ends the snooze early.",
    ),
    "wait": PageStep(
        case_forms.WaitForm,
        lambda s, a, ref, given: controllers.wait_for_effect(
            s, a, ref, evaluate_at=in_days(given["days"]), note=given["note"]
        ),
        "Case {id} is being monitored.",
    ),
    "note": PageStep(
        case_forms.NoteForm,
        lambda s, a, ref, given: controllers.note(s, a, ref, given["note"]),
        "The note is added.",
    ),
    "mute": PageStep(
        case_forms.MuteForm,
        lambda s, a, ref, given: others.mute(
            s, a, ref, code=given["code"], until=in_days(given["days"]), reason=given["reason"]
        ),
        "The code is muted for this customer.",
    ),
    "unmute": PageStep(
        case_forms.UnmuteForm,
        lambda s, a, ref, given: others.unmute(s, a, ref, code=given["code"]),
        "The mute is ended.",
    ),
    **{
        name: PageStep(schema, lambda _, actor, ref, given, take=take: take(actor, ref, given), said)  # type: ignore[misc]
        for name, (schema, take, said) in case_records.RECORDING.items()
    },
}
TEXTS = ("note", "reason", "said", "next_step")  # what somebody may have written at length


@console.get(f"{CASES}/<int:case_id>")
def show_case(case_id: int) -> Response:
    """Show a case."""
    return case_page(case_id)


def case_page(case_id: int, wrong: Form | None = None, open_step: str = "", *, status: int = 200) -> Response:
    """Return the page of a case; `wrong` is a form that was refused, of the step `open_step`."""
    services, own = made().cases, session()
    actor = own.actor
    shown = reading.case_page(services, actor, case_id)
    records = case_records.records_of(actor, case_id)
    trail = trail_in(request.args)
    forms = {step: new_form(f"{CASES}/{case_id}/{step}{trail.query}", prefix=step) for step in STEPS}
    leads = steps.leads(actor)
    return page(
        "console/case.html.j2",
        status=status,
        form=wrong,
        shown=shown,
        case=shown.case,
        now=shown.now,
        forms={**forms, **({open_step: wrong} if wrong else {})},
        open_step=open_step,
        words=case_words,
        back=trail.back(case_id),
        beside=trail.beside(case_id),
        t_is_unix=made().t_is_unix,
        codes=[(code, code) for code in shown.case.codes],
        me=own.account.id,
        may_work=actor.may(Permission.CASES_WORK),
        may_record=actor.may(Permission.INTERACTIONS_WRITE),
        records=records,
        has_contact=case_records.has_contact(records),
        attempt=case_records.next_attempt(records),
        record_words=record_words,
        follow_up_days=days_of(FOLLOW_UP_DAYS, max(FOLLOW_UP_DAYS)),
        may_see_customers=actor.may(Permission.CUSTOMERS_READ),
        may_assign=actor.may(Permission.CASES_ASSIGN),
        may_undo=may_undo(shown.case, actor, shown.now),
        people=[(each.id, each.shown) for each in colleagues(made().staff.database, actor)]
        if actor.may(Permission.CASES_ASSIGN)
        else (),
        snooze_days=days_of(case_forms.SNOOZE_DAYS, 30 if leads else 7),
        wait_days=days_of(case_forms.WAIT_DAYS, 90),
        mute_days=days_of(case_forms.MUTE_DAYS, 90),
        pulse=f"{CASES}/{case_id}/presence",
        draft=f"{CASES}/{case_id}/draft",
    )


def may_undo(case: Case, actor: Actor, now: datetime) -> bool:
    """Return whether a closing can still be taken back by this person."""
    try:
        steps.undo(case, actor, now)
    except CaseRefusal:
        return False
    return True


def days_of(choices: tuple[int, ...], longest: int) -> list[tuple[int, str]]:
    """Return numbers of days for a list."""
    return [(days, f"{days} {'day' if days == 1 else 'days'}") for days in choices if days <= longest]


@console.post(f"{CASES}/<int:case_id>/<step>")
def take_case_step(case_id: int, step: str) -> AnyResponse:
    """Take a step with a case; what was typed is never lost if it is refused."""
    if (wanted := STEPS.get(step)) is None:
        raise NotFound
    typed, services, actor = form(), made().cases, session().actor
    kept = new_form(f"{CASES}/{case_id}/{step}{trail_in(request.args).query}", prefix=step, values=typed)
    try:
        given = read(wanted.schema, typed)
        ref = CaseRef(case_id=case_id, version=given["version"], form=form_key(f"{case_id} {step}"))
        wanted.take(services, actor, ref, given)
    except ValidationError as error:
        messages = error.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow's gap
        return case_page(case_id, with_errors(kept, messages), step, status=400)
    except NoSuchCase:
        raise
    except WrongRecord as error:
        return case_page(case_id, with_errors(kept, by_field(error)), step, status=400)
    except CaseMoved as error:
        if step in case_records.RECORDING:  # a form with many fields stays open, with all that was typed
            again = sentence(f"{error}: look at what happened, then send this again")
            return case_page(case_id, with_errors(kept, {"_schema": [again]}), step, status=409)
        return moved_page(error, "\n\n".join(filter(None, map(typed.get, TEXTS))))
    except CaseRefusal as error:
        return case_page(case_id, with_errors(kept, refused(error)), step, status=409)
    return after_step(case_id, step, wanted.said.format(id=case_id, to=assignee_name(given.get("to"))))


def assignee_name(account_id: int | None) -> str:
    """Return the name of whom a case was given to."""
    if account_id is None:
        return ""
    people = colleagues(made().staff.database, session().actor)
    return next((each.shown for each in people if each.id == account_id), f"account {account_id}")


def with_errors(kept: Form, errors: dict[str, Any]) -> Form:
    """Return a form as it was typed, with what is wrong; it may be sent again."""
    return Form(action=kept.action, csrf=kept.csrf, values=kept.values, errors=errors, prefix=kept.prefix)


def moved_page(error: CaseMoved, text: str) -> Response:
    """Return the page that says what happened meanwhile, with what was typed."""
    return page(
        "console/case_moved.html.j2",
        status=409,
        code=409,
        shown=409,
        what=f"Case {error.case.id} has changed since you looked at it.",
        links=[(trail_in(request.args).to(error.case.id), f"Look at case {error.case.id}")],
        request_id="",
        meanwhile=error.meanwhile,
        typed=text,
        words=case_words,
    )


def after_step(case_id: int, step: str, said: str) -> AnyResponse:
    """Return the way on: after a closing the next of one's own cases, with the way to undo it."""
    trail = trail_in(request.args)
    if step != "close":
        return go_to(trail.to(case_id), said)
    own = reading.queue(made().cases, session().actor, QueueQuery(tab=Tab.MINE, limit=1)).rows
    way_on = trail.to(own[0].id) if own else trail.address or CASES
    return go_to(way_on, said, link=(f"{CASES}/{case_id}/undo", "Undo"), is_step=True)


@console.post(f"{CASES}/<int:case_id>/draft")
def keep_draft(case_id: int) -> tuple[str, int]:
    """Keep what somebody is writing."""
    others.keep_draft(made().cases, session().actor, case_id, form().get("text", ""))
    return "", 204


@console.post(f"{CASES}/<int:case_id>/presence")
@polled
def pulse(case_id: int) -> dict[str, str]:
    """Note that somebody has the case before them, and say who else has."""
    names = [each.name for each in others.pulse(made().cases, session().actor, case_id)]
    if not names:
        return {"text": ""}
    return {"text": f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'} this case open, too."}
