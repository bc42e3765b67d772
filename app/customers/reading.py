"""The use cases of looking: at one customer, at who looked at whom, and at what was exported.

A timeout here does not count as an outage of the database (`trial`): a slow page must turn no event away.
"""

from collections.abc import Mapping, Sequence

from app.alerts.controllers import alerts
from app.cases.domain import Case
from app.cases.queries import CaseQueries
from app.customers.domain import (
    Contact,
    CustomerPage,
    Export,
    NoSuchCustomer,
    Person,
    Picture,
    PlayerTotals,
    Tab,
    View,
)
from app.customers.queries import CustomerQueries
from app.customers.ranges import SPANS, Axis, Range, axis_of, is_time_of_day
from app.customers.requests import CustomerQuery
from app.customers.services import CustomerServices
from app.customers.totals import Totals, starts, totals_of
from app.customers.viewing import RecordQueries, note_view
from app.events.reading.controllers import events_of
from app.events.revising.correction_queries import CorrectionQueries
from app.events.revising.domain import RecordedCorrection
from app.rulebook.live_rules import NoRuleBook
from app.rules.limits import BIGINT_MAX
from app.rules.rule import TotalLimit
from app.staff.permissions import Actor, Permission
from lib.keyset import page_of
from lib.transactions import Transaction

MAX_CASES, MAX_CONTACTS, MAX_CORRECTIONS = 20, 50, 50
PAGE = 50  # of the records


def customer(services: CustomerServices, actor: Actor, query: CustomerQuery) -> CustomerPage:
    """Return a page about a customer, and record that somebody looks at them; raises `NoSuchCustomer`."""
    actor.require(Permission.CUSTOMERS_READ)
    limits = live_limits(services)
    with services.database.transaction(trial=True) as current:
        note_view(current, actor, query.user_id)
        person = CustomerQueries(current).person(query.user_id)
        cases = cases_of(current, actor, query.user_id)
        require_known(person, cases)
        is_clock = is_clock_of(services, person)
        added_up, picture = _seen(current, person, query, limits, is_clock=is_clock)
        corrections, contacts = _listed(services, current, person, query)
        current.commit()
    return CustomerPage(
        person=person,
        is_clock=is_clock,
        totals=added_up,
        picture=picture,
        cases=cases,
        alerts=alerts(services.alerts, query.alerts) if query.alerts else None,
        events=events_of(services.database, query.user_id, query.events) if query.events else None,
        corrections=corrections,
        contacts=contacts,
    )


def totals(services: CustomerServices, actor: Actor, user_id: int) -> PlayerTotals:
    """Return what a player did within each range; zeros for one without events."""
    actor.require(Permission.CUSTOMERS_READ)
    with services.database.transaction(trial=True) as current:
        note_view(current, actor, user_id)
        queries = CustomerQueries(current)
        person = queries.person(user_id)
        end = end_of(person, is_clock=is_clock_of(services, person))
        money = queries.money(user_id, sorted({*starts(end or 0).values()}))
        current.commit()
    return PlayerTotals(user_id=user_id, until=end, totals=totals_of(money, end or 0, person.first_t or 0))


def is_clock_of(services: CustomerServices, person: Person) -> bool:
    """Return whether the `t` of a customer are times of day."""
    return services.t_is_unix and is_time_of_day(person.last_t or 0)


def end_of(person: Person, *, is_clock: bool) -> int | None:
    """Return the second with which ranges end: now, or the latest event's where `t` is a number (A80)."""
    return int(person.now.timestamp()) if is_clock else person.last_t


def cases_of(current: Transaction, actor: Actor, user_id: int) -> Sequence[Case]:
    """Return a customer's newest cases, if the reader may see cases."""
    if not actor.may(Permission.CASES_READ):
        return ()
    return CaseQueries(current).page(limit=MAX_CASES, before=None, status=None, user_id=user_id)


