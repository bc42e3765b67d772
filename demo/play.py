"""A month of about 300 players, made from a seed: the same seed and end are the same month, down to the cent.

Most players play for little, and never meet a rule. A few show what the rules look for: they chase losses with rising
deposits, try cards that are refused, take withdrawals back, or deposit more each week.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

DAY = 86_400  # seconds
DAYS = 30
FIRST_PLAYER = 1001
STEP = 500  # cents; people deposit in steps of 5.00
MEDIAN_GAP = 420  # seconds between two events of a session
# Relative number of sessions that start in each hour: asleep towards morning, a peak after work.
HOURS = (14, 8, 5, 3, 2, 2, 4, 8, 12, 16, 20, 24, 30, 28, 26, 30, 36, 48, 64, 80, 86, 78, 56, 30)
NIGHT = (60, 60, 50, 40, 24, 10, 4, 4, 6, 8, 8, 10, 14, 14, 14, 14, 16, 20, 24, 30, 36, 44, 52, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a kind of player plays.

    share: of all players; days: chance of a session on a day; median: cents of a usual deposit; deposits: mean number
    in a session; rises: chance that a deposit tops the one before it; fails: that one is refused before it; pays_out:
    that a session ends with a withdrawal; takes_back: that this is cancelled; grows: factor of the amounts by the end
    of the month; burst: chance of a session with many more deposits.
    """

    share: float
    days: float
    median: int
    deposits: float
    rises: float = 0.05
    fails: float = 0.01
    pays_out: float = 0.2
    takes_back: float = 0.01
    grows: float = 1.0
    burst: float = 0.0
    hours: tuple[int, ...] = HOURS


CASUAL = Style(share=0.56, days=0.13, median=1_500, deposits=1.2)
REGULAR = Style(share=0.20, days=0.33, median=2_500, deposits=1.5, burst=0.01)
CHASER = Style(share=0.07, days=0.34, median=2_500, deposits=3.0, rises=0.75, fails=0.08, pays_out=0.08, burst=0.06)
HIGH_ROLLER = Style(share=0.05, days=0.34, median=26_000, deposits=1.6, pays_out=0.45)
UNDECIDED = Style(share=0.05, days=0.36, median=5_000, deposits=1.6, pays_out=0.6, takes_back=0.4)
OVERDRAWN = Style(share=0.04, days=0.3, median=3_000, deposits=2.0, fails=0.6, burst=0.05)
SPIRAL = Style(
    share=0.03, days=0.6, median=3_500, deposits=2.6, rises=0.6, fails=0.12, grows=6.0, burst=0.12, hours=NIGHT
)
STYLES = (CASUAL, REGULAR, CHASER, HIGH_ROLLER, UNDECIDED, OVERDRAWN, SPIRAL)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Event:
    """Something that a player did; `t` in seconds since 1970, `cents` of the amount."""

    t: int
    user_id: int
    type: str
    cents: int

    def body(self) -> dict[str, object]:
        """Return the event as requests have it."""
        amount = f"{self.cents // 100}.{self.cents % 100:02}"
        return {"type": self.type, "amount": amount, "user_id": self.user_id, "t": self.t}


def month(*, seed: int, players: int, until: int) -> list[Event]:
    """Return the events of all players in the 30 days until this second, ordered by `t`."""
    played = (
        event
        for user_id, style in enumerate(styles(seed, players), FIRST_PLAYER)
        for event in of_player(Random(f"{seed}:{user_id}"), style, user_id, until - DAYS * DAY)  # noqa: S311  # a month that can be made again
        if event.t <= until
    )
    return sorted(played)


def styles(seed: int, players: int) -> list[Style]:
    """Return each player's style; every style has its share, whatever the seed."""
    counts = [max(1, round(style.share * players)) for style in STYLES[1:]]
    drawn = [style for style, count in zip(STYLES[1:], counts, strict=True) for _ in range(count)]
    drawn += [CASUAL] * (players - len(drawn))
    Random(seed).shuffle(drawn)  # noqa: S311  # as above
    return drawn


def of_player(random: Random, style: Style, user_id: int, begin: int) -> Iterator[Event]:
    """Play one player's month from midnight to midnight; no two events have the same second."""
    free = begin
    for day in range(DAYS):
        if random.random() >= style.days:
            continue
        hour = random.choices(range(24), style.hours)[0]
        midnight = begin - begin % DAY + DAY  # so that the hours are those of a clock
        t = max(midnight + (day * 24 + hour) * 3600 + random.randrange(3600), free)
        for event in session(random, style, user_id, t, 1 + (style.grows - 1) * day / DAYS):
            free = event.t + 1
            yield event


def session(random: Random, style: Style, user_id: int, t: int, factor: float) -> Iterator[Event]:
    """Play one session: deposits, of which some are refused first, and perhaps a withdrawal."""
    is_burst = random.random() < style.burst
    count = 1 + round(random.expovariate(1 / style.deposits)) + (random.randint(5, 9) if is_burst else 0)
    cents = 0
    for _ in range(count):
        cents = (
            cents + STEP * random.randint(1, 5) if cents and random.random() < style.rises else _usual(random, style)
        )
        amount = max(STEP, round(cents * factor / STEP) * STEP)
        for _ in range(_refusals(random, style)):
            yield Event(t=t, user_id=user_id, type="deposit_failed", cents=amount)
            t += random.randint(15, 120)
        yield Event(t=t, user_id=user_id, type="deposit", cents=amount)
        t += _gap(random, is_burst=is_burst)
    if random.random() < style.pays_out:
        won = max(STEP, round(_usual(random, style) * factor * random.uniform(1.2, 4.0) / 100) * 100)
        yield Event(t=t, user_id=user_id, type="withdraw", cents=won)
        if random.random() < style.takes_back:
            yield Event(t=t + random.randint(300, 5400), user_id=user_id, type="withdraw_cancelled", cents=won)


def _usual(random: Random, style: Style) -> int:
    return max(STEP, round(style.median * random.lognormvariate(0, 0.6) / STEP) * STEP)


def _refusals(random: Random, style: Style) -> int:
    return random.choice((1, 1, 1, 2, 4)) if random.random() < style.fails else 0


def _gap(random: Random, *, is_burst: bool) -> int:
    return 5 + round(random.lognormvariate(0, 0.8) * (MEDIAN_GAP / 3 if is_burst else MEDIAN_GAP))
