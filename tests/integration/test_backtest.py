"""A backtest answers what would have been answered live, whoever judges what of it."""

import json
import os
from collections import Counter
from decimal import Decimal
from pathlib import Path
from stat import S_IMODE, S_ISFIFO
from typing import Any
from unittest.mock import Mock

import click
import psycopg2
import pytest
from apiflask import APIFlask
from click.testing import Result
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from app.backtest import cli, controllers, judging
from app.backtest.controllers import Cost, RunContext
from app.backtest.documents import document
from app.backtest.domain import PlayerRange, Scope
from app.backtest.judging import needs_of_all
from app.backtest.queries import BacktestQueries
from app.backtest.reports import Report, Series
from app.config import sqlalchemy_url
from app.datastores import db
from app.rulebook.forms import format_rules
from app.rules.engine import RuleSet
from app.rules.event import MONEY_TYPES, EventType
from app.rules.limits import BIGINT_MAX
from app.rules.net_total import NetTotal
from app.rules.rising_streak import RisingStreak
from app.rules.rule import Rule
from app.rules.spans import Unit
from app.rules.streak import Streak
from app.rules.threshold import Threshold
from app.rules.window_count import WindowCount
from app.rules.window_total import WindowTotal
from lib.snapshots import snapshot_of
from testkit import oracle
from tests.builders import as_sent, played_by
from tests.edition_1 import RULES
from tests.integration.books import FIRST, draft, publish, store, window
from tests.integration.clients import codes, send
from tests.integration.conftest import Sql, run_sql
from tests.integration.judging import codes_of, judged, raised
from tests.integration.wiring import wiring

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")

Steps = list[tuple[EventType, Decimal, int]]
FUNCTION_SCOPED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def flask(app: APIFlask, *words: object) -> Result:
    return app.test_cli_runner().invoke(args=["rules", *map(str, words)])


def backtest(app: APIFlask, *words: object) -> dict[str, Any]:
    done = flask(app, "backtest", *words, "--json", "-")
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


# Rules that look minutes back and events minutes apart, so that what came before a scope is not read as a whole, and
# every edge of what is read is met.
TYPES = st.sampled_from(EventType)
WHAT = {"code": st.integers(1, 2000), "name": st.just("a rule"), "description": st.just("it is")}
MOVES = st.sampled_from(sorted(MONEY_TYPES))
LIMITS = st.integers(0, 300).map(Decimal)
SHORT_SIGHTED: st.SearchStrategy[Rule] = st.one_of(
    st.builds(Threshold, above=LIMITS, type=TYPES, **WHAT),
    st.builds(Streak, count=st.integers(2, 5), type=MOVES, **WHAT),
    st.builds(RisingStreak, count=st.integers(2, 5), type=TYPES, **WHAT),
    st.builds(
        WindowTotal, above=LIMITS, seconds=st.sampled_from([1, 30, 300]) | st.integers(1, 300), type=TYPES, **WHAT
    ),
    st.builds(WindowTotal, above=LIMITS, seconds=st.integers(301, 310), type=TYPES, **WHAT),
    st.builds(WindowCount, count=st.integers(1, 4), seconds=st.integers(250, 310), type=TYPES, **WHAT),
    st.builds(NetTotal, above=LIMITS, seconds=st.integers(250, 310), **WHAT),
    st.builds(NetTotal, above=LIMITS, period=st.just(Unit.DAY), zone=st.just("Asia/Kathmandu"), **WHAT),
)
RULE_LISTS = st.lists(SHORT_SIGHTED, min_size=1, max_size=5, unique_by=lambda rule: rule.code)
GAPS = st.sampled_from([1, 30, 299, 300, 301, 310, 5000]) | st.integers(1, 90)
DENSE = st.lists(st.tuples(TYPES, st.integers(1, 120).map(Decimal), st.just(0) | GAPS), min_size=4, max_size=20)


