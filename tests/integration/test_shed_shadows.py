"""A shadow that takes resources from events is shed and logged; the live edition never is (A47)."""

import json
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Event as Flag
from typing import Any

import pytest
from apiflask import APIFlask

from app.rulebook.forms import MAX_RULES
from lib.probe import fault_after
from tests.edition_1 import RULES, WRITTEN
from tests.integration import books
from tests.integration.clients import problem
from tests.integration.conftest import Sql
from tests.integration.judging import verified
from tests.integration.servers import MAX_WAIT, Serve, Server, post
from tests.integration.slow_clients import rush
from tests.integration.wiring import wiring

ALWAYS: dict[str, Any] = {**WRITTEN[1], "above": "0.00"}
HEAVY = [{**ALWAYS, "code": code, "seconds": 86_400} for code in range(1, MAX_RULES + 1)]
CLIENTS = 6
CALM = 6  # seconds: twice of what pressure has to last
SHED = "SELECT who, note, at_shell FROM rule_book_audit WHERE step = 'shed'"


@contextmanager
def load(port: int, clients: int = CLIENTS) -> Iterator[list[int]]:
    """Send events from more clients than there are threads; afterwards, what is in the list is what was answered."""
    ended, statuses = Flag(), list[int]()

    def play(number: int) -> list[int]:
        answers, t = list[int](), count(1_767_225_600)
        while not ended.is_set():
            answers.append(post(port, next(t), number))
        return answers

    with ThreadPoolExecutor(clients) as threads:
        playing = [threads.submit(play, number) for number in range(1, clients + 1)]
        try:
            yield statuses
        finally:
            ended.set()
        statuses += [status for each in playing for status in each.result()]


def served(serve: Serve, port: int) -> Server:
    server = serve(WEB_THREADS="1", LOG_LEVEL="WARNING")
    assert fault_after(MAX_WAIT, "127.0.0.1", port, "/health/ready") == ""
    return server


def shed_within(sql: Sql, seconds: float) -> Sequence[tuple[Any, ...]]:
    deadline = time.monotonic() + seconds
    while not (found := sql(SHED)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=MAX_WAIT) as answer:  # http
        return str(answer.read().decode())


def test_a_costly_shadow_is_shed_under_pressure_and_logged(app: APIFlask, serve: Serve, port: int, sql: Sql) -> None:
    edition = books.draft(app, RULES)
    books.write_into(sql, edition, json.dumps(HEAVY))  # as one from before there was a budget
    sql("UPDATE rule_book SET status = 'shadow' WHERE edition = %s", edition)
    server = served(serve, port)
    with load(port) as statuses:
        [(who, note, at_shell)] = shed_within(sql, MAX_WAIT)
        time.sleep(1)
        assert "activity_shadow_sheds_total 1.0" in metrics(port)
    assert 200 in statuses
    assert post(port, 1_900_000_000) == 200
    assert sql("SELECT status::text FROM rule_book ORDER BY edition") == [("live",), ("draft",)]
    assert who == "service"
    assert " of the events took the last free thread, and the shadow took " in note
    assert at_shell
    judged = sql("SELECT count(DISTINCT (user_id, t)) FROM alert WHERE shadow")
    stored = sql("SELECT count(*) FROM activity_event")
    assert 0 < judged[0][0] < stored[0][0], "it judged until then, and nothing after"
    findings = verified(app)
    assert (findings.differences, findings.agreeing[1]) == ([], stored[0][0]), "what it missed is no difference"
    server.terminate()
    _, output = server.communicate(timeout=MAX_WAIT)
    [shown] = [json.loads(line) for line in output.splitlines() if '"shadow shed"' in line]
    assert (shown["level"], shown["edition"]) == ("warning", edition)
    assert shown["back"] == f"when there is room: flask --app app rules shadow {edition}"


