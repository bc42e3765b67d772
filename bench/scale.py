"""How much is measured: in full for the document, quickly for everyday use."""

from dataclasses import dataclass

USUAL_EVENTS = 10  # that a usual player has stored when the load begins
CONNECTIONS = 16  # of the load generator at full load
PACED_CONNECTIONS = 64  # of the load generator below full load: enough that the next request is seldom held up


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Rounds of each comparison, seconds of each run, and how many events are stored before.

    `held_in_window`: how many events players have within the long window, few and many; `past_each`: how many of
    each player's events are judged again by a backtest.
    """

    rounds: int
    seconds: int
    warm_up: int
    usual_store: int
    small_store: int
    large_store: int
    heavy_user: int
    held_in_window: tuple[int, int]
    past_each: int


FULL = Scale(
    rounds=5,
    seconds=6,
    warm_up=2,
    usual_store=100_000,
    small_store=10_000,
    large_store=10_000_000,
    heavy_user=1_000_000,
    held_in_window=(10, 10_000),
    past_each=500,
)
QUICK = Scale(
    rounds=1,
    seconds=1,
    warm_up=1,
    usual_store=10_000,
    small_store=10_000,
    large_store=100_000,
    heavy_user=20_000,
    held_in_window=(10, 200),
    past_each=10,
)
