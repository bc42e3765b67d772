"""Records are only added to, by trigger and by privilege, and `cases verify` finds what was changed all the same."""

from collections.abc import Iterator

import psycopg2
import pytest
from apiflask import APIFlask

from app.cases import controllers
from app.interactions import action_steps, evaluating, reading, recording
from app.interactions.requests import Concluding, Judgement
from app.interactions.words import Review, Verdict
from app.staff.permissions import Role
from tests.integration.casework import ROOT, member, seen
from tests.integration.conftest import Sql, run_sql
from tests.integration.recordings import CALL, CONTESTED, EXECUTED, PLATFORM, SOON, Records

TABLES = ("interaction", "automated_action", "action_step", "evaluation", "evaluation_conclusion")


@pytest.fixture
def records(app: APIFlask, sql: Sql) -> Records:
    """A record of each kind: a call and its correction, an action with its steps, an evaluation, two that wait."""
    made = Records(app, sql)
    ann, lea = member(sql, "Ann", Role.ANALYST), member(sql, "Lea", Role.LEAD)
    case = made.call(ann, made.taken(ann))
    recording.correct(made.services, ann, made.newest(case).id, CALL, "the wrong day")
    made.pop_up(user_id=8)
    action = made.block().action
    for step in (EXECUTED, CONTESTED):
        action_steps.step(made.services, PLATFORM, action.id, step)
    action_steps.review(made.services, lea, action.id, Judgement(review=Review.CHANGED, reason="50 a week instead"))
    for t in (11, 12):
        controllers.wait_for_effect(made.work.services, ann, seen(made.work.case_of(7)), evaluate_at=SOON)
        made.work.alert(7, t)  # which brings the case back at once
        made.work.attach()
    first = reading.of_case(made.services, ROOT, case.id).evaluations[-1]
    evaluating.conclude(made.services, ann, first.id, Concluding(verdict=Verdict.WORSE, reason="more"))
    return made


@pytest.fixture
def unguarded(records: Records) -> Iterator[Records]:
    """The same, while no trigger protects the tables."""
    for table in (*TABLES, "case_event"):
        records.sql(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
    yield records
    for table in (*TABLES, "case_event"):
        records.sql(f"ALTER TABLE {table} ENABLE TRIGGER append_only")


def verified(app: APIFlask) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["cases", "verify"])
    return result.exit_code, result.stdout


def test_what_is_right_is_found_right(app: APIFlask, records: Records) -> None:
    assert all(records.sql(f"SELECT count(*) > 0 FROM {table}") == [(True,)] for table in TABLES)  # noqa: S608
    assert verified(app)[0] == 0, verified(app)[1]


@pytest.mark.parametrize("verb", ["UPDATE {} SET digest = ''", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_no_record_is_changed_or_removed(records: Records, service_url: str, verb: str) -> None:
    for table in TABLES:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run_sql(service_url, verb.format(table))
        with pytest.raises(psycopg2.errors.RaiseException, match="only added to"):
            records.sql(verb.format(table))  # as the owner


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (
            "UPDATE interaction SET said = 'nothing' WHERE corrects_id IS NULL AND case_id IS NOT NULL",
            "is not as it was",
        ),
        ("UPDATE interaction SET behaviour = '{}' WHERE external_id IS NOT NULL", "is not as it was recorded"),
        ("UPDATE automated_action SET reason = 'another'", "is not as it was recorded"),
        ("UPDATE action_step SET review = 'upheld' WHERE step = 'reviewed'", ", reviewed is not as it was recorded"),
        ("UPDATE evaluation_conclusion SET verdict = 'improved'", "the conclusion of evaluation"),
        ("UPDATE evaluation SET window_days = 90", "is not as it was recorded"),
        ("UPDATE interaction SET digest = 'x' WHERE case_id IS NOT NULL", "is not named so by the journal of case"),
        ("DELETE FROM evaluation_conclusion", "of its journal names is gone"),
        ("DELETE FROM action_step WHERE step = 'executed'", "of its journal names is gone"),
        ("UPDATE case_event SET detail = '{}' WHERE step = 'interaction'", "is not named so by the journal"),
        ("DELETE FROM awaited WHERE kind = 'contest'", "waits, and no list has it"),
        (
            "INSERT INTO awaited VALUES ('review', 4711, 7, NULL, now())",
            "review 4711 is listed as waiting, and does not",
        ),
    ],
)
def test_damage_is_found(app: APIFlask, unguarded: Records, damage: str, fault: str) -> None:
    unguarded.sql(damage)
    status, said = verified(app)
    assert (status, fault in said) == (1, True), said
