"""Rules for groups: whichever way an event comes, it is judged with the groups whose version it keeps (A56)."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from threading import Event as Signal
from typing import NamedTuple

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.backtest.documents import document
from app.backtest.domain import Scope
from app.backtest.page import render
from app.backtest.tables import groups_line
from app.events.batch.queries import histories_query
from app.events.history_query import HistoryQuery, history_queries
from app.events.queries import EventQueries
from app.rules.engine import Evaluator, RuleSet
from app.rules.event import ActivityEvent, EventType
from app.rules.history import HistoryNeeds
from app.rules.rule import Rule
from app.rules.streak import Streak
from app.rules.threshold import Threshold
from app.rules.window_total import WindowTotal
from lib.statements import Statement
from tests.builders import withdraw
from tests.edition_1 import RULES
from tests.integration.batches import results, send_array
from tests.integration.books import publish, shadow
from tests.integration.clients import codes, send
from tests.integration.conftest import AppWith, Sql
from tests.integration.importing import csv_of, imported
from tests.integration.judging import judged, raised, verified
from tests.integration.raw_http import await_health
from tests.integration.servers import Serve
from tests.integration.wiring import wiring

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")

WITHDRAW = EventType.WITHDRAW
VIP, YOUNG, LIMITED = "vip", "18-24", "self-limited"
NAMED = {"name": "a rule", "description": "a rule", "type": WITHDRAW}
FOR_GROUPS: Sequence[Rule] = (
    Threshold(code=1, above=Decimal(100), groups=frozenset({VIP}), **NAMED),  # type: ignore[arg-type]  # of mixed types
    Threshold(code=2, above=Decimal(50), except_groups=frozenset({LIMITED}), **NAMED),  # type: ignore[arg-type]  # as above
    Streak(code=3, count=2, groups=frozenset({VIP, YOUNG}), except_groups=frozenset({LIMITED}), **NAMED),  # type: ignore[arg-type]  # as above
    WindowTotal(code=4, above=Decimal(200), seconds=400, groups=frozenset({YOUNG}), **NAMED),  # type: ignore[arg-type]  # as above
    WindowTotal(code=5, above=Decimal(200), seconds=40, except_groups=frozenset({YOUNG}), **NAMED),  # type: ignore[arg-type]  # as above
)
WITHOUT_SUMS = FOR_GROUPS[:3]
SEED = 59  # of a history in which each rule is met twice at least
VERSIONS = "SELECT t, groups_version FROM activity_event WHERE user_id = %s ORDER BY t"


def register(client: FlaskClient, user_id: int = 1, groups: Sequence[str] = ()) -> None:
    new = {"user_id": user_id, "name": "Ada", "email": f"{user_id}@example.com", "groups": groups}
    assert client.post("/users", json=new).status_code == 201


def put_into(client: FlaskClient, groups: Sequence[str], user_id: int = 1) -> int:
    """Change the groups of a player; return the version."""
    answer = client.put(f"/users/{user_id}", json={"groups": groups})
    assert answer.status_code == 200, answer.text
    version: int = answer.get_json()["version"]
    return version


def differences(app: APIFlask) -> list[str]:
    findings = verified(app)
    return [*(each.what for each in findings.differences), *(each.what for each in findings.losses)]


SIDES = [
    ([], [2]),
    ([VIP], [1, 2]),
    ([YOUNG], [2]),
    ([LIMITED], []),
    ([LIMITED, VIP], [1]),
]


@pytest.mark.parametrize(("groups", "expected"), SIDES)
def test_only_players_whom_a_rule_is_for_meet_it(
    app: APIFlask, client: FlaskClient, groups: list[str], expected: list[int]
) -> None:
    publish(app, FOR_GROUPS)
    register(client, groups=groups)
    assert codes(send(client, "withdraw", "101", 1)) == expected
    assert differences(app) == []


def test_a_change_counts_from_the_next_event_on(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    publish(app, FOR_GROUPS)
    register(client)
    assert codes(send(client, "withdraw", "150", 1)) == [2]
    assert put_into(client, [VIP]) == 1
    assert codes(send(client, "withdraw", "150", 2)) == [1, 2, 3, 5]
    assert put_into(client, [LIMITED]) == 2
    assert codes(send(client, "withdraw", "150", 100)) == []
    assert codes(send(client, "withdraw", "150", 2)) == [1, 2, 3, 5], "a replay has the first answer"
    assert sql(VERSIONS, 1) == [(1, 0), (2, 1), (100, 2)]
    assert differences(app) == []


def test_a_player_who_is_not_registered_is_in_no_group(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    publish(app, FOR_GROUPS)
    assert codes(send(client, "withdraw", "150", 1)) == [2]
    [decided] = results(send_array(client, [{"type": "withdraw", "amount": "150", "user_id": 2, "t": 1}]))
    assert decided["alert_codes"] == [2]
    assert sql("SELECT DISTINCT groups_version FROM activity_event") == [(0,)]


def test_players_of_one_batch_are_each_judged_with_their_own_groups(
    app: APIFlask, client: FlaskClient, sql: Sql
) -> None:
    publish(app, WITHOUT_SUMS)
    for user_id, groups in ((1, [VIP]), (2, [LIMITED]), (3, [])):
        register(client, user_id, groups)
    put_into(client, [VIP, YOUNG])
    sent = [{"type": "withdraw", "amount": "150", "user_id": user, "t": t} for t in (1, 2) for user in (4, 3, 2, 1)]
    sent[-1]["event_id"] = "last"
    sent[-5]["event_id"] = "first"
    answered = [each["alert_codes"] for each in results(send_array(client, sent))]
    assert answered == [[2], [2], [], [1, 2], [2], [2], [], [1, 2, 3]]
    kept = "SELECT user_id, array_agg(groups_version ORDER BY t) FROM activity_event GROUP BY 1 ORDER BY 1"
    assert sql(kept) == [(1, [2, 2]), (2, [1, 1]), (3, [0, 0]), (4, [0, 0])]
    assert differences(app) == []


def test_rules_for_everybody_read_and_keep_no_groups(client: FlaskClient, sql: Sql) -> None:
    evaluator = Evaluator.of(RuleSet(edition=1, rules=RULES))
    statements = [each.plain.statement for each in history_queries(evaluator).values()]
    statements += [histories_query(evaluator).statement]
    assert not any("registered_user" in each.sql for each in statements)
    register(client, groups=[VIP])
    send(client, "withdraw", "150", 1)
    send_array(client, [{"type": "withdraw", "amount": "150", "user_id": 1, "t": 2}])
    assert sql(VERSIONS, 1) == [(1, None), (2, None)]


SEQUENTIAL = Statement(
    "sequential_scans", (), "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'registered_user'"
)


def test_groups_are_found_by_index_however_small_the_register_was(app: APIFlask, sql: Sql) -> None:
    sql("INSERT INTO registered_user (user_id, name, email) VALUES (1, 'Ada', 'ada@example.com')")
    sql("ANALYZE registered_user")
    query = HistoryQuery("of_groups", HistoryNeeds(groups=True))
    with wiring(app).database.transaction() as current:
        claim = EventQueries(current).claim_next_moment(withdraw("1", 5), query)
        assert (claim and claim.groups_version, current.fetch(SEQUENTIAL)) == (0, [(0,)])
        current.rollback()


class Step(NamedTuple):
    """What a player does: an event, or the platform changes the groups."""

    event: ActivityEvent | None = None
    groups: Sequence[str] = ()


def play(seed: int) -> list[Step]:
    """Return a history that changes groups again and again."""
    random = Random(seed)  # noqa: S311  # no secret: the same play every time
    steps, t = [Step(groups=[VIP])], 0
    for _ in range(20):
        t += random.choice([1, 2, 39, 40, 41, 399, 400, 401])
        kind = random.choice([WITHDRAW, WITHDRAW, EventType.DEPOSIT])
        amount = Decimal(random.choice(["50.00", "50.01", "100.00", "100.01"]))
        steps.append(Step(ActivityEvent(user_id=0, t=t, type=kind, amount=amount)))
        if random.random() < 0.25:
            steps.append(Step(groups=random.sample([VIP, YOUNG, LIMITED], random.randrange(3))))
    return steps


def expected(steps: Sequence[Step]) -> dict[int, list[int]]:
    """Return the codes of each event: an oracle that reads the steps and nothing of the service."""
    groups: set[str] = set()
    before: list[ActivityEvent] = []
    found = {}
    for step in steps:
        if step.event is None:
            groups = set(step.groups)
            continue
        before.append(step.event)
        found[step.event.t] = list(_codes(before, groups))
    return found


def _codes(events: Sequence[ActivityEvent], groups: set[str]) -> Iterator[int]:
    last, is_withdrawal = events[-1], events[-1].type is WITHDRAW
    taken = [(last.t - each.t, each.amount) for each in events if each.type is WITHDRAW]
    if is_withdrawal and last.amount > 100 and VIP in groups:
        yield 1
    if is_withdrawal and last.amount > 50 and LIMITED not in groups:
        yield 2
    two = len(events) > 1 and is_withdrawal and events[-2].type is WITHDRAW
    if two and groups & {VIP, YOUNG} and LIMITED not in groups:
        yield 3
    if sum(amount for ago, amount in taken if ago <= 400) > 200 and YOUNG in groups:
        yield 4
    if sum(amount for ago, amount in taken if ago <= 40) > 200 and YOUNG not in groups:
        yield 5


class Player:
    """A player whose steps come in one way or another; what comes between two changes of groups is a segment."""

    def __init__(self, app: APIFlask, folder: Path, user_id: int) -> None:
        self.app, self.client, self._folder, self.user_id = app, app.test_client(), folder, user_id
        register(self.client, user_id)

    def play(self, steps: Sequence[Step], way: str) -> None:
        segment: list[ActivityEvent] = []
        for step in [*steps, Step()]:
            if step.event is not None:
                segment.append(replace(step.event, user_id=self.user_id))
                continue
            if segment:
                getattr(self, way)(segment)
                segment = []
            put_into(self.client, step.groups, self.user_id)

    def singly(self, events: Sequence[ActivityEvent]) -> None:
        for each in events:
            codes(send(self.client, each.type, str(each.amount), each.t, each.user_id))

    def together(self, events: Sequence[ActivityEvent]) -> None:
        sent = [
            {"type": each.type, "amount": str(each.amount), "user_id": each.user_id, "t": each.t} for each in events
        ]
        assert {each["status"] for each in results(send_array(self.client, sent))} == {200}

    def late(self, events: Sequence[ActivityEvent]) -> None:
        self.singly(list(reversed(events)))

    def imported(self, events: Sequence[ActivityEvent]) -> None:
        output = imported(self.app, csv_of(self._folder / f"{self.user_id}-{events[0].t}.csv", list(events)))
        assert "differ" not in output


BELIEVED = """
    SELECT t, coalesce((
        SELECT codes_after FROM revision WHERE user_id = event.user_id AND t = event.t ORDER BY no DESC LIMIT 1
    ), alert_codes) FROM activity_event AS event WHERE user_id = %s ORDER BY t
