"""Live against shadow: counts what both sides raised at the events that both judged, by first answers (A60)."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from apiflask import APIFlask
from click.testing import Result
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from app.backtest.comparing import running
from app.backtest.controllers import Cost, RunContext
from app.backtest.domain import Scope as TimeScope
from app.datastores import db
from app.rulebook import controllers
from app.rulebook.forms import format_rules
from app.rulebook.shedding import Strain, shed
from app.rules.event import EventType
from app.rules.rule import Rule
from app.rules.streak import Streak
from app.rules.threshold import Threshold
from lib.workers import Begin, Context, Given, WorkerPool
from testkit import oracle
from tests.edition_1 import RULES
from tests.integration.books import (
    ANN,
    TEN_THOUSAND_AND_ONE,
    a_minute_later,
    draft,
    publish,
    shadow,
    window,
    write_into,
)
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql
from tests.integration.judging import in_this_process, through_a_pipe
from tests.integration.wiring import wiring

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand", "backtests_in_this_process")

DAY = 24 * 3600
SIDES = ("live", "shadow", "common", "gained", "lost")
LARGE = Threshold(
    code=1100, name="large", description="a withdrawal above 80", type=EventType.WITHDRAW, above=Decimal(80)
)
STRICTER: list[Rule] = [LARGE, *(rule for rule in RULES if rule.code in {123, 300})]  # 1100 from 80 on, no 30


def flask(app: APIFlask, *words: object) -> Result:
    return app.test_cli_runner().invoke(args=["rules", *map(str, words)])


def by_command(app: APIFlask, *words: object) -> dict[str, Any]:
    done = flask(app, "compare", *words, "--json", "-", "--jobs", 1)
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def compared(app: APIFlask, edition: int = 2, **asked: object) -> dict[str, Any]:
    """Return what both the request and the command answer."""
    answer = app.test_client().get(f"/rules/{edition}/comparison", query_string=asked)
    assert answer.status_code == 200, answer.text
    options = [word for name, value in asked.items() for word in (f"--{name}", value)]
    assert by_command(app, edition, *options) == answer.get_json()
    return dict(answer.get_json())


def alerts(counts: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(counts[side]["alerts"] for side in SIDES)


def of_code(found: Mapping[str, Any], code: int) -> dict[str, Any]:
    [share] = [each for each in found["codes"] if each["code"] == code]
    return dict(share)


def stricter_beside(app: APIFlask, sql: Sql) -> int:
    edition = shadow(app, STRICTER)
    a_minute_later(sql)
    return edition


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


def test_it_counts_by_code_day_and_player(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    stricter_beside(app, sql)
    for t, amount in ((10, "150"), (20, "90"), (DAY, "90")):
        send(client, "withdraw", amount, t)  # 1100 common, gained and gained; 30 lost at the third
    send(client, "deposit", "201", 5, user_id=2)
    found = compared(app)
    assert found["summary"] == (
        "Edition 2 in the shadow raised 2 alerts more and 1 fewer than the live edition 1: 4 instead of 3; players "
        "with alerts: 2 either way."
    )
    assert (found["edition"], found["live"], found["since"], found["until"]) == (2, [1], 0, None)
    assert alerts(found["all_codes"]) == (3, 4, 2, 2, 1)
    assert {each["code"]: alerts(each) for each in found["codes"]} == {
        30: (1, 0, 0, 0, 1),
        123: (1, 1, 1, 0, 0),
        300: (0, 0, 0, 0, 0),
        1100: (1, 3, 1, 2, 0),
    }
    assert of_code(found, 1100)["gained"] == {"alerts": 2, "players": 1}
    assert [(each["name"], each["first_t"], alerts(each)) for each in found["periods"]] == [
        ("day 0", 0, (2, 3, 2, 1, 0)),
        ("day 1", DAY, (1, 1, 0, 1, 1)),
    ]
    assert found["players"] == [{"user_id": 1, "live": 2, "shadow": 3, "common": 1, "gained": 2, "lost": 1}]
    assert found["differing_players"] == 1
    assert "30 is gone: withdraws in a row" in found["changes"]


def test_samples_name_event_and_sentence(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    stricter_beside(app, sql)
    body = {"type": "withdraw", "user_id": 1, "t": 10}
    for number, amount in enumerate(("150", "90", "10")):
        client.post("/event", json={**body, "amount": amount, "event_id": f"tx-{number}"})
    found = compared(app)
    assert of_code(found, 1100)["samples"] == {
        "common": [sample(0, "150.00 withdrawn at once (threshold 80.00)")],
        "gained": [sample(1, "90.00 withdrawn at once (threshold 80.00)")],
        "lost": [],
    }
    assert of_code(found, 30)["samples"]["lost"] == [sample(2, "3 withdrawals in a row at once (threshold 3)")]


def sample(n: int, sentence: str) -> dict[str, object]:
    return {"user_id": 1, "t": 10, "n": n, "event_id": f"tx-{n}", "sentence": sentence}


STEPS = st.tuples(st.sampled_from(["deposit", "withdraw"]), st.integers(1, 250), st.sampled_from([1, 20, 31, DAY]))
PLAYS = st.lists(st.lists(STEPS, min_size=1, max_size=12), min_size=1, max_size=4)
OTHERS: list[Rule] = [
    LARGE,
    Streak(code=30, name="two", description="two withdrawals", type=EventType.WITHDRAW, count=2),
    Streak(code=31, name="deposits", description="two deposits", type=EventType.DEPOSIT, count=2),
    window(123, 400),
]


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(PLAYS)
def test_any_play_is_counted_as_the_oracle_does(
    app: APIFlask, client: FlaskClient, sql: Sql, plays: list[list[tuple[oracle.EventType, int, int]]]
) -> None:
    sql("TRUNCATE activity_event, user_clock, alert")
    if client.get("/rules").get_json()["shadow"] is None:
        shadow(app, OTHERS)
        a_minute_later(sql)
    expected: dict[str, Counter[tuple[int, int, int]]] = defaultdict(Counter)
    for user_id, steps in enumerate(plays, start=1):
        seen, t = list[oracle.Event](), 0
        for kind, amount, gap in steps:
            t += gap
            seen.append(oracle.Event(type=kind, amount=f"{amount}.00", user_id=user_id, t=t))
            codes(client.post("/event", json=seen[-1].body()))
            live, other = (set(oracle.codes_after(seen, format_rules(rules))) for rules in (RULES, OTHERS))
            for side, raised in zip(SIDES, (live, other, live & other, other - live, live - other), strict=True):
                expected[side].update((user_id, t // DAY, code) for code in raised)
    found = compared(app)
    for side in SIDES:
        of_side = expected[side]
        assert found["all_codes"][side] == share(of_side), side
        for code in found["codes"]:
            assert code[side] == share({key: of_side[key] for key in of_side if key[2] == code["code"]})
        for period in found["periods"]:
            within = {key: of_side[key] for key in of_side if key[1] == period["first_t"] // DAY}
            assert period[side] == share(within)
        for player in found["players"]:
            assert player[side] == sum(of_side[key] for key in of_side if key[0] == player["user_id"])
    differing = {user_id for side in ("gained", "lost") for user_id, _, _ in expected[side]}
    assert {each["user_id"] for each in found["players"]} == differing
    assert found["differing_players"] == len(differing)


def share(counted: Mapping[tuple[int, int, int], int]) -> dict[str, int]:
    return {"alerts": sum(counted.values()), "players": len({user_id for user_id, _, _ in counted})}


def test_only_events_that_both_judged_count(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    edition = draft(app, STRICTER)
    send(client, "withdraw", "150", 10)  # before the shadow
    a_minute_later(sql)
    controllers.shadow(wiring(app).database, edition, ANN)
    send(client, "withdraw", "151", 20)  # in its first second: this process does not know of it yet
    wiring(app).rule_book.refresh()
    assert alerts(compared(app)["all_codes"]) == (0, 0, 0, 0, 0)
    a_minute_later(sql)
    send(client, "withdraw", "152", 30)
    assert alerts(compared(app)["all_codes"]) == (2, 1, 1, 0, 1)
    controllers.retire(wiring(app).database, edition, ANN)
    wiring(app).rule_book.refresh()
    send(client, "withdraw", "153", 40)  # after the shadow
    found = compared(app)
    assert alerts(found["all_codes"]) == (2, 1, 1, 0, 1), "the report stays as the shadow ended"
    assert [each["ended_at"] is None for each in found["stretches"]] == [False]


def test_a_shadow_that_was_shed_counts_while_it_stood(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    edition = stricter_beside(app, sql)
    send(client, "withdraw", "90", 10)
    shed(wiring(app).database, edition, Strain(1, 1))
    wiring(app).rule_book.refresh()
    send(client, "withdraw", "91", 20)
    a_minute_later(sql)
    controllers.shadow(wiring(app).database, edition, ANN)
    wiring(app).rule_book.refresh()
    a_minute_later(sql)
    send(client, "withdraw", "92", 30)
    found = compared(app)
    assert [each["live"] for each in found["stretches"]] == [[1], [1]]
    assert [each["ended_at"] is None for each in found["stretches"]] == [False, True]
    assert alerts(of_code(found, 1100)) == (0, 2, 0, 2, 0), "not the one while it was shed"


def test_each_event_is_compared_with_the_edition_that_answered_it(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    edition = stricter_beside(app, sql)
    send(client, "withdraw", "90", 10)
    other = publish(app, [LARGE])
    send(client, "withdraw", "91", 20)
    found = compared(app, edition)
    assert found["live"] == [1, other]
    assert [each["live"] for each in found["stretches"]] == [[1, other]]
    assert alerts(of_code(found, 1100)) == (1, 2, 1, 1, 0)
    assert "than the live editions 1, 3" in found["summary"]
    sql("UPDATE activity_event SET edition = 9 WHERE t = 20")  # an import that an edition answers that was not live
    assert alerts(of_code(compared(app, edition), 1100)) == (0, 1, 0, 1, 0)


def test_late_and_corrected_events_count_as_first_answered(app_with: AppWith, sql: Sql) -> None:
    app = app_with(late_events="keep")
    wiring(app).rule_book.refresh()
    client = app.test_client()
    stricter_beside(app, sql)
    for t in (10, 30):
        send(client, "withdraw", "90", t)
    late = send(client, "withdraw", "95", 20)  # 30 is found late at 30, by the live edition alone
    assert late.headers["Late-Event"] == "true"
    before = compared(app)
    assert alerts(of_code(before, 30)) == (0, 0, 0, 0, 0)
    assert alerts(of_code(before, 1100)) == (0, 3, 0, 3, 0)
    reason = {"reason": "charge-back"}
    assert client.post("/users/1/events/10/amendment", json={**reason, "amount": "10"}).status_code == 200
    assert client.post("/users/1/events/20/reversal", json=reason).status_code == 200
    assert client.post("/users/1/events/10/reversal", json=reason).status_code == 200
    assert compared(app) == before


def test_the_time_can_be_limited(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    stricter_beside(app, sql)
    for t in (10, 20, 30, 40):
        send(client, "withdraw", "90", t)
    found = compared(app, since=20, until=40)
    assert alerts(of_code(found, 1100)) == (0, 2, 0, 2, 0)
    assert (found["since"], found["until"]) == (20, 40)


def test_the_players_who_differ_most_are_listed(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    stricter_beside(app, sql)
    for user_id, events in ((1, 1), (2, 2), (3, 2), (4, 1)):
        for t in range(events):
            send(client, "withdraw", "90", t, user_id)
    send(client, "withdraw", "150", 0, user_id=5)
    found = compared(app, limit=3)
    assert [each["user_id"] for each in found["players"]] == [2, 3, 1]
    assert found["differing_players"] == 4
    assert found["all_codes"]["shadow"] == {"alerts": 7, "players": 5}, "totals are of all"


def test_the_pieces_make_no_difference(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    stricter_beside(app, sql)
    for user_id in range(1, 9):
        for t, amount in enumerate(("90", "150", "10")):
            send(client, "withdraw", amount, t, user_id)
    assert in_spans(app, 1) == in_spans(app, 1000)


def sent_to_this_process(
    begin: Begin[Given, Context], given: Given, count: int
) -> AbstractContextManager[WorkerPool[Context]]:
    return in_this_process(begin, through_a_pipe(given), count)


def in_spans(app: APIFlask, span: int) -> Sequence[object]:
    with app.app_context():
        run = RunContext(
            database=wiring(app).database, engine=db.engine, jobs=1, span=span, open_pool=sent_to_this_process
        )
        found = running.compare(run, 2, TimeScope(), 5, Cost())
    return found.codes, found.periods, found.players, found.differing_players


def test_an_edition_that_was_never_in_the_shadow_has_nothing_to_compare(app: APIFlask, client: FlaskClient) -> None:
    answer = client.get("/rules/1/comparison")
    assert problem(answer) == (409, "never-in-shadow")
    assert answer.get_json()["detail"].endswith("would have raised: rules backtest 1 --against EDITION")
    done = flask(app, "compare", 1, "--jobs", 1)
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert done.output.endswith("rules backtest 1 --against EDITION\n")
    assert problem(client.get("/rules/9/comparison")) == (404, "unknown-edition")
    assert flask(app, "compare", 9, "--jobs", 1).exit_code == 1


@pytest.mark.parametrize(("unreadable", "name"), [(2, "large"), (3, "large withdraw")], ids=["live", "shadow"])
def test_editions_that_cannot_be_read_are_compared_by_their_alerts(
    app: APIFlask, client: FlaskClient, sql: Sql, unreadable: int, name: str
) -> None:
    publish(app, RULES)
    edition = stricter_beside(app, sql)
    send(client, "withdraw", "90", 10)
    write_into(sql, unreadable, '[{"code": 1}]')
    found = compared(app, edition)
    assert alerts(of_code(found, 1100)) == (0, 1, 0, 1, 0)
    assert (found["live"], found["changes"]) == ([2], [])
    assert of_code(found, 1100)["name"] == name


def test_a_time_without_a_moment_is_refused(app: APIFlask, client: FlaskClient) -> None:
    answer = client.get("/rules/1/comparison?since=5&until=5")
    assert problem(answer) == (400, "invalid-request")
    assert answer.get_json()["errors"] == {"until": ["Must be above since."]}
    assert flask(app, "compare", 1, "--since", 5, "--until", 5).exit_code == 2


def test_it_needs_the_scope_of_alerts(app_with: AppWith) -> None:
    app = app_with(access=Access.KEYS)
    may_not, may = (
        create_key(wiring(app).database, scope.value, [scope], None) for scope in (Scope.RULES_READ, Scope.ALERTS_READ)
    )
    statuses = [
        app.test_client().get("/rules/1/comparison", headers={"Authorization": f"Bearer {key}"}).status_code
        for key in (may_not, may)
    ]
    assert statuses == [403, 409]


def test_what_is_too_much_for_a_request_the_command_does(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    stricter_beside(app, sql)
    sql(TEN_THOUSAND_AND_ONE)
    answer = client.get("/rules/2/comparison")
    assert problem(answer) == (409, "too-much-to-compare")
    assert answer.get_json()["detail"].endswith("no such bound: rules compare 2")
    found = by_command(app, 2)
    assert found["all_codes"]["gained"] == {"alerts": 10_001, "players": 10_001}
    assert len(found["players"]) == 20
    sql("DELETE FROM alert WHERE user_id = 1 AND t = 1")
    assert compared(app)["differing_players"] == 10_000


def test_what_takes_too_long_for_a_request_is_refused_and_hinders_no_event(
    app: APIFlask, client: FlaskClient, sql: Sql, database: str
) -> None:
    stricter_beside(app, sql)
    connection = psycopg2.connect(database)
    with connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE superseded_event IN ACCESS EXCLUSIVE MODE")  # no statement of an event reads it
        answer = client.get("/rules/2/comparison")
        assert problem(answer) == (409, "too-much-to-compare")
        assert codes(send(client, "deposit", "10", 10)) == []
    connection.close()
    assert not wiring(app).database.silent
    assert compared(app)["differing_players"] == 0


def test_the_table_says_it_in_words(app: APIFlask, client: FlaskClient, sql: Sql, tmp_path: Path) -> None:
    stricter_beside(app, sql)
    for t, amount in ((10, "150"), (20, "90"), (30, "10")):
        send(client, "withdraw", amount, t)
    done = flask(app, "compare", 2, "--jobs", 1, "--json", tmp_path / "report.json")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Edition 2 in the shadow raised 1 alert more and 1 fewer than the live edition 1")
    assert any(line.startswith("  in the shadow from 20") and "until now; live: 1" in line for line in lines)
    assert_words(lines, ["1100", "large", "1 (1)", "2 (1)", "1 (1)", "1 (1)", "0 (0)"])
    assert_words(lines, ["day", "0", "2 (1)", "2 (1)", "1 (1)", "1 (1)", "1 (1)"])
    assert_words(lines, ["those who differ most, of 1 player with gained or lost alerts"])
    assert_words(lines, ["1100", "large: gained, samples"])
    assert_words(lines, ["player 1", "t 20", "90.00 withdrawn at once (threshold 80.00)"])
    assert "3 alerts in" not in done.stdout
    assert "alerts in" in done.stderr
    assert json.loads((tmp_path / "report.json").read_text()) == compared(app)


def assert_words(lines: Iterable[str], words: list[str]) -> None:
    wanted = " ".join(" ".join(words).split())
    assert any(wanted in " ".join(line.split()) for line in lines), wanted
