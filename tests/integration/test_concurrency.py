"""Many events of one player at once are handled as if one had come after the other (A6)."""

from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier

import pytest
from werkzeug.test import TestResponse

from testkit import oracle
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql

THREADS = 16


@pytest.mark.parametrize("seed", range(3))
def test_sixteen_threads_on_one_user_equal_some_serial_order(app_with: AppWith, sql: Sql, seed: int) -> None:
    random = Random(seed)  # noqa: S311  # no secret: the same play every time
    moments = random.sample(range(400), THREADS * 6)
    events = [
        oracle.Event(type=random.choice(["deposit", "withdraw"]), amount=str(random.randint(1, 120)), user_id=1, t=t)
        for t in moments
    ]
    app, start = app_with(), Barrier(THREADS)

    def play(own: list[oracle.Event]) -> list[tuple[oracle.Event, TestResponse]]:
        client = app.test_client()
        start.wait()
        return [(event, client.post("/event", json=event.body())) for event in own]

    with ThreadPoolExecutor(THREADS) as threads:
        shares = [events[each::THREADS] for each in range(THREADS)]
        answers = [answer for share in threads.map(play, shares) for answer in share]
    taken = sorted((event.t, event, answer) for event, answer in answers if answer.status_code == 200)
    assert {problem(answer) for _, answer in answers if answer.status_code != 200} <= {(400, "out-of-order")}
    judge = oracle.Oracle()
    assert [answer.get_json() for *_, answer in taken] == [judge.answer(event) for _, event, _ in taken]
    assert sql("SELECT t FROM activity_event ORDER BY t") == [(t,) for t, *_ in taken]


def test_the_same_event_sixteen_times_at_once_is_stored_once(app_with: AppWith, sql: Sql) -> None:
    app, start = app_with(), Barrier(THREADS)

    def play(_: int) -> TestResponse:
        start.wait()
        return send(app.test_client(), "deposit", "201", 10)

    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(play, range(THREADS)))
    assert [codes(answer) for answer in answers] == [[123]] * THREADS
    assert sum("Idempotent-Replay" not in answer.headers for answer in answers) == 1
    assert sql("SELECT count(*) FROM activity_event") == [(1,)]
