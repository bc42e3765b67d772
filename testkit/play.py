"""A day of play on a betting platform, made from a seed: the same seed is the same day, down to the cent.

Only the user ids depend on where the day is put, so that it can be sent again to a service that remembers.
The shapes are those of the field: few players do most of the play, sessions gather in the evening, seconds pass
between the events of a session and hours between sessions, amounts are round and log-normal, a loser chases
losses with rising deposits, and a winner takes the money out in several steps.
"""

from dataclasses import dataclass
from random import Random

from testkit.oracle import Event, EventType

DAY = 86_400  # seconds
SESSION_ENDS_AFTER = 900  # seconds without an event
MEAN_EVENTS_OF_A_SESSION = 6
MEDIAN_GAP = 12  # seconds between two events of a session
SPREAD_OF_GAPS = 1.1  # sigma of the logarithm
STEP = 500  # cents; people deposit in steps of 5.00 …
ODD_AMOUNTS = 0.2  # … but for this share of the amounts

# Relative number of sessions that start in each hour: asleep towards morning, a peak after work.
HOURS = (30, 18, 10, 6, 3, 3, 6, 12, 18, 22, 25, 28, 34, 32, 30, 32, 38, 48, 62, 76, 84, 80, 66, 46)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayStyle:
    """How a kind of player plays.

    share: part of all players; activity: events relative to others; median: cents of a usual amount;
    withdrawals: chance that an event is one; goes_on: chance that a withdrawal follows a withdrawal;
    rise: by how much a deposit may top the one before it in the session, 0 for not at all.
    """

    share: float
    activity: float
    median: int
    withdrawals: float
    goes_on: float
    rise: float


CASUAL = PlayStyle(share=0.70, activity=1.0, median=1_500, withdrawals=0.12, goes_on=0.15, rise=0.0)
CHASER = PlayStyle(share=0.15, activity=2.5, median=2_000, withdrawals=0.05, goes_on=0.10, rise=0.9)
CASHING_OUT = PlayStyle(share=0.10, activity=2.0, median=4_000, withdrawals=0.35, goes_on=0.75, rise=0.0)
HIGH_ROLLER = PlayStyle(share=0.05, activity=3.0, median=12_000, withdrawals=0.25, goes_on=0.30, rise=0.3)
PLAY_STYLES = (CASUAL, CHASER, CASHING_OUT, HIGH_ROLLER)


def day_of_play(*, seed: int, users: int, events: int, first_user_id: int) -> list[Event]:
    """Return the events of all players from second 0 to 86,399, ordered by t; every player has one at least."""
    random = Random(seed)  # noqa: S311 - a day that can be played again needs a seed, not secrecy
    styles = random.choices(PLAY_STYLES, [style.share for style in PLAY_STYLES], k=users)
    counts = events_per_user(random, styles, events)
    played = [
        event
        for user, (style, count) in enumerate(zip(styles, counts, strict=True))
        for event in events_of(random, style, first_user_id + user, count)
    ]
    return sorted(played, key=lambda event: (event.t, event.user_id))


def events_per_user(random: Random, styles: list[PlayStyle], events: int) -> list[int]:
    """Distribute the events: one each, the rest by activity, which differs between players as incomes do."""
    weights = [style.activity * random.lognormvariate(0, 0.8) for style in styles]
    counts = [1] * len(styles)
    for user in random.choices(range(len(styles)), weights, k=events - len(styles)):
        counts[user] += 1
    return counts


def events_of(random: Random, style: PlayStyle, user_id: int, count: int) -> list[Event]:
    """Play one player's day; each event depends on the one before it in the session."""
    events: list[Event] = []
    earlier: Event | None = None
    for t in moments(random, count):
        if earlier and t - earlier.t > SESSION_ENDS_AFTER:
            earlier = None
        earlier = next_event(random, style, user_id, t, earlier)
        events.append(earlier)
    return events


def moments(random: Random, count: int) -> list[int]:
    """Draw seconds of the day, all different, in rising order."""
    drawn: list[int] = []
    while len(drawn) < count:
        free = [t for t in session(random) if t < DAY and t not in drawn]
        drawn += free[: count - len(drawn)]
    return sorted(drawn)


def session(random: Random) -> list[int]:
    """Draw the seconds of one session: a start in some hour, then gaps of seconds to minutes."""
    hour = random.choices(range(24), HOURS)[0]
    t = hour * 3600 + random.randrange(3600)
    seconds = [t]
    for _ in range(round(random.expovariate(1 / MEAN_EVENTS_OF_A_SESSION))):
        t += 1 + round(random.lognormvariate(0, SPREAD_OF_GAPS) * MEDIAN_GAP)
        seconds.append(t)
    return seconds


def next_event(random: Random, style: PlayStyle, user_id: int, t: int, earlier: Event | None) -> Event:
    after_withdraw = earlier is not None and earlier.type == "withdraw"
    chance = style.goes_on if after_withdraw else style.withdrawals
    event_type: EventType = "withdraw" if random.random() < chance else "deposit"
    cents = amount_in_cents(random, style, earlier if event_type == "deposit" else None)
    return Event(type=event_type, amount=f"{cents // 100}.{cents % 100:02}", user_id=user_id, t=t)


def amount_in_cents(random: Random, style: PlayStyle, earlier: Event | None) -> int:
    """Draw a usual amount, or after a deposit, for those who chase their losses, one that tops it."""
    if earlier and earlier.type == "deposit" and random.random() < style.rise:
        return int(earlier.amount.replace(".", "")) + STEP * random.randint(1, 4)
    drawn = round(style.median * random.lognormvariate(0, 0.7))
    if random.random() < ODD_AMOUNTS:
        return max(drawn, 1)
    return max(round(drawn / STEP), 1) * STEP


def lanes(events: list[Event], count: int) -> list[list[Event]]:
    """Split a day into lanes, each player in one lane only, so that each player's events stay in order."""
    return [[event for event in events if event.user_id % count == lane] for lane in range(count)]