@st.composite
def scopes(draw: st.DrawFn, moments: list[int]) -> Scope:
    """Draw scopes that begin and end where something was played, or a second beside that."""
    since, until = (draw(st.sampled_from(moments)) + draw(st.integers(-1, 1)) for _ in range(2))
    return Scope(since=since, until=draw(st.sampled_from([None, max(since + 1, until)])))


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=FUNCTION_SCOPED,
)
@given(RULE_LISTS, st.lists(DENSE, min_size=1, max_size=4), st.data())
def test_a_backtest_raises_what_was_answered_live(
    app: APIFlask, database: str, rules: list[Rule], users: list[Steps], data: st.DataObject
) -> None:
    run_sql(database, "TRUNCATE activity_event, user_clock, alert")
    publish(app, rules)
    client, written, moments, answered = app.test_client(), format_rules(rules), [], []
    for user_id, played in enumerate(users, start=1):
        seen: list[oracle.Event] = []
        for event in map(as_sent, played_by(user_id, played, start=10_000)):
            moments.append(event.t)
            seen.append(event)
            answer = codes(client.post("/event", json=event.body()))
            assert answer == oracle.codes_after(seen, written)
            answered += [(user_id, event.t, code) for code in answer]
    assert raised(database, Scope(), rules) == answered
    # And of a part of the time: what came before it is history, though it is not read as a whole.
    for scope in data.draw(st.lists(scopes(moments), min_size=5, max_size=5)):
        until = BIGINT_MAX if scope.until is None else scope.until
        assert raised(database, scope, rules) == [each for each in answered if scope.since <= each[1] < until]


def test_the_result_does_not_depend_on_the_number_of_processes(app: APIFlask, sql: Sql) -> None:
    store(sql, users=60, each=40)
    edition = draft(app, [*RULES[:2], window(700, 90_000)])
    alone, shared = (document(report(app, edition, jobs, span)) for jobs, span in ((1, 10_000), (3, 100)))
    assert (alone["events"], alone["players"]) == (2400, 60)
    assert shared == alone


def report(app: APIFlask, edition: int, jobs: int, span: int) -> Report:
    with app.app_context():
        place = RunContext(database=wiring(app).database, engine=db.engine, jobs=jobs, span=span)
        return controllers.backtest(place, edition, 1, Scope(), Cost())


@pytest.mark.usefixtures("app")
def test_spans_are_of_similar_size_and_hold_each_player_once(sql: Sql, database: str) -> None:
    store(sql, users=30, each=20)
    sql("INSERT INTO activity_event (user_id, t, type, amount, alert_codes) VALUES (9000, 5, 'deposit', 1, '{}')")
    engine = create_engine(sqlalchemy_url(database))
    with snapshot_of(engine, "tests") as snapshot, snapshot.reader() as reader:
        spans = list(judging.plan(BacktestQueries(reader), Scope(), 50))
    engine.dispose()
    assert [each.events for each in spans] == [60] * 10 + [1]
    assert [spans[0].players.first, *(each.players.last + 1 for each in spans)] == [
        *(each.players.first for each in spans),
        BIGINT_MAX + 1,
    ]


@pytest.mark.usefixtures("app")
def test_gained_and_lost_alerts_are_the_difference_of_the_editions(sql: Sql, database: str) -> None:
    store(sql, users=20, each=30)
    other = [*RULES[1:], window(700, 1000)]
    both = judged(database, Scope(), other, RULES)
    raised, against = codes_of(judged(database, Scope(), other)), codes_of(judged(database, Scope(), RULES))
    assert codes_of(both) == raised
    assert codes_of(both, Series.AGAINST) == against
    assert codes_of(both, Series.GAINED) == Counter({700: raised[700]})
    assert codes_of(both, Series.LOST) == Counter({30: against[30]})


@pytest.mark.usefixtures("backtests_in_this_process")
def test_only_the_requested_players_and_time_are_judged(app: APIFlask, sql: Sql) -> None:
    store(sql, users=20, each=30)
    since, until = FIRST + 5000, FIRST + 9000
    body = backtest(app, 1, "--users", "3,7-9,400", "--since", since, "--until", until)
    asked = "user_id IN (3, 7, 8, 9) AND t >= %s AND t < %s"
    [(events,)] = sql(f"SELECT count(*) FROM activity_event WHERE {asked}", since, until)  # noqa: S608  # ours
    assert (body["events"], body["players"]) == (events, 4)
    assert body["users"] == "3,7-9,400"
    assert all(each["user_id"] in {3, 7, 8, 9} for each in samples(body))
    assert all(since <= each["t"] < until for each in samples(body))
    assert samples(body)


def samples(shown: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for found in shown["alerts"]["raised"]["samples"].values() for each in found]


SINCE, UNTIL = 10_000, 11_000
BEFORE = {
    EventType.WITHDRAW: [1000, 1100, 1200, 1300, 9900, 10_500],
    EventType.DEPOSIT: [2000, 2100, 2200, 2300, SINCE - 301, SINCE - 300, SINCE, UNTIL],
}


