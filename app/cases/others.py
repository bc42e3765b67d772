"""The use cases around a case: bulk steps, mutes, drafts, presence, saved views."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.cases import arrivals
from app.cases.alert_queries import MuteQueries
from app.cases.arrivals import Mute, MuteEnd
from app.cases.desk_queries import DeskQueries
from app.cases.domain import MAX_NOTE, Case, Change
from app.cases.refusals import CannotMute, CaseRefusal, NoSuchView, PersonNeeded, TextNeeded, TooMany
from app.cases.requests import MAX_BULK, MAX_VIEWS, BulkResult, CaseRef, Present, SavedView
from app.cases.services import CaseServices
from app.cases.stepping import existing, take_step
from app.staff.permissions import Actor, Permission
from lib.database_errors import Unavailable
from lib.transactions import Transaction

MAX_NAME = 100  # characters of a saved view's name
BUSY = "the case is busy at the moment: try again"


def in_bulk(refs: Sequence[CaseRef], step: Callable[[CaseRef], Case]) -> list[BulkResult]:
    """Take one step with each of these cases and no other, each in its own transaction; return a result for each.

    `step` is a use case, such as `lambda ref: take(services, actor, ref)`. Each form sent is one step a case: the refs
    have `form_of(form, case_id)`. Raises `TooMany`, and `NotPermitted` at once.
    """
    if len(refs) > MAX_BULK:
        raise TooMany(f"{len(refs)} cases are selected; {MAX_BULK} is the maximum")
    return [_one_of_many(ref, step) for ref in refs]


def form_of(form: str, case_id: int) -> str:
    """Return the id under which a form about many cases is remembered for one of them."""
    return f"{form}:{case_id}"


def _one_of_many(ref: CaseRef, step: Callable[[CaseRef], Case]) -> BulkResult:
    try:
        return BulkResult(case_id=ref.case_id, case=step(ref))
    except CaseRefusal as error:
        return BulkResult(case_id=ref.case_id, case=None, refusal=str(error))
    except Unavailable:
        return BulkResult(case_id=ref.case_id, case=None, refusal=BUSY)


def mute(  # noqa: PLR0913  # each is asked for in the form
    services: CaseServices, actor: Actor, ref: CaseRef, *, code: int, until: datetime, reason: str
) -> Case:
    """Let alerts of a code open no case of this player until a time; raises `CannotMute`, `WrongTime`, `TextNeeded`."""
    actor.require(Permission.CASES_WORK)

    def decide(current: Transaction, case: Case, now: datetime) -> Change:
        queries = MuteQueries(current)
        made = Mute(
            id=0,
            case_id=case.id,
            user_id=case.user_id,
            code=code,
            until=until,
            reason=reason.strip(),
            value=queries.newest_value(case.id, code),
            made_by=actor.name,
            made_at=now,
        )
        change = arrivals.mute(case, made, now)
        queries.add(made)
        return change

    return take_step(services, actor, ref, decide)


def unmute(services: CaseServices, actor: Actor, ref: CaseRef, *, code: int) -> Case:
    """Lift a mute; raises `CannotMute` if there is none."""
    actor.require(Permission.CASES_WORK)

    def decide(current: Transaction, case: Case, now: datetime) -> Change:
        queries = MuteQueries(current)
        of_player = queries.in_force([case.user_id], now).get(case.user_id, ())
        lifted = next((each for each in of_player if each.code == code), None)
        if lifted is None:
            raise CannotMute(f"code {code} of customer {case.user_id} is not muted")
        queries.end({lifted.id: MuteEnd.LIFTED}, now)
        return arrivals.unmute(case, lifted)

    return take_step(services, actor, ref, decide)


def keep_draft(services: CaseServices, actor: Actor, case_id: int, text: str) -> None:
    """Keep what somebody is writing about a case; an empty text forgets it. Raises `NoSuchCase` or `TextNeeded`."""
    actor.require(Permission.CASES_WORK)
    staff_id = _person(actor)
    if len(text) > MAX_NOTE:
        raise TextNeeded(f"the text has {len(text):,} characters; {MAX_NOTE:,} is the maximum", "note")
    with services.database.transaction() as current:
        existing(current, case_id, lock=False)
        if text.strip():
            DeskQueries(current).keep_draft(case_id, staff_id, text)
        else:
            DeskQueries(current).drop_draft(case_id, staff_id)
        current.commit()


def pulse(services: CaseServices, actor: Actor, case_id: int) -> list[Present]:
    """Note that somebody has a case before them, and return who else has; a page asks each 15 s."""
    actor.require(Permission.CASES_READ)
    staff_id = _person(actor)
    with services.database.transaction() as current:
        desks = DeskQueries(current)
        existing(current, case_id, lock=False)
        desks.be_present(case_id, staff_id)
        others = desks.present(case_id, but=staff_id)
        current.commit()
    return others


def saved_views(services: CaseServices, actor: Actor) -> list[SavedView]:
    """Return the lists that this person has saved, by name."""
    actor.require(Permission.CASES_READ)
    with services.database.transaction(trial=True) as current:
        return DeskQueries(current).views(_person(actor))


def save_view(services: CaseServices, actor: Actor, name: str, query: Mapping[str, Any]) -> SavedView:
    """Save a list under a name, in place of the one that had it; raises `TextNeeded` or `TooMany`."""
    actor.require(Permission.CASES_READ)
    staff_id, name = _person(actor), name.strip()
    if not 0 < len(name) <= MAX_NAME:
        raise TextNeeded(f"enter a name of 1 to {MAX_NAME} characters", "name")
    with services.database.transaction() as current:
        desks = DeskQueries(current)
        names = {each.name for each in desks.views(staff_id)} | {name}
        if len(names) > MAX_VIEWS:
            raise TooMany(f"you have {MAX_VIEWS} saved lists, which is the maximum: delete one first")
        saved = desks.save_view(staff_id, name, query)
        current.commit()
    return saved


def delete_view(services: CaseServices, actor: Actor, view_id: int) -> None:
    """Delete a list that this person has saved; raises `NoSuchView`."""
    actor.require(Permission.CASES_READ)
    with services.database.transaction() as current:
        if not DeskQueries(current).delete_view(_person(actor), view_id):
            raise NoSuchView(view_id)
        current.commit()


def _person(actor: Actor) -> int:
    if actor.staff_id is None:
        raise PersonNeeded
    return actor.staff_id