def require_known(person: Person, cases: Sequence[Case]) -> None:
    """Raise `NoSuchCustomer` if nothing is known of this number."""
    if person.registered is None and person.last_t is None and not cases:
        raise NoSuchCustomer(person.user_id)


def _seen(
    current: Transaction,
    person: Person,
    query: CustomerQuery,
    limits: Mapping[int, TotalLimit],
    *,
    is_clock: bool,
) -> tuple[list[Totals], Picture | None]:
    """Return the totals of a customer and their picture; none for one without events."""
    end = end_of(person, is_clock=is_clock)
    if person.first_t is None or person.last_t is None or end is None:
        return [], None
    shown = query.shown or _fitting(end, person.last_t, is_clock=is_clock)
    axis = axis_of(shown, first=person.first_t, end=end, zone=query.zone if is_clock else None)
    queries = CustomerQueries(current)
    money = queries.money(person.user_id, sorted({*axis.edges, *starts(end).values()}))
    picture = Picture(
        shown=shown,
        axis=axis,
        money=money,
        marks=queries.marks(person.user_id, axis.edges),
        editions=[each for each in person.editions if is_clock and axis.edges[0] <= each.at <= end],
        limits=drawn_limits(limits, axis),
    )
    return totals_of(money, end, person.first_t), picture


def _fitting(end: int, last_t: int, *, is_clock: bool) -> Range:
    return Range.MONTH if is_clock and last_t > end - SPANS[Range.MONTH] else Range.ALL


def drawn_limits(limits: Mapping[int, TotalLimit], axis: Axis) -> dict[int, TotalLimit]:
    """Return the limits by code that a bucket can be compared with: those of a total over as long as it is."""
    return {code: limit for code, limit in limits.items() if limit.seconds == axis.step}


def live_limits(services: CustomerServices) -> dict[int, TotalLimit]:
    """Return by code the limits of totals in the live edition; none while there is no edition."""
    try:
        live, *_ = services.rule_book.current().rule_sets
    except NoRuleBook:
        return {}
    return {rule.code: rule.limit_of_total for rule in live.rules if rule.limit_of_total}


def _listed(
    services: CustomerServices, current: Transaction, person: Person, query: CustomerQuery
) -> tuple[Sequence[RecordedCorrection], Sequence[Contact]]:
    """Return the corrections and the interactions that the tab lists."""
    if query.tab is Tab.MONEY and person.corrections:
        queries = CorrectionQueries(current)
        return queries.corrections(person.user_id, before=BIGINT_MAX, limit=MAX_CORRECTIONS), ()
    if query.tab is Tab.INTERACTIONS:
        return (), services.contacts(current, person.user_id, MAX_CONTACTS)
    return (), ()


def is_known(services: CustomerServices, actor: Actor, user_id: int) -> bool:
    """Return whether somebody with this number is registered or has events; nothing else of them is told."""
    actor.require(Permission.CUSTOMERS_READ)
    with services.database.transaction(trial=True) as current:
        return CustomerQueries(current).is_known(user_id)


def views(
    services: CustomerServices, actor: Actor, *, user_id: int | None = None, before: int | None = None
) -> tuple[Sequence[View], int | None]:
    """Return a page of who looked at customers, newest first, and the id before which the next page begins."""
    actor.require(Permission.AUDIT_READ)
    with services.database.transaction(trial=True) as current:
        found = RecordQueries(current).views(user_id=user_id, before=before, limit=PAGE + 1)
    return page_of(found, PAGE, lambda view: view.id)


def exports(
    services: CustomerServices, actor: Actor, *, user_id: int | None = None, before: int | None = None
) -> tuple[Sequence[Export], int | None]:
    """Return a page of what was exported, newest first, and the id before which the next page begins."""
    actor.require(Permission.AUDIT_READ)
    with services.database.transaction(trial=True) as current:
        found = RecordQueries(current).exports(user_id=user_id, before=before, limit=PAGE + 1)
    return page_of(found, PAGE, lambda export: export.id)