@pytest.mark.parametrize("window_of", [300, None], ids=["listed", "none"])
@pytest.mark.usefixtures("app")
def test_only_the_history_that_rules_need_is_read_before_the_scope(
    sql: Sql, database: str, window_of: int | None
) -> None:
    for kind, moments in BEFORE.items():
        for t in moments:
            play(sql, kind, t)
    play(sql, EventType.DEPOSIT, 5, user_id=2)  # who does nothing in the scope
    rules: list[Rule] = [
        Streak(code=1, name="", description="", type=EventType.WITHDRAW, count=4),
        RisingStreak(code=2, name="", description="", type=EventType.DEPOSIT, count=3),
        *([window(3, window_of)] if window_of else []),
    ]
    engine = create_engine(sqlalchemy_url(database))
    with snapshot_of(engine, "tests") as snapshot, snapshot.reader() as reader:
        needs, scope = needs_of_all(RuleSet(edition=1, rules=rules)), Scope(since=SINCE, until=UNTIL)
        read = [event for events in BacktestQueries(reader).events(scope, PlayerRange(1, 2), needs) for event in events]
    engine.dispose()
    # Those in the scope and in the window that ends as it begins; before them the last three of each type.
    last, within = {
        300: ([1100, 1200, 1300, 2200, 2300, SINCE - 301], [SINCE - 300, 9900]),
        None: ([1200, 1300, 2300, SINCE - 301, SINCE - 300, 9900], []),
    }[window_of]
    assert [(event.user_id, event.t) for event in read] == [(1, t) for t in (*last, *within, SINCE, 10_500)]


def play(sql: Sql, kind: EventType, t: int, amount: int = 1, user_id: int = 1) -> None:
    columns = "user_id, t, type, amount, alert_codes"
    sql(f"INSERT INTO activity_event ({columns}) VALUES (%s, %s, %s, %s, '{{}}')", user_id, t, kind.value, amount)  # noqa: S608  # ours


@pytest.mark.parametrize("seconds", [300, 301], ids=["listed", "summed"])
@pytest.mark.parametrize(("earlier", "expected"), [(0, [3]), (1, [])], ids=["its first second", "a second before"])
@pytest.mark.usefixtures("app")
def test_a_window_reaches_its_full_length_before_the_scope(
    sql: Sql, database: str, seconds: int, earlier: int, expected: list[int]
) -> None:
    play(sql, EventType.DEPOSIT, SINCE - seconds - earlier, 400)
    play(sql, EventType.DEPOSIT, SINCE, 200)
    found = raised(database, Scope(since=SINCE), [window(3, seconds)])
    assert found == [(1, SINCE, code) for code in expected]


def test_a_snapshot_ignores_concurrent_changes(sql: Sql, database: str) -> None:
    store(sql, users=2, each=3)
    engine = create_engine(sqlalchemy_url(database))
    with snapshot_of(engine, "tests") as snapshot:
        sql("DELETE FROM activity_event WHERE user_id = 1")
        with snapshot.reader() as reader:
            spans = list(judging.plan(BacktestQueries(reader), Scope(), 50))
    engine.dispose()
    assert [each.events for each in spans] == [6]


def test_a_snapshot_is_read_only_and_without_the_timeouts_of_the_service(sql: Sql, database: str) -> None:
    engine = create_engine(sqlalchemy_url(database))
    with snapshot_of(engine, "tests") as snapshot, snapshot.reader() as reader:

        def ask(statement: str) -> list[tuple[object, ...]]:
            return [row for rows in reader.rows(statement, {}) for row in rows]

        assert ask("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')") == [("0", "0")]
        assert ask("SELECT current_setting('transaction_read_only')") == [("on",)]
        with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            ask("SELECT setval('rule_book_audit_id_seq', 99)")
    engine.dispose()
    assert sql("SELECT 1") == [(1,)]


def test_files_are_written_beside_the_table(app: APIFlask, sql: Sql, tmp_path: Path) -> None:
    store(sql, users=5, each=9)
    done = flask(app, "backtest", 1, "--html", tmp_path / "page.html", "--json", tmp_path / "report.json", "--jobs", 1)
    assert done.exit_code == 0, done.output
    assert "45 events of 5 players" in done.stdout
    assert "a second and core" in done.stderr
    assert json.loads((tmp_path / "report.json").read_text())["events"] == 45
    assert "45 events of 5 players" in (tmp_path / "page.html").read_text()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["page.html", "report.json"]


