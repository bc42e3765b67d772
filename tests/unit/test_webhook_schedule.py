"""When a delivery is attempted again, and how much an endpoint is sent at once (A66)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.webhooks.domain import DeliveryState, Endpoint, Filter, Format, State
from app.webhooks.messages import Outcome, Verdict
from app.webhooks.pacing import AT_ONCE, BURST, IN_A_DIGEST, IN_A_ROW, most_now, ready_again
from app.webhooks.schedule import DELAYS, MAX_ATTEMPTS, MAX_HOLD, Effect, effect_of, next_of, together

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENDPOINT = Endpoint(
    id=1,
    name="x",
    url="https://example.com",
    format=Format.STANDARD,
    filter=Filter(),
    per_second=10,
    state=State.ENABLED,
    reason="",
    key="",
    secret_version=1,
    previous_key=None,
    previous_until=None,
    failing_since=None,
    hold_until=None,
    made_by="",
    made_at=NOW,
)
DELIVERED = Outcome(verdict=Verdict.DELIVERED, seconds=0)
FAILED = Outcome(verdict=Verdict.FAILED, seconds=0, error="why")


def throttled(after: float | None) -> Outcome:
    return Outcome(verdict=Verdict.THROTTLED, seconds=0, error="pause", retry_after=after)


def test_ten_attempts_take_75_hours() -> None:
    assert MAX_ATTEMPTS == 10
    assert sum(DELAYS) == pytest.approx(75.6 * 3600, rel=0.001)


@pytest.mark.parametrize(("random", "factor"), [(0.0, 0.9), (0.5, 1.0), (1.0, 1.1)])
@pytest.mark.parametrize("attempts", range(9))
def test_a_failure_is_repeated_after_its_delay_a_little_earlier_or_later(
    attempts: int, random: float, factor: float
) -> None:
    following = next_of(attempts, FAILED, lambda: random)
    assert following.state is DeliveryState.DUE
    assert following.after == pytest.approx(DELAYS[attempts] * factor)


@pytest.mark.parametrize("outcome", [FAILED, throttled(5), Outcome(verdict=Verdict.GONE, seconds=0)])
def test_after_the_tenth_it_is_dead(outcome: Outcome) -> None:
    assert next_of(8, outcome, lambda: 0).state is DeliveryState.DUE
    assert next_of(9, outcome, lambda: 0).state is DeliveryState.DEAD


@pytest.mark.parametrize(("asked", "waits"), [(0, 300), (299, 300), (301, 301), (600, 600), (601, 600), (1e9, 600)])
def test_a_receiver_may_ask_for_up_to_twice_the_delay(asked: float, waits: float) -> None:
    assert next_of(1, throttled(asked), lambda: 0).after == waits
    assert effect_of(1, throttled(asked)).hold == min(waits, MAX_HOLD)


def test_but_what_is_new_waits_ten_minutes_at_most() -> None:
    assert effect_of(8, throttled(None)).hold == effect_of(9, throttled(1e9)).hold == MAX_HOLD == 600


def test_several_attempts_mean_the_longest_pause_and_the_last_error() -> None:
    effects = [effect_of(0, each) for each in (throttled(7), DELIVERED, throttled(9), FAILED)]
    assert together(effects) == Effect(delivered=True, hold=9, gone=False, error="why")
    assert together([Effect(gone=True, error="a"), Effect(delivered=True)]).gone


def test_a_rate_is_kept_and_little_of_it_saved_up() -> None:
    ready_at, taken = None, 0
    for tick in range(100):  # of 0.1 s
        now = NOW + timedelta(seconds=tick / 10)
        if ready_at is None or ready_at <= now:
            most = most_now(ENDPOINT, ready_at, now, 0)
            assert most >= 1
            ready_at = ready_again(ENDPOINT, ready_at, now, most)
            taken += most
    assert 100 <= taken <= 101 + 10 * BURST / timedelta(seconds=1)
    later = NOW + timedelta(hours=1)
    assert most_now(ENDPOINT, ready_at, later, 0) == 6


@pytest.mark.parametrize("under_way", range(AT_ONCE))
def test_few_requests_are_under_way_at_once(under_way: int) -> None:
    fast = replace(ENDPOINT, per_second=1_000)
    assert most_now(fast, None, NOW, under_way) == (AT_ONCE - under_way) * IN_A_ROW


@pytest.mark.parametrize(("form", "seconds"), [(Format.SLACK, 1), (Format.TEAMS, 1), (Format.EMAIL, 60)])
def test_one_digest_at_a_time(form: Format, seconds: int) -> None:
    digest = replace(ENDPOINT, format=form)
    assert most_now(digest, None, NOW, 0) == IN_A_DIGEST[form]
    assert most_now(digest, None, NOW, 1) == 0
    assert ready_again(digest, None, NOW, 200) == NOW + timedelta(seconds=seconds)
