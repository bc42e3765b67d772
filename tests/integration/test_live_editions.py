"""Random editions on random histories: the live answers over HTTP equal the backtest's and the oracle's."""

import http.client
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from itertools import chain, count
from typing import Any

import pytest
from apiflask import APIFlask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.backtest.domain import PlayerRange, Scope
from app.rulebook import controllers
from app.rulebook.approval import Change
from app.rulebook.forms import format_rules
from app.rules.event import EventType
from app.rules.rule import Rule
from testkit.oracle import Event, codes_after
from tests.builders import as_sent, played_by
from tests.integration.conftest import AppWith, Sql
from tests.integration.judging import codes_of, judged, verified
from tests.integration.servers import MAX_WAIT, Serve
from tests.integration.wiring import wiring
from tests.strategies import CROWDED, EDITIONS, STARTS

ANN = Change(actor="ann")
EXAMPLES = 12
USERS = count(1)
Steps = list[tuple[EventType, Decimal, int]]


@pytest.fixture
def books(app_with: AppWith) -> APIFlask:
    return app_with()


def first_event() -> Event:
    """Return an event of a player who has none yet."""
    return Event(type="deposit", amount="1.00", user_id=next(USERS), t=1)


class Client:
    """Sends events over one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=MAX_WAIT)

    def send(self, event: Event) -> list[int]:
        self._connection.request("POST", "/event", json.dumps(event.body()), {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 200, body
        return list(body["alert_codes"])

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def live(serve: Serve, port: int) -> Iterator[Client]:
    serve(LOG_LEVEL="ERROR")  # its log is not read while it runs
    with closing(Client(port)) as client:
        deadline = time.monotonic() + MAX_WAIT
        while time.monotonic() < deadline:
            try:
                client.send(first_event())
            except OSError:
                client.close()
                time.sleep(0.1)
            else:
                break
        yield client


def judged_by(live: Client, sql: Sql, edition: int) -> None:
    """Return when the service judges by this edition."""
    deadline = time.monotonic() + MAX_WAIT
    while time.monotonic() < deadline:
        event = first_event()
        live.send(event)
        if sql("SELECT edition FROM activity_event WHERE user_id = %s", event.user_id) == [(edition,)]:
            return
        time.sleep(0.05)
    pytest.fail(f"edition {edition} is not followed")


def test_live_answers_are_those_of_the_backtest_and_of_the_oracle(
    books: APIFlask, live: Client, sql: Sql, database: str
) -> None:
    played = 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(EDITIONS, EDITIONS, STARTS, st.lists(CROWDED, min_size=1, max_size=4))
    def one_edition(rules: list[Rule], beside: list[Rule], start: int, histories: list[Steps]) -> None:
        nonlocal played
        store = wiring(books).database
        edition, shadow = (controllers.draft(store, each, ANN).edition for each in (rules, beside))
        controllers.shadow(store, shadow, ANN)
        controllers.publish(store, edition, ANN, four_eyes=False)
        judged_by(live, sql, edition)  # a worker that knows the later step knows the one before it
        for history in histories:
            user_id = next(USERS)
            sent = [as_sent(event) for event in played_by(user_id, history, start=start)]
            wanted, in_shadow = codes_of_each(sent, rules), codes_of_each(sent, beside)
            assert [live.send(event) for event in sent] == wanted, sent
            assert stored(sql, user_id, edition) == raised(sent, wanted)
            assert stored(sql, user_id, shadow) == raised(sent, in_shadow)
            only = Scope(players=[PlayerRange(user_id, user_id)])
            for each, codes in ((rules, wanted), (beside, in_shadow)):
                assert codes_of(judged(database, only, each)) == Counter(chain.from_iterable(codes))
            played += len(sent)

    one_edition()
    # That was how often each code is raised, player by player; this is which event raises which.
    findings = verified(books)
    assert findings.differences == []
    assert findings.agreeing.total() > played > EXAMPLES


def codes_of_each(sent: list[Event], rules: list[Rule]) -> list[list[int]]:
    """Return the codes that each event raises, as the oracle has them."""
    return [codes_after(sent[:count], format_rules(rules)) for count in range(1, len(sent) + 1)]


def raised(sent: list[Event], codes: list[list[int]]) -> list[tuple[int, int]]:
    return [(event.t, code) for event, each in zip(sent, codes, strict=True) for code in each]


def stored(sql: Sql, user_id: int, edition: int) -> list[tuple[Any, ...]]:
    """Return the alerts that were kept of an edition, in order of t, n and code."""
    return sql("SELECT t, code FROM alert WHERE user_id = %s AND edition = %s ORDER BY t, n, code", user_id, edition)
