"""Batches over HTTP: a part of a day of play, 500 events at a time, equals the oracle; sent again it is replayed."""

import json
from collections.abc import Sequence
from itertools import islice

import httpx

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
