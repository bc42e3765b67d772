"""The queries of cases and their journals."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import Row, Select, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.cases.domain import Case, CaseEvent, Change, Outcome, Status, Step
from app.cases.models import CaseEventRow as Event
from app.cases.models import CaseRow as Stored
from app.rules.meaning import Indicator, Strength
from app.staff.models import StaffAccountRow as Account
from app.staff.permissions import Actor
from lib.statements import BY_INDEX, Statement
from lib.transactions import Transaction

COLUMNS = tuple(Stored.__table__.columns)
CHANGING = tuple(
    each.name
    for each in fields(Case)
    if each.name not in {"id", "user_id", "opened_at", "reopened_from", "legal_hold", "indicator"}
)
ALL: Select[Any] = select(*COLUMNS)
MAX_EVENTS = 500  # rows of a journal that are told at once
NOW = Statement("moment_of_case", (), "SELECT clock_timestamp()")
WORKER = Actor(name="service", permissions=frozenset())  # what the worker does by itself


class CaseQueries:
    """Queries of cases within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def now(self) -> datetime:
        """Return the time by the database's clock, which all steps and due times are compared with."""
        [(now,)] = self._transaction.fetch(NOW)
        moment: datetime = now
        return moment

    def one(self, case_id: int, *, lock: bool = False) -> Case | None:
        """Return a case; `lock` keeps others from changing it until the transaction ends."""
        found = ALL.where(Stored.id == case_id)
        row = self._transaction.execute(found.with_for_update() if lock else found).one_or_none()
        return case_of(row) if row else None

    def open_of(self, players: Sequence[int], *, lock: bool = False) -> dict[int, Case]:
        """Return the open cases of these players; locked in order of the player, so that nobody waits in a ring."""
        found = ALL.where(Stored.user_id.in_(players), Stored.status != Status.CLOSED.value).order_by(Stored.user_id)
        rows = self._transaction.execute(found.with_for_update() if lock else found)
        return {row.user_id: case_of(row) for row in rows}

    def some(self, ids: Collection[int]) -> dict[int, Case]:
        """Lock and return these cases, in order of the player."""
        found = ALL.where(Stored.id.in_(sorted(ids))).order_by(Stored.user_id).with_for_update()
        return {row.id: case_of(row) for row in self._transaction.execute(found)} if ids else {}

    def last_of(self, user_id: int) -> Case | None:
        """Return the player's newest case, open or not."""
        newest = ALL.where(Stored.user_id == user_id).order_by(Stored.opened_at.desc(), Stored.id.desc()).limit(1)
        row = self._transaction.execute(newest).one_or_none()
        return case_of(row) if row else None

    def next_waiting(self) -> Case | None:
        """Lock and return the most urgent new case that nobody else is taking at this moment."""
        waiting = ALL.where(Stored.status == Status.NEW.value, Stored.snoozed_until.is_(None))
        first = waiting.order_by(Stored.priority, Stored.due_at, Stored.id).limit(1)
        self._transaction.write(BY_INDEX)
        row = self._transaction.execute(first.with_for_update(skip_locked=True)).one_or_none()
        return case_of(row) if row else None

    def asleep_until(self, now: datetime, most: int) -> list[Case]:
        """Lock and return snoozed cases whose time has come, but for those that somebody has locked."""
        over = ALL.where(Stored.snoozed_until <= now).order_by(Stored.snoozed_until, Stored.id)
        return self._unlocked(over, most)

    def monitored_until(self, now: datetime, most: int) -> list[Case]:
        """Lock and return monitored cases whose effect can be told by now, but for those that somebody has locked."""
        over = ALL.where(Stored.status == Status.MONITORING.value, Stored.due_at <= now)
        return self._unlocked(over.order_by(Stored.due_at, Stored.id), most)

    def _unlocked(self, found: Select[Any], most: int) -> list[Case]:
        self._transaction.write(BY_INDEX)
        rows = self._transaction.execute(found.limit(most).with_for_update(skip_locked=True))
        return [case_of(row) for row in rows]

    def add(self, case: Case) -> Case | None:
        """Store a new case, and return it with its id; None if the player has an open one already."""
        values = {**values_of(case), "user_id": case.user_id, "opened_at": case.opened_at}
        values |= {
            "reopened_from": case.reopened_from,
            "indicator": case.indicator.value if case.indicator else None,
        }
        is_open = Stored.status != Status.CLOSED.value
        added = upsert(Stored).values(values).on_conflict_do_nothing(index_elements=["user_id"], index_where=is_open)
        row = self._transaction.execute(added.returning(*COLUMNS)).one_or_none()
        return case_of(row) if row else None

    def save(self, case: Case) -> None:
        """Write what may change of a case."""
        self._transaction.execute(update(Stored).where(Stored.id == case.id).values(values_of(case)))

    def page(self, *, limit: int, before: int | None, status: Status | None, user_id: int | None) -> list[Case]:
        """Return cases by descending id."""
        found = ALL if before is None else ALL.where(Stored.id < before)
        found = found if status is None else found.where(Stored.status == status.value)
        found = found if user_id is None else found.where(Stored.user_id == user_id)
        self._transaction.write(BY_INDEX)
        return [case_of(row) for row in self._transaction.execute(found.order_by(Stored.id.desc()).limit(limit))]


