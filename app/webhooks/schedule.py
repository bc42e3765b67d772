"""When a delivery is attempted again, and what an attempt means for its endpoint (A66). Pure.

The schedule is that of Standard Webhooks 1.0.0, "Deliverability and reliability".
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from app.webhooks.domain import DeliveryState
from app.webhooks.messages import Outcome, Verdict

MINUTE, HOUR = 60.0, 3600.0
# Seconds after the first attempt, the second …; after the tenth, a delivery is dead.
DELAYS = (5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
MAX_ATTEMPTS = len(DELAYS) + 1
JITTER = 0.1  # of a delay, so that what failed together does not come back together
# What is new must not wait for the retry of what is old: a pause for all that is due to an endpoint is at most this.
MAX_HOLD = 10 * MINUTE
DISABLED_AFTER = 120 * HOUR  # of nothing but failures


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What becomes of a delivery: its state, and the seconds until its next attempt if it is due."""

    state: DeliveryState
    after: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What attempts mean for their endpoint: whether one was delivered, the pause in seconds, whether it is gone."""

    delivered: bool = False
    hold: float | None = None
    gone: bool = False
    error: str = ""


def next_of(attempts: int, outcome: Outcome, random: Callable[[], float]) -> Next:
    """Return what becomes of a delivery after an attempt that `attempts` came before; `random` is from 0 to 1."""
    if outcome.verdict is Verdict.DELIVERED:
        return Next(state=DeliveryState.DELIVERED)
    if attempts + 1 >= MAX_ATTEMPTS:
        return Next(state=DeliveryState.DEAD)
    delay = DELAYS[attempts]
    if outcome.retry_after is not None and outcome.verdict is Verdict.THROTTLED:
        return Next(state=DeliveryState.DUE, after=_clamped(outcome.retry_after, delay))
    return Next(state=DeliveryState.DUE, after=delay * (1 + JITTER * (2 * random() - 1)))


def effect_of(attempts: int, outcome: Outcome) -> Effect:
    """Return what an attempt that `attempts` came before means for its endpoint."""
    if outcome.verdict is Verdict.DELIVERED:
        return Effect(delivered=True)
    if outcome.verdict is Verdict.THROTTLED:
        delay = DELAYS[min(attempts, len(DELAYS) - 1)]
        asked = _clamped(outcome.retry_after or 0.0, delay)
        return Effect(hold=min(asked, MAX_HOLD), error=outcome.error)
    return Effect(gone=outcome.verdict is Verdict.GONE, error=outcome.error)


def together(effects: Iterable[Effect]) -> Effect:
    """Return what several attempts at an endpoint mean, in the order in which they ended."""
    total = Effect()
    for each in effects:
        total = replace(
            total,
            delivered=total.delivered or each.delivered,
            hold=max(total.hold or 0.0, each.hold or 0.0) or None,
            gone=total.gone or each.gone,
            error=each.error or total.error,
        )
    return total


def _clamped(asked: float, delay: float) -> float:
    return min(max(asked, delay), 2 * delay)
