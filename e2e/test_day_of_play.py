"""A day of play: 2,000 players, 20,000 events, 8 connections; every answer equals the oracle's."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from e2e.progress import DayProgress, Mismatch
from testkit.oracle import Event, Oracle
from testkit.play import DAY, day_of_play, lanes
from testkit.service import REPLAY_HEADER, SEED, connect

USERS = 2_000
EVENTS = 20_000
CONNECTIONS = 8
SHOWN = 5  # mismatches; a lane gives up at this many, so a service that is all wrong says so soon
HEALTHY = EVENTS // 100  # answers with a code, below which a day would say too little about its rule


def day(first_user_id: int) -> list[Event]:
    return day_of_play(seed=SEED, users=USERS, events=EVENTS, first_user_id=first_user_id)


def play_event(client: httpx.Client, oracle: Oracle, event: Event, day_progress: DayProgress) -> bool:
    """Send one event; tell whether its answer is right: the oracle's, and the first one to this event."""
    expected = oracle.answer(event)
    response = client.post("/event", json=event.body())
    is_replay = REPLAY_HEADER in response.headers
    if response.status_code == 200 and response.json() == expected and not is_replay:
        day_progress.count(response.json()["alert_codes"])
        return True
    got = f"{response.status_code} {response.text.strip()}" + is_replay * ", as a replay"
    last_events = oracle.latest(event.user_id, 5)
    day_progress.report(Mismatch(event=event, expected=expected, got=got, last_events=last_events))
    return False


def play_lane(events: list[Event], day_progress: DayProgress) -> None:
    """Send the events of some players over one connection, and compare each answer with the oracle's at once."""
    oracle, wrong = Oracle(), 0
    with connect(connections=1) as client:
        for event in events:
            wrong += not play_event(client, oracle, event, day_progress)
            if wrong == SHOWN:
                return


def play(events: list[Event]) -> DayProgress:
    """Send a day over all connections; a connection that breaks ends the test with its own error."""
    day_progress = DayProgress(total=len(events))
    with day_progress.progress, ThreadPoolExecutor(CONNECTIONS) as threads:
        played = [threads.submit(play_lane, lane, day_progress) for lane in lanes(events, CONNECTIONS)]
        for lane in played:
            lane.result()
    day_progress.console.print(day_progress.summary(seed=SEED, users=USERS))
    return day_progress


@pytest.mark.alone
def test_a_day_of_play_is_answered_as_the_oracle_answers(
    first_player_id: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():  # a minute without a word would look like a service that hangs
        print()
        day_progress = play(day(first_player_id))
    if day_progress.mismatches:
        shown = "\n".join(str(mismatch) for mismatch in day_progress.mismatches[:SHOWN])
        pytest.fail(f"{len(day_progress.mismatches)} wrong answers, the first of them:\n{shown}", pytrace=False)
    assert day_progress.answered == EVENTS


def test_the_day_is_as_large_as_promised() -> None:
    events = day(1)
    assert len(events) == EVENTS
    assert {event.user_id for event in events} == set(range(1, USERS + 1))
    assert len({(event.user_id, event.t) for event in events}) == EVENTS, "an event for each user and t"
    assert all(0 <= event.t < DAY for event in events)


def test_the_day_meets_every_rule_often() -> None:
    oracle = Oracle()
    codes = Counter(code for event in day(1) for code in codes_of(oracle.answer(event)))
    assert sorted(code for code, count in codes.items() if count >= HEALTHY) == [30, 123, 300, 1100]


def codes_of(answer: dict[str, object]) -> list[int]:
    codes = answer["alert_codes"]
    assert isinstance(codes, list)
    return codes


def test_the_day_depends_on_the_seed_and_not_on_the_player_ids() -> None:
    shown = [(e.type, e.amount, e.user_id, e.t) for e in day(1)]
    assert shown == [(e.type, e.amount, e.user_id - 100, e.t) for e in day(101)]
    other = day_of_play(seed=SEED + 1, users=USERS, events=EVENTS, first_user_id=1)
    assert shown != [(e.type, e.amount, e.user_id, e.t) for e in other]


def test_each_player_keeps_to_one_connection() -> None:
    users = [{event.user_id for event in lane} for lane in lanes(day(1), CONNECTIONS)]
    assert sum(len(lane) for lane in users) == USERS
    assert all(len(lane) > 0 for lane in users)