class JournalQueries:
    """Queries of the journals of cases, and of who takes part in them, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, change: Change, actor: Actor, at: datetime, form: str | None = None) -> bool:
        """Add a step to the journal; False if the form was sent before, so that nothing may be done again."""
        values = values_of_event(change, actor, at, form)
        named = Event.form_id.isnot(None)
        added = upsert(Event).values(values).on_conflict_do_nothing(index_elements=["form_id"], index_where=named)
        return self._transaction.execute(added.returning(Event.seq)).one_or_none() is not None

    def case_of_form(self, form: str) -> int | None:
        """Return the case that a form was about that was sent before."""
        sent = select(Event.case_id).where(Event.form_id == form)
        return self._transaction.execute(sent).scalar_one_or_none()

    def since(self, case_id: int, version: int) -> list[CaseEvent]:
        """Return the steps after which somebody who saw this version must look again, oldest first."""
        later = select(Event).where(Event.case_id == case_id, Event.version > version, Event.step != Step.NOTED.value)
        rows = self._transaction.execute(select(*later.order_by(Event.seq).limit(MAX_EVENTS).subquery().columns))
        return [event_of(row) for row in rows]

    def with_more_alerts(self, case_id: int, alerts: int) -> list[CaseEvent]:
        """Return the steps by which a case got more than so many alerts, oldest first."""
        more = select(Event).where(Event.case_id == case_id, Event.alert_count > alerts)
        more = more.where(Event.step.in_([Step.OPENED.value, Step.ALERTS.value]))
        rows = self._transaction.execute(select(*more.order_by(Event.seq).limit(MAX_EVENTS).subquery().columns))
        return [event_of(row) for row in rows]

    def roles_of_active(self, staff_id: int) -> Sequence[str]:
        """Return the roles of an account; none if it is not active."""
        found = select(Account.roles).where(Account.id == staff_id, Account.state == "active")
        return self._transaction.execute(found).scalar_one_or_none() or ()


def case_of(row: Row[Any], without: Collection[str] = ()) -> Case:
    """Return a case from its row, without other columns that the row has."""
    values = {name: value for name, value in row._asdict().items() if name not in without}
    return Case(
        **{
            **values,
            "status": Status(row.status),
            "strength": Strength(row.strength),
            "codes": tuple(row.codes),
            "outcome": Outcome(row.outcome) if row.outcome else None,
            "indicator": Indicator(row.indicator) if row.indicator else None,
        }
    )


def event_of(row: Row[Any]) -> CaseEvent:
    """Return a step of a journal from its row."""
    values: Mapping[str, Any] = {each.name: getattr(row, each.name) for each in fields(CaseEvent)}
    known = {
        "step": Step(row.step),
        "status": Status(row.status),
        "outcome": Outcome(row.outcome) if row.outcome else None,
    }
    return CaseEvent(**{**values, **known})


def values_of(case: Case) -> dict[str, Any]:
    """Return what may change of a case, as its row has it."""
    values = {name: getattr(case, name) for name in CHANGING}
    return {
        name: value.value if isinstance(value, Enum) else [*value] if name == "codes" else value
        for name, value in values.items()
    }


def values_of_event(change: Change, actor: Actor, at: datetime, form: str | None = None) -> dict[str, Any]:
    """Return a step as the row of the journal has it."""
    case = change.case
    return {
        "case_id": case.id,
        "seq": case.events,
        "version": case.version,
        "step": change.step.value,
        "who": actor.name,
        "staff_id": actor.staff_id,
        "at": at,
        "form_id": form,
        "note": change.note,
        "detail": dict(change.detail),
        "status": case.status.value,
        "priority": case.priority,
        "assignee": case.assignee,
        "snoozed_until": case.snoozed_until,
        "due_at": case.due_at,
        "outcome": case.outcome.value if case.outcome else None,
        "alert_count": case.alert_count,
    }
