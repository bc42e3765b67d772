"""Checks that the answers were right, by the oracle."""

from itertools import groupby

import httpx

from bench.database import run
from bench.errors import BenchError
from bench.rounds import FIRST_T
from bench.servers import Server
from testkit.oracle import Event, Oracle, codes_after
from testkit.play import day_of_play

_FIRST_PLAYER = 2**40  # far from the players of the load
_PLAYERS, _EVENTS = 40, 400
_SAMPLE = 20  # players whose stored decisions are judged again

_STORED = """
    SELECT type::text, amount::text, user_id, t, alert_codes FROM activity_event
    WHERE user_id IN (SELECT DISTINCT user_id FROM activity_event WHERE t >= %(since)s ORDER BY user_id LIMIT %(users)s)
    ORDER BY user_id, t
"""


def check_over_http(server: Server) -> int:
    """Send a small day of play and compare every answer; return how many.

    Raises:
        BenchError: one was not what the oracle says.

    """
    oracle = Oracle()
    played = day_of_play(seed=7, users=_PLAYERS, events=_EVENTS, first_user_id=_FIRST_PLAYER)
    with httpx.Client(trust_env=False) as client:
        for event in played:
            got, expected = client.post(server.url, json=event.body()), oracle.answer(event)
            if got.status_code != httpx.codes.OK or got.json() != expected:
                raise BenchError(f"wrong answer to {event.body()}: {got.status_code} {got.text}, not {expected}")
    return len(played)


def check_stored(url: str) -> int:
    """Judge the stored events of some players under load again; return the number of events.

    Raises:
        BenchError: a decision is not the oracle's.

    """
    rows = [
        (Event(type=kind, amount=amount, user_id=user_id, t=t), codes)
        for kind, amount, user_id, t, codes in run(url, _STORED, {"since": FIRST_T, "users": _SAMPLE})
    ]
    return sum(_check_user([*of_user]) for _, of_user in groupby(rows, key=lambda row: row[0].user_id))


def _check_user(rows: list[tuple[Event, list[int]]]) -> int:
    events = [event for event, _ in rows]
    checked = 0
    for place, (event, codes) in enumerate(rows, start=1):
        if event.t < FIRST_T:
            continue  # stored by SQL, never judged
        if codes != codes_after(events[:place]):
            raise BenchError(f"{event.body()} was stored with {codes}, the oracle says {codes_after(events[:place])}")
        checked += 1
    return checked
