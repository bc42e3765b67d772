"""Verification judges each stored event again by its own edition and reports every difference."""

from decimal import Decimal

import pytest
from apiflask import APIFlask
from click.testing import Result
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.rules.event import EventType
from app.rules.rule import Rule
from app.rules.threshold import Threshold
from app.rules.window_total import WindowTotal
from tests.edition_1 import RULES
from tests.integration.books import publish, shadow, write_into
from tests.integration.clients import codes, send
from tests.integration.conftest import Sql, run_sql
from tests.integration.judging import verified
from tests.strategies import EDITIONS, PLAYED

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")

Steps = list[tuple[EventType, Decimal, int]]


def verify(app: APIFlask) -> Result:
    return app.test_cli_runner().invoke(args=["rules", "verify", "--jobs", "2"])


def large(code: int, limit: int) -> Rule:
    return Threshold(code=code, name="large", description="large", type=EventType.WITHDRAW, above=Decimal(limit))


def long_window(code: int) -> Rule:
    kind, limit = EventType.DEPOSIT, Decimal(200)
    return WindowTotal(code=code, name="much", description="much", type=kind, above=limit, seconds=3600)


@pytest.fixture
def three_editions(app: APIFlask) -> APIFlask:
    """Events of two players under three editions, the last with another in its shadow."""
    client = app.test_client()
    assert codes(send(client, "withdraw", "150", 1)) == [1100]
    publish(app, [large(1100, 10), long_window(5)])
    assert codes(send(client, "withdraw", "20", 2)) == [1100]
    assert codes(send(client, "deposit", "150", 3, user_id=2)) == []
    publish(app, [*RULES[:2], long_window(7)])
    shadow(app, [large(9, 5), long_window(5)])
    assert codes(send(client, "withdraw", "20", 4)) == [30], "the two before it count, whoever judged them"
    assert codes(send(client, "deposit", "150", 5, user_id=2)) == [7, 123]
    return app


def test_every_event_is_judged_by_its_own_edition(three_editions: APIFlask) -> None:
    done = verify(three_editions)
    assert done.exit_code == 0, done.output
    assert [line.split() for line in done.stdout.splitlines()[1:]] == [
        ["1", "1", "1", "0", "0"],
        ["2", "2", "2", "0", "0"],
        ["3", "2", "2", "0", "0"],
        ["4", "0", "0", "2", "2"],
        ["5", "events", "not", "sealed", "yet:", "flask", "--app", "app", "rules", "seal"],
        ["All", "5", "events", "agree."],
    ]


TAMPERED = [
    (
        "a code is gone",
        "UPDATE activity_event SET alert_codes = '{}' WHERE t = 4",
        "edition 3 raises 30, stored is nothing",
    ),
    ("a code is new", "UPDATE activity_event SET alert_codes = '{7,30}' WHERE t = 4", "raises 30, stored is 7, 30"),
    ("another edition", "UPDATE activity_event SET edition = 2 WHERE t = 4", "edition 2 raises 1100, stored is 30"),
    ("an edition that is not there", "UPDATE activity_event SET edition = 9 WHERE t = 3", "there is no edition 9"),
    ("an amount", "UPDATE activity_event SET amount = 20 WHERE t = 3", "edition 3 raises nothing, stored is 7, 123"),
    (
        "an event is gone",
        "DELETE FROM activity_event WHERE t = 2",
        "player 1, t 2: alerts are stored without their event",
    ),
    ("all events are gone", "DELETE FROM activity_event", "player 1, t 1: alerts are stored without their event"),
    ("an alert is gone", "DELETE FROM alert WHERE code = 7", "codes answered: 7, 123, codes of the stored alerts: 123"),
    (
        "an alert is of another edition",
        "UPDATE alert SET edition = 2 WHERE code = 7",
        "7 is of edition 2, the event of",
    ),
    (
        "evidence",
        "UPDATE alert SET evidence = evidence || '{\"count\": 3}' WHERE code = 7",
        "value 300.00, threshold 200.00, events 3; edition 3 finds value 300.00, threshold 200.00, events 2",
    ),
    (
        "no evidence",
        "UPDATE alert SET evidence = '{}' WHERE code = 7",
        "the evidence of code 7 has value None, threshold None, events None",
    ),
    (
        "a moment of a listed window",
        "UPDATE alert SET evidence = evidence || '{\"moments\": [5, 3, 1]}' WHERE code = 30",
        "the moments of code 30 are [5, 3, 1]; edition 3 finds [4, 2, 1]",
    ),
    (
        "moments of a sum in another order",
        "UPDATE alert SET evidence = evidence || '{\"moments\": [3, 5]}' WHERE code = 7",
        "the moments of code 7 are [3, 5]; edition 3 finds [5, 3]",
    ),
    (
        "no moments",
        "UPDATE alert SET evidence = evidence - 'moments' WHERE code = 7",
        "the moments of code 7 are None; edition 3 finds [5, 3]",
    ),
    (
        "an edition that was never live",
        "UPDATE activity_event SET edition = 4 WHERE t = 3",
        "edition 4 was never live",
    ),
    (
        "one of two codes in the shadow",
        "UPDATE alert SET code = 6 WHERE code = 9",
        "in the shadow, edition 4 raises 9, stored is 6",
    ),
    (
        "another edition in the shadow",
        "UPDATE alert SET edition = 1 WHERE code = 9",
        "in the shadow, edition 1 raises 30, stored is 9",
    ),
]


