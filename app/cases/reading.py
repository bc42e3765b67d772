"""The use cases of reading: pages of the queue, one case with all about it, plain lists, and how far the worker is."""

from datetime import datetime

from app.cases.alert_queries import AlertQueries, MuteQueries
from app.cases.desk_queries import DeskQueries
from app.cases.domain import Case
from app.cases.page_queries import PageQueries
from app.cases.queries import CaseQueries
from app.cases.queue_queries import QueueQueries
from app.cases.refusals import NoSuchCase
from app.cases.requests import Attached, CaseList, CaseListQuery, CasePage, QueuePage, QueueQuery
from app.cases.services import CaseServices
from app.cases.stepping import existing
from app.staff.permissions import Actor, Permission
from lib.keyset import page_of


def queue(services: CaseServices, actor: Actor, query: QueueQuery) -> QueuePage:
    """Return a page of a tab, with the number of cases of each tab; raises `WrongCursor`."""
    actor.require(Permission.CASES_READ)
    with services.database.transaction(trial=True) as current:
        now = CaseQueries(current).now()
        queries = QueueQueries(current, actor.staff_id, now)
        rows, next_after = queries.page(query)
        return QueuePage(rows=rows, next_after=next_after, counts=queries.counts(), now=now)


def newer(services: CaseServices, actor: Actor, query: QueueQuery, since: datetime) -> int:
    """Return how many cases of a list have got an alert since a time, at most 100."""
    actor.require(Permission.CASES_READ)
    with services.database.transaction(trial=True) as current:
        return QueueQueries(current, actor.staff_id, CaseQueries(current).now()).newer(query, since)


def case_page(services: CaseServices, actor: Actor, case_id: int) -> CasePage:
    """Return all that a page about a case shows; whoever works on cases has seen it then. Raises `NoSuchCase`.

    A person who looks at a case has looked at its player.
    """
    actor.require(Permission.CASES_READ)
    with services.database.transaction() as current:
        queries = PageQueries(current)
        shown = queries.shown(case_id, actor.staff_id)
        if shown is None:
            raise NoSuchCase(case_id)
        case = shown.case
        services.note_view(current, actor, case.user_id)
        page = CasePage(
            case=case,
            alerts=AlertQueries(current).of_case(case_id),
            events=queries.events(case_id),
            previous=queries.previous(case),
            mutes=MuteQueries(current).in_force([case.user_id], shown.now).get(case.user_id, []),
            present=DeskQueries(current).present(case_id, but=actor.staff_id),
            assignee=shown.assignee,
            closer=shown.closer,
            draft=shown.draft,
            now=shown.now,
        )
        if case.first_seen_at is None and actor.staff_id is not None and actor.may(Permission.CASES_WORK):
            queries.mark_seen(case_id)
        current.commit()
    return page


def cases(services: CaseServices, actor: Actor, query: CaseListQuery) -> CaseList:
    """Return cases by descending id."""
    actor.require(Permission.CASES_READ)
    with services.database.transaction(trial=True) as current:
        found = CaseQueries(current).page(
            limit=query.limit + 1, before=query.before, status=query.status, user_id=query.user_id
        )
    page, next_before = page_of(found, query.limit, lambda case: case.id)
    return CaseList(cases=page, next_before=next_before)


def one(services: CaseServices, actor: Actor, case_id: int) -> Case:
    """Return a case; raises `NoSuchCase`."""
    actor.require(Permission.CASES_READ)
    with services.database.transaction(trial=True) as current:
        return existing(current, case_id, lock=False)


def attached(services: CaseServices, actor: Actor) -> Attached:
    """Return how far the worker has attached alerts."""
    actor.require(Permission.CASES_READ)
    with services.database.transaction(trial=True) as current:
        waiting, oldest, number, began, since = AlertQueries(current).state()
    return Attached(waiting=waiting, oldest=oldest, number=number, began=began, since=since)
