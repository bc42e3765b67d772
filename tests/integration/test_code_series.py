"""The metric series of a code ends with the last edition in force that has it."""

import re
import time
import urllib.request
from collections.abc import Callable

import pytest
from apiflask import APIFlask

from app.rulebook.forms import parse_rules
from lib.probe import fault_after
from tests.edition_1 import RULES, WRITTEN
from tests.integration import books
from tests.integration.clients import codes, send
from tests.integration.servers import MAX_WAIT, Serve, post
from tests.integration.wiring import wiring

SERIES = re.compile(r'^activity_alert_codes_raised_total\{code="(\d+)"\} (\S+)$', re.MULTILINE)
OTHER = parse_rules([{**WRITTEN[3], "code": 9077, "type": "deposit", "above": "0.00"}])


def shown(app: APIFlask, accept: str = "") -> dict[int, float]:
    found = SERIES.findall(app.test_client().get("/metrics", headers={"Accept": accept}).text)
    return {int(code): float(number) for code, number in found}


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text"])
def test_the_series_of_a_retired_code_ends_and_resumes_when_it_returns(app: APIFlask, accept: str) -> None:
    contract = {30, 123, 300, 1100}
    edition = books.publish(app, OTHER)
    assert codes(send(app.test_client(), "deposit", "1", 1)) == [9077]
    [(code, before)] = shown(app, accept).items()
    assert (code, before >= 1) == (9077, True)
    books.publish(app, RULES)
    assert shown(app, accept).keys() == contract
    app.test_client().post(f"/rules/{edition}/publish", json={})
    wiring(app).rule_book.refresh()
    assert shown(app, accept) == {9077: before}


def test_a_code_of_the_shadow_has_a_series(app: APIFlask) -> None:
    books.publish(app, OTHER)
    books.publish(app, RULES)
    assert 9077 not in shown(app)
    books.shadow(app, OTHER)
    assert shown(app).keys() == {30, 123, 300, 1100, 9077}


def test_all_workers_end_the_series_of_a_retired_code(app: APIFlask, serve: Serve, port: int) -> None:
    books.publish(app, OTHER)
    serve(WEB_WORKERS="2")
    assert fault_after(MAX_WAIT, "127.0.0.1", port, "/health/ready") == ""
    assert {post(port, t) for t in range(1, 9)} == {200}
    assert until(lambda: over_http(port) == {9077})
    books.publish(app, RULES)
    assert until(lambda: all(over_http(port) == {30, 123, 300, 1100} for _ in range(8)))  # whichever worker answers


def over_http(port: int) -> set[int]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=MAX_WAIT) as answer:  # http
        return {int(code) for code, _ in SERIES.findall(answer.read().decode())}


def until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + MAX_WAIT
    while time.monotonic() < deadline:
        if holds():
            return True  # not asked again: another worker may answer then
        time.sleep(0.1)
    return False