def test_a_failed_write_is_reported_in_one_line_and_leaves_no_partial_file(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()  # while the events were judged
    with pytest.raises(click.ClickException, match=r"report\.json cannot be written: Is a directory"):
        cli.write(str(tmp_path / "report.json"), "{}")
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


def test_links_stay_links_and_files_keep_their_permissions(tmp_path: Path) -> None:
    report, link = tmp_path / "report.json", tmp_path / "link.json"
    report.write_text("old")
    report.chmod(0o640)
    link.symlink_to(report)
    cli.write(str(link), "{}")
    assert link.is_symlink()
    assert report.read_text() == "{}"
    assert S_IMODE(report.stat().st_mode) == 0o640
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.json", "report.json"]


@pytest.mark.usefixtures("backtests_in_this_process")
def test_pipes_and_devices_are_written_directly(app: APIFlask, sql: Sql, tmp_path: Path) -> None:
    store(sql, users=2, each=3)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        done = flask(app, "backtest", 1, "--json", pipe, "--html", os.devnull, "--jobs", 1)
        assert done.exit_code == 0, done.output
        assert json.loads(os.read(reader, 65536))["events"] == 6
    finally:
        os.close(reader)
    assert S_ISFIFO(pipe.stat().st_mode)
    assert [each.name for each in tmp_path.iterdir()] == ["pipe"]
    assert Path(os.devnull).is_char_device()


@pytest.mark.usefixtures("backtests_in_this_process")
@pytest.mark.parametrize("place", ["-", "/dev/stdout"])
def test_the_page_can_go_to_standard_output_instead_of_the_table(app: APIFlask, sql: Sql, place: str) -> None:
    store(sql, users=2, each=3)
    done = flask(app, "backtest", 1, "--html", place, "--jobs", 1)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("<!doctype html>")
    assert done.stdout.endswith("</html>\n")


@pytest.mark.usefixtures("backtests_in_this_process")
def test_an_empty_database_judges_no_events(app: APIFlask) -> None:
    assert backtest(app, 1, "--jobs", 1)["events"] == 0


WRONG = [
    (["7"], "there is no edition 7"),
    (["0"], "Invalid value for 'EDITION'"),
    (["1", "--users", "0"], "names no user ids"),
    (["1", "--since", "9", "--until", "9"], "no t is at least 9 and below 9"),
    (["1", "--jobs", "0"], "Invalid value for '--jobs'"),
    (["1", "--against", "8"], "there is no edition 8"),
    (["1", "--html", "/nowhere/page.html"], "/nowhere/page.html cannot be written: No such file or directory"),
    (["1", "--html", "x" * 256], "cannot be written: File name too long"),
    (["1", "--json", "."], ". is a folder"),
    (["1", "--json", "-", "--html", "-"], "only one of --json and --html can go to standard output"),
]


@pytest.mark.parametrize(("words", "expected"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_an_invalid_scope_is_refused_in_one_line(app: APIFlask, words: list[str], expected: str) -> None:
    done = flask(app, "backtest", *words)
    assert done.exit_code in {1, 2}
    assert expected in done.stderr
    assert "Traceback" not in done.output


def test_an_unreachable_database_is_reported_in_one_line(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = psycopg2.OperationalError("connection refused")
    with monkeypatch.context() as without:
        without.setattr("psycopg2.connect", Mock(side_effect=refused))
        done = flask(app, "backtest", 1)
    assert done.exit_code == 1
    assert "Error: the database cannot be read: connection refused" in done.stderr


@pytest.mark.usefixtures("backtests_in_this_process")
def test_a_backtest_changes_no_answer_to_clients(app: APIFlask) -> None:
    client = app.test_client()
    assert codes(send(client, "deposit", "201", 1)) == [123]
    body = backtest(app, 1, "--jobs", 1)
    counts = {"alerts": 1, "fresh": 1, "players": 1, "customers": 1, "alerts_per_1000_events": 1000.0}
    assert body["alerts"]["raised"]["codes"] == {"123": counts}
    assert body["summary"] == "Edition 1 raises 1 alert, all fresh (1,000.0 per 1,000 events), for 1 of 1 player."
    assert send(client, "deposit", "201", 1).headers["Idempotent-Replay"] == "true"