"""
IN_SHADOW = """
    SELECT t, array(SELECT code FROM alert WHERE user_id = event.user_id AND t = event.t AND shadow ORDER BY code)
    FROM activity_event AS event WHERE user_id = %s ORDER BY t
"""
WAYS = {1: "singly", 2: "together", 3: "late", 4: "imported"}
SHADOWED = {5: "singly", 6: "together", 7: "imported"}
WITHOUT = {8: "singly", 9: "imported"}


def test_every_way_of_judging_agrees(app_with: AppWith, database: str, sql: Sql, tmp_path: Path) -> None:
    app, steps = app_with(late_events="keep"), play(SEED)
    answer = expected(steps)
    assert {code for of_event in answer.values() for code in of_event} == {1, 2, 3, 4, 5}
    publish(app, FOR_GROUPS)
    for user_id, way in WAYS.items():
        Player(app, tmp_path, user_id).play(steps, way)
        assert dict(sql(BELIEVED, user_id)) == answer, way
    publish(app, RULES)
    for user_id, way in WITHOUT.items():
        Player(app, tmp_path, user_id).play(steps, way)
    shadow(app, FOR_GROUPS)
    for user_id, way in SHADOWED.items():
        Player(app, tmp_path, user_id).play(steps, way)
        assert dict(sql(IN_SHADOW, user_id)) == answer, way
    # The versions that events kept; and of those without, what was in force when they were received.
    assert sql("SELECT DISTINCT user_id FROM activity_event WHERE groups_version IS NULL ORDER BY 1") == [(8,), (9,)]
    one = [(t, code) for t, of_event in answer.items() for code in of_event]
    assert raised(database, Scope(), FOR_GROUPS) == [(user_id, *each) for user_id in range(1, 10) for each in one]
    report = judged(database, Scope(), FOR_GROUPS)
    assert document(report)["groups"] == {"kept": 7 * len(answer), "when_received": 2 * len(answer)}
    said = f"{7 * len(answer)} events by the version they kept, {2 * len(answer)} events by that in force"
    assert said in groups_line(report)
    assert said in render(report, datetime.now(UTC))
    assert document(judged(database, Scope(), RULES))["groups"] is None
    assert differences(app) == []


def test_a_late_event_sees_the_present_groups_and_later_ones_keep_theirs(app_with: AppWith, sql: Sql) -> None:
    app = app_with(late_events="keep")
    client = app.test_client()
    publish(app, WITHOUT_SUMS)
    register(client, groups=[YOUNG])
    send(client, "deposit", "1", 10)
    assert codes(send(client, "withdraw", "10", 30)) == []
    put_into(client, [LIMITED])
    assert codes(send(client, "withdraw", "60", 20)) == [], "judged by its own groups"
    assert sql("SELECT t, codes_after FROM revision") == [(30, [3])]
    assert sql(VERSIONS, 1) == [(10, 1), (20, 2), (30, 1)]
    assert differences(app) == []


def test_a_corrected_event_keeps_the_groups_that_it_was_judged_with(
    app: APIFlask, client: FlaskClient, sql: Sql
) -> None:
    publish(app, WITHOUT_SUMS)
    register(client, groups=[VIP])
    send(client, "deposit", "150", 10)
    send(client, "withdraw", "10", 20)
    put_into(client, [LIMITED])
    amended = client.post("/users/1/events/10/amendment", json={"reason": "typing error", "type": "withdraw"})
    revised = [(each["t"], each["codes_after"]) for each in amended.get_json()["revised"]]
    assert revised == [(10, [1, 2]), (20, [3])]
    reversal = client.post("/users/1/events/10/reversal", json={"reason": "charge-back"})
    assert [each["codes_after"] for each in reversal.get_json()["revised"]] == [[], []]
    assert sql("SELECT no, groups_version FROM superseded_event ORDER BY no") == [(1, 1), (2, 1)]
    assert differences(app) == []


def tamper(sql: Sql, table: str, statement: str) -> None:
    """Change rows as nobody but the owner of the tables can."""
    sql(f"ALTER TABLE {table} DISABLE TRIGGER USER; {statement}; ALTER TABLE {table} ENABLE TRIGGER USER")


TAMPERED = [
    ("activity_event", "UPDATE activity_event SET groups_version = 2 WHERE t = 10", "edition 2 raises nothing"),
    ("activity_event", "UPDATE activity_event SET groups_version = NULL WHERE t = 10", "names no version"),
    ("activity_event", "UPDATE activity_event SET groups_version = 7 WHERE t = 10", "is not stored"),
    ("player_change", "UPDATE player_change SET new_groups = '{self-limited}' WHERE version = 1", "raises nothing"),
    ("player_change", "DELETE FROM player_change WHERE version = 1", "is not stored"),
]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("tampered", TAMPERED)
def test_verify_finds_groups_that_were_changed_later(
    app_with: AppWith, sql: Sql, tampered: tuple[str, str, str], *, late: bool
) -> None:
    table, statement, said = tampered
    app = app_with(late_events="keep")
    client = app.test_client()
    publish(app, WITHOUT_SUMS)
    register(client, groups=[YOUNG])
    send(client, "withdraw", "60", 10)
    put_into(client, [LIMITED])
    send(client, "withdraw", "60", 20)
    if late:
        send(client, "withdraw", "60", 15)
    assert differences(app) == []
    tamper(sql, table, statement)
    assert said in " ".join(differences(app))


def test_a_seal_covers_the_version_even_where_the_answer_stays(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    publish(app, WITHOUT_SUMS)
    register(client, groups=[YOUNG])
    send(client, "withdraw", "60", 10)
    put_into(client, [])
    assert app.test_cli_runner().invoke(args=["rules", "seal"]).exit_code == 0
    assert differences(app) == []
    sql("UPDATE activity_event SET groups_version = 2")
    assert "were changed" in " ".join(differences(app))


CODES_AND_GROUPS = """
    SELECT alert_codes, new_groups FROM activity_event JOIN player_change USING (user_id)
    WHERE version = groups_version ORDER BY t
