"""Publishing under load: one edition judges each event, and all workers soon use the new one."""

import http.client
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from threading import Event as Flag

import psutil
import pytest
from apiflask import APIFlask

from app.rulebook import controllers
from app.rulebook.approval import Change
from app.rulebook.forms import parse_rules
from app.rules.engine import evaluate, needs_of
from app.rules.event import ActivityEvent, EventType
from app.rules.rule import Rule
from lib.database import Database
from tests.builders import history_of
from tests.edition_1 import RULES, WRITTEN
from tests.integration.conftest import Sql
from tests.integration.servers import MAX_WAIT, Serve
from tests.integration.wiring import wiring

ANN = Change(actor="ann")
WORKERS = 3
THREADS, USERS_EACH = 4, 10
PROMISED = timedelta(seconds=1)
# Which edition comes after how many seconds: at another moment between two looks of the workers each time.
TURNS = ((1.5, 2), (1.6, 3), (2.2, 1), (1.4, 2), (1.9, 1), (2.5, 3), (1.7, 2))
EVENTS_A_CONNECTION = 10  # each new connection may come to another worker
STREAK, WINDOW, RISING, LARGE = WRITTEN
# Codes, thresholds and histories differ, so that judging by one edition and answering by another shows.
WIDE = parse_rules(
    [
        {**STREAK, "count": 5},
        {**WINDOW, "seconds": 120, "above": "150.00"},
        {**RISING, "count": 2},
        {**LARGE, "above": "40.00"},
    ]
)
LONG = parse_rules(
    [
        {**STREAK, "code": 31, "count": 2, "evaluated_on": ["withdraw"]},
        {**WINDOW, "code": 124, "seconds": 600, "above": "500.00"},
        {**WINDOW, "code": 125, "seconds": 5, "type": "withdraw", "above": "60.00"},
    ]
)
SHADOW = parse_rules(
    [{**STREAK, "code": 77, "type": "deposit"}, {**WINDOW, "code": 78, "seconds": 60, "above": "90.00"}]
)

Stored = tuple[int, int, str, Decimal, list[int], int, datetime]
Kept = dict[tuple[int, int, bool], list[tuple[int, int, dict[str, object]]]]


@dataclass(frozen=True, slots=True)
class Publication:
    """When an edition took the place of another, by the database's clock."""

    at: datetime
    former: int
    edition: int


class Player:
    """Plays some players of their own, over connection after connection."""

    def __init__(self, port: int, number: int) -> None:
        self._port = port
        self._random = Random(number)  # noqa: S311  # no secret: the same play every time
        self._clocks = {number * USERS_EACH + user: 0 for user in range(1, USERS_EACH + 1)}

    def play(self, ended: Flag) -> int:
        """Send events until it has ended; return how many that were."""
        sent = 0
        while not ended.is_set():
            with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=MAX_WAIT)) as connection:
                for _ in range(EVENTS_A_CONNECTION):
                    self._send(connection)
                    sent += 1
        return sent

    def _send(self, connection: http.client.HTTPConnection) -> None:
        user_id = self._random.choice(list(self._clocks))
        self._clocks[user_id] += self._random.randint(1, 12)
        event = {
            "type": self._random.choice(["deposit", "withdraw"]),
            "amount": f"{self._random.randint(100, 11_000) / 100:.2f}",
            "user_id": user_id,
            "t": self._clocks[user_id],
        }
        connection.request("POST", "/event", json.dumps(event), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body


@contextmanager
def load(port: int) -> Iterator[list[int]]:
    """Keep several threads busy; afterwards, what is in the list is how many events each sent."""
    ended, sent = Flag(), list[int]()
    with ThreadPoolExecutor(THREADS) as threads:
        playing = [threads.submit(Player(port, number).play, ended) for number in range(THREADS)]
        try:
            yield sent
        finally:
            ended.set()
        sent += [each.result() for each in playing]


@pytest.fixture
def books(app: APIFlask) -> Database:
    database: Database = wiring(app).database
    return database


@pytest.fixture
def editions(books: Database) -> Mapping[int, Sequence[Rule]]:
    """Three editions that take turns, and one in the shadow all the while."""
    for rules in (WIDE, LONG, SHADOW):
        controllers.draft(books, rules, ANN)
    controllers.shadow(books, 4, ANN)
    return {1: RULES, 2: WIDE, 3: LONG, 4: SHADOW}


@pytest.fixture
def workers(serve: Serve, port: int, editions: object) -> list[psutil.Process]:  # noqa: ARG001  # the book is there first
    """The workers of a service that has begun to answer."""
    server = serve(WEB_WORKERS=str(WORKERS), LOG_LEVEL="ERROR")  # its log is not read while it runs
    deadline = time.monotonic() + MAX_WAIT
    while time.monotonic() < deadline:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=MAX_WAIT)) as connection:
                connection.request("GET", "/health/ready")
                if connection.getresponse().status == 200:
                    return psutil.Process(server.pid).children()
        except OSError:
            time.sleep(0.1)
    pytest.fail("the service does not answer")