@pytest.mark.parametrize(("statement", "expected"), [row[1:] for row in TAMPERED], ids=[row[0] for row in TAMPERED])
def test_every_later_change_is_found(three_editions: APIFlask, sql: Sql, statement: str, expected: str) -> None:
    assert verified(three_editions).different == 0
    sql(statement)
    findings = verified(three_editions)
    assert findings.different
    assert any(expected in f"player {each.user_id}, t {each.event.t}: {each.what}" for each in findings.differences), (
        findings
    )


IN_THE_WORDING_OF_0_1 = """
    UPDATE alert SET evidence = (evidence - 'wording')
        || '{"sentence": "150.00 withdrawn at once; the limit is 100.00"}' WHERE t = 1
"""


def test_alerts_of_0_1_agree_in_their_own_wording(three_editions: APIFlask, sql: Sql) -> None:
    """A45."""
    assert sql("SELECT evidence->>'wording' FROM alert WHERE t = 1") == [("0.2",)]
    sql(IN_THE_WORDING_OF_0_1)
    assert verified(three_editions).different == 0
    sql('UPDATE alert SET evidence = evidence || \'{"wording": "0.2"}\' WHERE t = 1')
    assert verified(three_editions).different == 1


FIRST_DIFFERENCE = (
    "player 1, t 4: codes answered: nothing, codes of the stored alerts: 30; edition 3 raises 30, stored is nothing"
)


@pytest.mark.usefixtures("backtests_in_this_process")
def test_differences_are_listed_and_exit_with_status_1(three_editions: APIFlask, sql: Sql) -> None:
    sql("UPDATE activity_event SET alert_codes = '{}' WHERE t = 4")
    done = verify(three_editions)
    assert done.exit_code == 1
    assert FIRST_DIFFERENCE in done.stdout
    assert done.stdout.rstrip().endswith("1 differs: what is stored is not what these rules raise.")
    assert [line.split() for line in done.stdout.splitlines()][3] == ["3", "2", "1", "0", "0"]


def test_an_event_with_two_faults_counts_once(three_editions: APIFlask, sql: Sql) -> None:
    sql("UPDATE alert SET evidence = '{}' WHERE t = 5")
    [difference] = verified(three_editions).differences
    assert "the evidence of code 7" in difference.what
    assert "in the shadow, the evidence of code 5" in difference.what
    assert verified(three_editions).different == 1


def test_events_from_before_alerts_were_kept_have_none(app: APIFlask, sql: Sql) -> None:
    assert codes(send(app.test_client(), "withdraw", "150", 1)) == [1100]
    sql("DELETE FROM alert")
    assert verified(app).different == 1
    sql("UPDATE activity_event SET received_at = (SELECT created_at FROM rule_book WHERE edition = 1) - interval '1 s'")
    findings = verified(app)
    assert (findings.different, findings.without_evidence) == (0, 1)


def test_a_shadow_edition_without_alerts_is_not_missed(app: APIFlask, sql: Sql) -> None:
    shadow(app, [large(9, 5)])
    assert codes(send(app.test_client(), "withdraw", "20", 1)) == []
    assert sql("SELECT code, shadow FROM alert") == [(9, True)]
    sql("DELETE FROM alert")
    assert verified(app).different == 0, "nobody can know whether this worker had seen it by then"


def test_an_unreadable_edition_is_reported_in_one_line(app: APIFlask, sql: Sql) -> None:
    publish(app, [large(1, 1)])
    write_into(sql, 2, "[]")
    done = verify(app)
    assert done.exit_code == 1
    assert "Error: edition 2 cannot be read: rules: Must be a list of 1 to 100 rules." in done.stderr


@pytest.mark.usefixtures("backtests_in_this_process")
def test_an_empty_database_verifies(app: APIFlask) -> None:
    done = verify(app)
    assert done.exit_code == 0, done.output
    assert "All 0 events agree." in done.stdout


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(EDITIONS, st.booleans(), st.integers(1, 3), PLAYED), min_size=1, max_size=4))
def test_stored_alerts_verify_under_any_sequence_of_editions(
    app: APIFlask, database: str, steps: list[tuple[list[Rule], bool, int, Steps]]
) -> None:
    run_sql(database, "TRUNCATE activity_event, user_clock, alert")
    client, t, events = app.test_client(), 0, 0
    for rules, in_shadow, user_id, played in steps:
        (shadow if in_shadow else publish)(app, rules)
        for kind, amount, gap in played:
            t += gap
            events += 1
            codes(send(client, kind.value, f"{amount:.2f}", t, user_id))
    findings = verified(app)
    assert findings.differences == []
    assert findings.agreeing.total() == events