"""


def test_an_event_beside_a_change_names_the_version_that_it_saw(
    app: APIFlask, serve: Serve, port: int, sql: Sql
) -> None:
    """Over HTTP, from two threads: either version is right, but the row names the one."""
    publish(app, WITHOUT_SUMS)
    client = app.test_client()
    register(client, groups=[VIP])
    serve()
    await_health(port)
    done = Signal()

    def change() -> int:
        changes = 0
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        while not done.is_set():
            groups = [LIMITED] if changes % 2 else [VIP]
            connection.request("PUT", "/users/1", json.dumps({"groups": groups}), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read())["groups"]) == (200, groups)
            changes += 1
        connection.close()
        return changes

    def send_all() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        for t in range(1, 100):
            event = {"type": "withdraw", "amount": "150", "user_id": 1, "t": t}
            connection.request("POST", "/event", json.dumps(event), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
        connection.close()
        done.set()

    with ThreadPoolExecutor(2) as threads:
        changing, sending = threads.submit(change), threads.submit(send_all)
        sending.result()
        changing.result()
    first, *rest = sql(CODES_AND_GROUPS)
    assert len(rest) == 98
    assert all((1 in found) == (groups == [VIP]) for found, groups in (first, *rest))
    assert {tuple(groups) for _, groups in rest} == {(VIP,), (LIMITED,)}
    assert differences(app) == []
