"""Opens, changes and journals many cases at once, as the worker does; a statement each, however many there are."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from json import dumps
from typing import Any

from app.cases.domain import Case, Change
from app.cases.queries import WORKER, values_of, values_of_event
from lib.statements import Statement, array_literal
from lib.transactions import Transaction

CHANGING = """
    status text, strength text, priority smallint, codes integer[], alert_count integer, first_t bigint, last_t bigint,
    last_alert_at timestamptz, due_at timestamptz, assignee integer, first_seen_at timestamptz,
    first_action_at timestamptz, snoozed_until timestamptz, outcome text, closed_at timestamptz, closed_by integer,
    sentence text, version integer, events integer"""
EVENT = """
    case_id bigint, seq integer, version integer, step text, who text, staff_id integer, at timestamptz, form_id text,
    note text, detail jsonb, status text, priority smallint, assignee integer, snoozed_until timestamptz,
    due_at timestamptz, outcome text, alert_count integer"""


def _names(columns: str) -> str:
    return ", ".join(each.split()[0] for each in columns.split(","))


OPEN = Statement(
    "open_cases",
    ("jsonb",),
    f"""
    INSERT INTO care_case (user_id, opened_at, reopened_from, {_names(CHANGING)})
    SELECT user_id, opened_at, reopened_from, {_names(CHANGING)}
    FROM jsonb_to_recordset($1) AS new (user_id bigint, opened_at timestamptz, reopened_from bigint, {CHANGING})
    ORDER BY user_id
    ON CONFLICT (user_id) WHERE status <> 'closed' DO NOTHING RETURNING user_id, id
    """,  # noqa: S608  # ours
)
SAVE = Statement(
    "save_cases",
    ("jsonb",),
    f"""
    UPDATE care_case SET ({_names(CHANGING)}) = ROW (changed.{_names(CHANGING).replace(", ", ", changed.")})
    FROM jsonb_to_recordset($1) AS changed (id bigint, {CHANGING}) WHERE care_case.id = changed.id
    """,  # noqa: S608  # as above
)
JOURNAL = Statement(
    "add_case_events",
    ("jsonb",),
    f"""
    INSERT INTO case_event ({_names(EVENT)}) SELECT {_names(EVENT)} FROM jsonb_to_recordset($1) AS taken ({EVENT})
    """,  # noqa: S608  # as above
)
LAST_CLOSED = Statement(
    "last_closed_cases",
    ("bigint[]",),
    """
    SELECT player, closed.id, closed.closed_at FROM unnest($1) AS player CROSS JOIN LATERAL (
        SELECT id, closed_at FROM care_case WHERE user_id = player AND status = 'closed'
        ORDER BY opened_at DESC LIMIT 1
    ) AS closed
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A player's last closed case."""

    id: int
    closed_at: datetime


class BatchQueries:
    """Queries of many cases within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def last_closed(self, players: Collection[int]) -> dict[int, Closed]:
        """Return the last closed case of each of these players that has one."""
        if not players:
            return {}
        rows = self._transaction.fetch(LAST_CLOSED, array_literal(sorted(players)))
        return {player: Closed(id=case_id, closed_at=closed_at) for player, case_id, closed_at in rows}

    def open(self, changes: Sequence[Change]) -> list[Change]:
        """Open cases, and return them with their ids; those of players who got one meanwhile are left out."""
        if not changes:
            return []
        rows = [
            {
                **values_of(change.case),
                "user_id": change.case.user_id,
                "opened_at": change.case.opened_at,
                "reopened_from": change.case.reopened_from,
            }
            for change in changes
        ]
        ids = dict(map(tuple, self._transaction.fetch(OPEN, _json(rows))))
        return [
            replace(change, case=replace(change.case, id=ids[change.case.user_id]))
            for change in changes
            if change.case.user_id in ids
        ]

    def save(self, cases: Iterable[Case]) -> None:
        """Write what may change of cases."""
        if rows := [{**values_of(case), "id": case.id} for case in cases]:
            self._transaction.write(SAVE, _json(rows))

    def journal(self, changes: Iterable[Change], at: datetime) -> None:
        """Add steps of the worker to the journals of their cases."""
        if rows := [values_of_event(change, WORKER, at) for change in changes]:
            self._transaction.write(JOURNAL, _json(rows))


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return dumps(rows, default=_text)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
