"""Batches over HTTP: a part of a day of play, 500 events at a time, equals the oracle; sent again it is replayed."""

import json
from collections.abc import Sequence
from itertools import islice
from typing import Any

import httpx
import pytest
from schemathesis import GenerationMode

from e2e.conformance import statuses_of_conforming_answers
from testkit.oracle import Event, Oracle
from testkit.play import day_of_play
from testkit.service import SEED

USERS, EVENTS, SIZE = 300, 3_000, 500
BESIDE_THE_DAY = 100_000  # ids between the first player of the whole day and ours
HEADERS = {"Content-Type": "application/x-ndjson"}


def send(client: httpx.Client, events: Sequence[Event]) -> list[dict[str, object]]:
    """Send a batch that refuses nothing; return the results without their places."""
    lines = "".join(f"{json.dumps(event.body())}\n" for event in events)
    answer = client.post("/events", content=lines, headers=HEADERS)
    assert (answer.status_code, answer.headers["Events-Refused"]) == (200, "0"), answer.text
    results: list[dict[str, object]] = answer.json()["results"]
    assert [each.pop("index") for each in results] == list(range(len(events)))
    assert {each.pop("status") for each in results} == {200}
    return results


def test_a_day_in_batches_is_answered_as_the_oracle_answers(client: httpx.Client, first_player_id: int) -> None:
    played = day_of_play(seed=SEED, users=USERS, events=EVENTS, first_user_id=first_player_id + BESIDE_THE_DAY)
    left, oracle = iter(played), Oracle()
    while batch := list(islice(left, SIZE)):
        expected = [oracle.answer(event) for event in batch]
        assert send(client, batch) == expected
        assert send(client, batch) == [{**answer, "replayed": True} for answer in expected]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(GenerationMode.POSITIVE, {200}), (GenerationMode.NEGATIVE, {200, 400})],
    ids=["sound", "not"],
)
def test_answers_to_batches_are_as_documented(client: httpx.Client, mode: GenerationMode, expected: set[int]) -> None:
    """An unsound batch is a 200 where only its events are unsound."""

    def body_of(shown: dict[str, Any]) -> str | bytes | None:
        return json.dumps(shown["json"]) if "json" in shown else shown.get("data")

    assert statuses_of_conforming_answers(client, "POST", "/events", mode, body_of) <= expected
