"""`cases verify` notices an alert in no case, and a case that its journal does not explain; and the other commands."""

from datetime import UTC, datetime, timedelta

import pytest
from apiflask import APIFlask
from click.testing import Result

from app.cases import controllers
from app.cases.domain import Outcome
from app.cases.requests import Closing
from app.staff.permissions import Actor, Role
from tests.integration.casework import Casework, casework_of, member, seen
from tests.integration.conftest import Sql

DONE = Closing(outcome=Outcome.NO_CONCERN, reason="all well")
JOURNAL = "ALTER TABLE case_event {} TRIGGER append_only"


@pytest.fixture
def work(app: APIFlask, sql: Sql) -> Casework:
    return casework_of(app, sql)


@pytest.fixture
def ann(sql: Sql) -> Actor:
    return member(sql, "Ann", Role.ANALYST)


@pytest.fixture
def busy(work: Casework, ann: Actor) -> Casework:
    """A few cases in different states, with an alert that was retracted."""
    for user_id in range(1, 6):
        work.alert(user_id)
    work.alert(1, kind="retracted", no=1)
    work.attach()
    closed = controllers.take(work.services, ann, seen(work.case_of(1)))
    controllers.close(work.services, ann, seen(closed), DONE)
    until = datetime.now(UTC) + timedelta(days=2)
    controllers.snooze(work.services, ann, seen(work.case_of(2)), until=until, reason="known")
    work.alert(2, 11, 123)
    work.attach()
    return work


def run(app: APIFlask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["cases", *arguments])


def test_what_is_right_is_found_right(app: APIFlask, busy: Casework) -> None:
    result = run(app, "verify")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "6 alerts of the feed and 5 cases with their journals were compared." in result.stdout
    busy.alert(9)
    waiting = run(app, "verify")
    assert (waiting.exit_code, "1 entries of the feed wait for a worker" in waiting.stderr) == (0, True)


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (
            "DELETE FROM case_alert WHERE user_id = 3",
            "alert 30 of player 3 at t 10, n 0 (number 3 of the feed) is in no",
        ),
        ("DELETE FROM case_alert WHERE user_id = 3", "its number of alerts is not that of those attached"),
        ("UPDATE case_alert SET t = 99 WHERE user_id = 3", "alert 30 of player 3 at t 99, n 0 is not in the feed"),
        (
            "UPDATE case_alert SET retracted_at = NULL",
            "alert 30 of player 1 at t 10, n 0 is not marked as the feed has",
        ),
        ("UPDATE case_alert SET retracted_at = now() WHERE user_id = 4", "player 4 at t 10, n 0 is not marked"),
        ("UPDATE care_case SET alert_count = 2 WHERE user_id = 3", "its alert_count is not that of its last step"),
        ("UPDATE care_case SET assignee = NULL WHERE user_id = 1", "its assignee is not that of its last step"),
        ("UPDATE care_case SET priority = 0 WHERE user_id = 3", "its priority is not that of its last step"),
        ("DELETE FROM case_event WHERE step = 'take'", "its journal has 2 steps instead of 3"),
        ("UPDATE case_event SET step = 'wait' WHERE step = 'take'", "step 2 (wait) leads from new to in_review"),
        ("UPDATE case_event SET outcome = NULL WHERE step = 'close'", "step 3 (close) has an outcome without"),
        ("UPDATE case_event SET step = 'note' WHERE step = 'snooze'", "step 2 (note) changes snoozed_until"),
    ],
)
def test_damage_is_found(app: APIFlask, busy: Casework, damage: str, fault: str) -> None:
    busy.sql(JOURNAL.format("DISABLE"))
    busy.sql(damage)
    busy.sql(JOURNAL.format("ENABLE"))
    result = run(app, "verify")
    assert result.exit_code == 1
    assert fault in result.stdout
    assert "faults, of which at most 20 are listed" in result.stderr


def test_cases_are_listed_and_shown_in_the_terminal(app: APIFlask, busy: Casework, ann: Actor) -> None:
    listed = run(app, "list", "closed")
    assert (listed.exit_code, "closed" in listed.stdout, "closed 1" in listed.stderr) == (0, True, True)
    assert "There is no case in monitoring." in run(app, "list", "monitoring").stdout
    first = run(app, "list", "--limit", "2")
    assert "cases list new --after " in first.stderr
    after = first.stderr.split("--after ")[1].split()[0]
    assert run(app, "list", "--after", after).exit_code == 0
    refused = run(app, "list", "--after", "x")
    assert (refused.exit_code, "start again at its first page" in refused.stderr) == (1, True)
    shown = run(app, "show", str(busy.case_of(1).id))
    assert f"{ann.name} close all well" in shown.stdout
    assert "code 30 at 10" in shown.stdout
    assert "there is no case 99999" in run(app, "show", "99999").stderr