def publish_in_turn(books: Database) -> list[Publication]:
    publications = []
    former = 1
    for pause, edition in TURNS:
        time.sleep(pause)
        published = controllers.publish(books, edition, ANN, four_eyes=False, over=former)
        assert published.published_at is not None
        publications.append(Publication(published.published_at, former, edition))
        former = edition
    time.sleep(PROMISED.total_seconds() * 1.5)
    return publications


def test_no_event_fails_while_editions_are_published_under_load(
    books: Database, editions: Mapping[int, Sequence[Rule]], workers: list[psutil.Process], port: int, sql: Sql
) -> None:
    worked = {worker.pid: worker.cpu_times().user for worker in workers}
    with load(port) as sent:
        publications = publish_in_turn(books)
    assert len(workers) == WORKERS
    assert all(worker.cpu_times().user > worked[worker.pid] for worker in workers), "one of them had nothing to do"
    stored: list[Stored] = sql(
        "SELECT user_id, t, type::text, amount, alert_codes, edition, received_at"
        " FROM activity_event ORDER BY user_id, t"
    )
    assert len(stored) == sum(sent) > 500
    assert_whole(stored, editions, alerts_kept(sql))
    assert_followed(stored, publications)


def alerts_kept(sql: Sql) -> Kept:
    kept: Kept = defaultdict(list)
    for user_id, t, shadow, code, edition, evidence in sql(
        "SELECT user_id, t, shadow, code, edition, evidence FROM alert ORDER BY user_id, t, code"
    ):
        kept[user_id, t, shadow].append((code, edition, evidence))
    return kept


def assert_whole(stored: Sequence[Stored], editions: Mapping[int, Sequence[Rule]], kept: Kept) -> None:
    """Judge each event again by its edition alone: codes and evidence are those that were stored."""
    earlier: defaultdict[int, list[ActivityEvent]] = defaultdict(list)
    for user_id, t, kind, amount, codes, edition, _ in stored:
        event = ActivityEvent(user_id=user_id, t=t, type=EventType(kind), amount=amount)
        judged = judged_again(editions[edition], event, earlier[user_id])
        assert [code for code, _ in judged] == codes, (event, edition)
        assert [(code, number, shown["sentence"]) for code, number, shown in kept.pop((user_id, t, False), [])] == [
            (code, edition, sentence) for code, sentence in judged
        ], (event, edition)
        of_shadow = judged_again(editions[4], event, earlier[user_id])
        assert [(code, number, shown["sentence"]) for code, number, shown in kept.pop((user_id, t, True), [])] == [
            (code, 4, sentence) for code, sentence in of_shadow
        ], event
        earlier[user_id].append(event)
    assert kept == {}, "alerts without an event"


def judged_again(
    rules: Sequence[Rule], event: ActivityEvent, earlier: Sequence[ActivityEvent]
) -> list[tuple[int, str]]:
    history = history_of(earlier, needs_of(rules, event.type), event.t)
    return [(alert.code, alert.sentence) for alert in evaluate(rules, event, history)]


def assert_followed(stored: Sequence[Stored], publications: Sequence[Publication]) -> None:
    """Between two publications: at first events of both editions, and soon of the new one alone."""
    ends = [each.at for each in publications[1:]] + [datetime.max.replace(tzinfo=publications[0].at.tzinfo)]
    for publication, end in zip(publications, ends, strict=True):
        meanwhile = [(at, edition) for *_, edition, at in stored if publication.at <= at < end]
        assert {edition for _, edition in meanwhile} <= {publication.former, publication.edition}
        late = [at - publication.at for at, edition in meanwhile if edition == publication.former]
        slowest = max(late, default=timedelta())
        assert slowest < PROMISED, f"edition {publication.former} judged {slowest} longer"
        assert any(edition == publication.edition for _, edition in meanwhile)
