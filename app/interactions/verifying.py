"""Verifies records: each is as its digest says, the journal of its case names it, and what waits is what is undecided.

A record without a case is in no journal: of such, only a change is found, and not that one was removed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.datastores import db
from app.interactions.digests import digest_of
from app.interactions.models import ActionRow, ActionStepRow, ConclusionRow, EvaluationRow, InteractionRow
from lib.snapshots import Reader

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: its table, what a fault calls it, and how the journal of its case names it.

    `case_id` is where the case's id is found, `named` what holds for the step of the journal that names it.
    """

    row: type[db.Model]  # type: ignore[name-defined]  # Flask-SQLAlchemy makes its base at run time
    called: str
    case_id: str
    named: str

    @property
    def names(self) -> Names:
        """The names of its columns."""
        return tuple(column.name for column in self.row.__table__.columns)

    @property
    def sql(self) -> str:
        """The query of all such records, each with the digests under which its case's journal has it."""
        columns = ", ".join(f'record."{name}"' for name in self.names)
        return f"""
            SELECT {columns}, {self.case_id}, (
                SELECT array_agg(detail ->> 'digest') FROM case_event WHERE case_id = {self.case_id} AND {self.named}
            ) FROM {self.row.__tablename__} AS record ORDER BY 1"""  # noqa: S608  # ours


OF_ACTION = "(SELECT case_id FROM automated_action WHERE id = record.action_id)"
OF_EVALUATION = "(SELECT case_id FROM evaluation WHERE id = record.evaluation_id)"
KINDS = (
    Kind(InteractionRow, "interaction {id}", "record.case_id", "detail ->> 'interaction' = record.id::text"),
    Kind(
        *(ActionRow, "action {id}", "record.case_id"),
        "detail ->> 'action' = record.id::text AND NOT detail ? 'step'",
    ),
    Kind(
        *(ActionStepRow, "action {action_id}, {step}", OF_ACTION),
        "detail ->> 'action' = record.action_id::text AND detail ->> 'step' = record.step",
    ),
    Kind(
        *(EvaluationRow, "evaluation {id}", "record.case_id"),
        "detail ->> 'evaluation' = record.id::text AND NOT detail ? 'verdict'",
    ),
    Kind(
        *(ConclusionRow, "the conclusion of evaluation {evaluation_id}", OF_EVALUATION),
        "detail ->> 'evaluation' = record.evaluation_id::text AND detail ? 'verdict'",
    ),
)
MISSING = """
    SELECT case_id, seq FROM case_event AS event WHERE detail ? 'digest' AND NOT EXISTS (
        SELECT FROM interaction WHERE id = (detail ->> 'interaction')::bigint AND case_id = event.case_id
        UNION ALL SELECT FROM automated_action
            WHERE id = (detail ->> 'action')::bigint AND case_id = event.case_id AND NOT detail ? 'step'
        UNION ALL SELECT FROM action_step
            WHERE action_id = (detail ->> 'action')::bigint AND step = detail ->> 'step'
        UNION ALL SELECT FROM evaluation
            WHERE id = (detail ->> 'evaluation')::bigint AND case_id = event.case_id AND NOT detail ? 'verdict'
        UNION ALL SELECT FROM evaluation_conclusion
            WHERE evaluation_id = (detail ->> 'evaluation')::bigint AND detail ? 'verdict'
    ) ORDER BY case_id, seq"""
WAITING = """
    SELECT kind, ref_id, awaited.ref_id IS NULL FROM awaited FULL JOIN (
        SELECT 'review' AS kind, id AS ref_id FROM automated_action WHERE "by" <> 'staff'
            AND NOT EXISTS (SELECT FROM action_step WHERE action_id = automated_action.id AND step = 'reviewed')
        UNION ALL SELECT 'contest', action_id FROM action_step AS contested WHERE step = 'contested' AND NOT EXISTS (
            SELECT FROM action_step WHERE action_id = contested.action_id AND step = 'contest_decided')
        UNION ALL SELECT 'evaluation', id FROM evaluation
            WHERE NOT EXISTS (SELECT FROM evaluation_conclusion WHERE evaluation_id = evaluation.id)
    ) AS undecided USING (kind, ref_id)
    WHERE awaited.ref_id IS NULL OR undecided.ref_id IS NULL ORDER BY kind, ref_id"""


def faults_of_records(reader: Reader) -> Iterator[str]:
    """Yield what is wrong with the records of a snapshot."""
    for kind in KINDS:
        yield from _faults_of(reader, kind)
    for case_id, seq in _rows(reader, MISSING):
        yield f"case {case_id}: the record that step {seq} of its journal names is gone"
    for kind, ref_id, is_lost in _rows(reader, WAITING):
        yield f"{kind} {ref_id} {'waits, and no list has it' if is_lost else 'is listed as waiting, and does not'}"


def _faults_of(reader: Reader, kind: Kind) -> Iterator[str]:
    for values in _rows(reader, kind.sql):
        row = dict(zip(kind.names, values, strict=False))
        case_id, digests = values[-2:]
        called = kind.called.format(**row)
        if digest_of(row) != row["digest"]:
            yield f"{called} is not as it was recorded"
        if case_id is not None and digests != [row["digest"]]:
            yield f"{called} is not named so by the journal of case {case_id}"


def _rows(reader: Reader, sql: str) -> Iterator[tuple[Any, ...]]:
    nothing: Mapping[str, object] = {}
    for batch in reader.rows(sql, nothing):
        yield from batch
