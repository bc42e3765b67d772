"""Random editions on random histories, live over HTTP: every answer is the naive oracle's."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.events.domain import EventType
from app.events.rules import Rule
from app.rulebook import controllers
from app.rulebook.controllers import Hand
from app.rulebook.forms import written_rules
from lib.database import Database
from tests.integration.conftest import AppWith, Sql
from tests.integration.servers import LONGEST, Serve
from tests.unit import naive
from tests.unit.naive import Played
from tests.unit.rule_drawing import EDITIONS, PLAYED

ANN = Hand(who="ann")
EXAMPLES = 12
USERS = count(1)
FIRST = Played("deposit", Decimal(1), 1)
Steps = list[tuple[EventType, Decimal, int]]


@pytest.fixture
def books(app_with: AppWith) -> Database:
    database: Database = app_with().extensions["database"]
    return database


class Client:
    """Sends events over one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST)

    def send(self, user_id: int, played: Played) -> list[int]:
        body = json.dumps({"type": played.type, "amount": f"{played.amount:.2f}", "user_id": user_id, "t": played.t})
        self._connection.request("POST", "/event", body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        told = json.loads(answer.read())
        assert answer.status == 200, told
        return list(told["alert_codes"])

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def live(serve: Serve, port: int) -> Iterator[Client]:
    serve(LOG_LEVEL="ERROR")  # nobody reads its log while it runs
    with closing(Client(port)) as client:
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            try:
                client.send(next(USERS), FIRST)
            except OSError:
                client.close()
                time.sleep(0.1)
            else:
                break
        yield client


def judged_by(live: Client, sql: Sql, edition: int) -> None:
    """Return when the service judges by this edition."""
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        user_id = next(USERS)
        live.send(user_id, FIRST)
        if sql("SELECT edition FROM activity_event WHERE user_id = %s", user_id) == [(edition,)]:
            return
        time.sleep(0.05)
    pytest.fail(f"edition {edition} is not followed")


def test_random_editions_answer_as_the_naive_oracle(books: Database, live: Client, sql: Sql) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(EDITIONS, st.lists(PLAYED, min_size=1, max_size=4))
    def one_edition(rules: list[Rule], histories: list[Steps]) -> None:
        edition = controllers.draft(books, rules, ANN).edition
        controllers.publish(books, edition, ANN, four_eyes=False)
        judged_by(live, sql, edition)
        for history in histories:
            play(live, written_rules(rules), history)

    one_edition()


def play(live: Client, written: list[dict[str, object]], history: Steps) -> None:
    user_id, t = next(USERS), 0
    seen: list[Played] = []
    for kind, amount, gap in history:
        t += gap
        seen.append(Played(kind.value, amount, t))
        assert live.send(user_id, seen[-1]) == naive.codes(written, seen), seen
