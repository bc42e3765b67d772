"""All kinds of rule, in the order in which they are documented: a new kind is a file and a line here."""

from app.rules.net_total import NetTotal
from app.rules.rising_streak import RisingStreak
from app.rules.rule import Rule
from app.rules.streak import Streak
from app.rules.threshold import Threshold
from app.rules.window_count import WindowCount
from app.rules.window_total import WindowTotal

KINDS: dict[str, type[Rule]] = {
    kind.kind: kind
    for kind in (
        Threshold,
        Streak,
        RisingStreak,
        WindowTotal,
        WindowCount,
        NetTotal,
    )
}