def test_a_costly_shadow_is_shed_after_a_rush_too(app: APIFlask, serve: Serve, port: int, sql: Sql) -> None:
    """Most threads sleep then, and requests wait unseen (lib.active_threads)."""
    server = serve(WEB_THREADS="4", LOG_LEVEL="WARNING")
    assert fault_after(MAX_WAIT, "127.0.0.1", port, "/health/ready") == ""
    rush(port, server.pid)
    edition = books.draft(app, RULES)
    books.write_into(sql, edition, json.dumps(HEAVY))
    sql("UPDATE rule_book SET status = 'shadow' WHERE edition = %s", edition)
    with load(port, clients=12):
        assert shed_within(sql, MAX_WAIT)


def test_a_cheap_shadow_stays_under_any_pressure(app: APIFlask, serve: Serve, port: int, sql: Sql) -> None:
    books.shadow(app, RULES)
    served(serve, port)
    with load(port):
        assert shed_within(sql, CALM) == []
    assert "activity_shadow_sheds_total 0.0" in metrics(port)
    assert sql("SELECT status::text FROM rule_book ORDER BY edition") == [("live",), ("shadow",)]


def test_a_live_edition_is_never_shed(serve: Serve, port: int, sql: Sql) -> None:
    books.write_into(sql, 1, json.dumps(HEAVY))
    try:
        served(serve, port)
        with load(port):
            assert shed_within(sql, CALM) == []
        assert sql("SELECT status::text FROM rule_book") == [("live",)]
    finally:
        books.write_into(sql, 1, json.dumps(WRITTEN))


def test_an_edition_above_the_budget_is_refused_naming_rules_and_remedy(app: APIFlask, sql: Sql) -> None:
    """100 rules, always met: 148 KB an event, and 73 % of the capacity."""
    answer = app.test_client().post("/rules", json={"rules": HEAVY})
    assert problem(answer) == (400, "invalid-rules")
    [output] = answer.get_json()["errors"]["rules"]
    assert output == (
        "A deposit could cost 131.8 KB of evidence and 101 statements, if it met all rules; an edition may cost "
        "64.0 KB and 100. Remove or shorten (a smaller count, fewer seconds) the rules that cost most: 1 (1.3 KB), "
        "2 (1.3 KB), 3 (1.3 KB), 4 (1.3 KB), 5 (1.3 KB) and 95 more."
    )
    assert sql("SELECT edition FROM rule_book") == [(1,)]


@pytest.mark.parametrize("step", ["shadow", "publish"])
def test_a_draft_above_the_budget_never_judges(app: APIFlask, sql: Sql, step: str) -> None:
    edition = books.draft(app, RULES)
    books.write_into(sql, edition, json.dumps(HEAVY))
    answer = app.test_client().post(f"/rules/{edition}/{step}")
    assert problem(answer) == (409, "wrong-step")
    assert answer.get_json()["detail"].startswith(f"edition {edition} costs too much: A deposit could cost 131.8 KB")
    again = app.test_client().post("/rules", json={"edition": edition})
    assert problem(again) == (400, "invalid-rules"), "nor does its copy"


def test_stored_alerts_are_no_larger_than_the_budget_assumes(app: APIFlask, sql: Sql) -> None:
    rules = [{**ALWAYS, "code": code, "seconds": 301 + code % 8} for code in range(1, 21)]
    assert app.test_client().post("/rules", json={"rules": rules}).status_code == 201
    app.test_client().post("/rules/2/publish")
    wiring(app).rule_book.refresh()
    for t in range(1_767_225_600, 1_767_225_600 + 120):
        event = {"type": "deposit", "amount": "999999999999.99", "user_id": 1, "t": t}
        assert app.test_client().post("/event", json=event).status_code == 200
    [(bytes_of_last,)] = sql("SELECT sum(length(evidence::text)) FROM alert WHERE t = (SELECT max(t) FROM alert)")
    spaces = 100 * 20 + 200  # that PostgreSQL displays and no answer contains
    assert bytes_of_last - spaces < 20 * 1350
