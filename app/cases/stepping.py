"""How a step with a case is taken: in one transaction that locks it, once for each form, and by nobody who is stale."""

from collections.abc import Callable
from datetime import datetime

from psycopg2.errors import UniqueViolation

from app.cases.announcing import news_of
from app.cases.domain import Case, Change, Step
from app.cases.queries import CaseQueries, JournalQueries
from app.cases.refusals import CaseIsOpen, CaseMoved, NoSuchCase
from app.cases.requests import CaseRef
from app.cases.services import CaseServices
from app.staff.permissions import Actor
from lib.transactions import Transaction

Decide = Callable[[Transaction, Case, datetime], Change]
TOLD = frozenset({Step.OPENED, Step.CLOSED, Step.UNDONE})  # steps that others are told of


def take_step(services: CaseServices, actor: Actor, ref: CaseRef, decide: Decide) -> Case:
    """Take a step with a case, and return the case after it; if the form was sent before, as it is now.

    Raises `NoSuchCase`, `CaseMoved`, and what `decide` raises.
    """
    with services.database.transaction() as current:
        case = existing(current, ref.case_id)
        if ref.form is not None and JournalQueries(current).case_of_form(ref.form) is not None:
            return case
        check_version(current, case, ref.version)
        now = CaseQueries(current).now()
        change = decide(current, case, now)
        if record(services, current, change, actor, now, ref.form):
            CaseQueries(current).save(change.case)
            current.commit()
            return change.case
        current.rollback()
    return case


def existing(current: Transaction, case_id: int, *, lock: bool = True) -> Case:
    """Return a case, locked unless told otherwise; raises `NoSuchCase`."""
    case = CaseQueries(current).one(case_id, lock=lock)
    if case is None:
        raise NoSuchCase(case_id)
    return case


def check_version(current: Transaction, case: Case, version: int | None) -> None:
    """Raise `CaseMoved` if somebody who saw this version of a case must look again."""
    if version is not None and version != case.version:
        raise CaseMoved(case, JournalQueries(current).since(case.id, version))


def record(  # noqa: PLR0913, PLR0917  # what a step consists of
    services: CaseServices, current: Transaction, change: Change, actor: Actor, now: datetime, form: str | None
) -> bool:
    """Add a step to the journal, and tell others; False if the form was sent at this very moment."""
    if not JournalQueries(current).add(change, actor, now, form):
        return False
    if change.step in TOLD:
        services.announce(current, news_of(change.case))
    return True


def once(services: CaseServices, form: str | None, begin: Callable[[Transaction], Change | None]) -> Case | None:
    """Do what begins with no particular case, unless the form was sent before; return the case that either ended with.

    `begin` stores and records the step. It returns None if nothing was to be done or the form was sent meanwhile.
    """
    with services.database.transaction() as current:
        if sent := _of_form(current, form):
            return sent
        if change := begin(current):
            current.commit()
            return change.case
        current.rollback()
    with services.database.transaction(trial=True) as current:
        return _of_form(current, form)


def in_place_of_violation(services: CaseServices, case_id: int, step: Callable[[], Case]) -> Case:
    """Take a step that opens a case; raises `CaseIsOpen` where the player got another one at this very moment."""
    try:
        return step()
    except UniqueViolation as error:
        with services.database.transaction(trial=True) as current:
            queries = CaseQueries(current)
            closed = queries.one(case_id)
            other = queries.open_of([closed.user_id]).get(closed.user_id) if closed else None
        if closed is None or other is None:
            raise
        raise CaseIsOpen(closed.user_id, other.id) from error


def _of_form(current: Transaction, form: str | None) -> Case | None:
    case_id = None if form is None else JournalQueries(current).case_of_form(form)
    return None if case_id is None else CaseQueries(current).one(case_id)
