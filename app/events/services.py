"""What the routes of events need."""

from dataclasses import dataclass

from app.events.policy import EventPolicy
from app.events.system_clock import SystemClock
from app.rulebook.watch import RuleBookWatch
from lib.database import Database
from lib.turns import Turns


@dataclass(frozen=True, slots=True, kw_only=True)
class EventServices:
    """What takes events and reads them back; `system_clock` only counts where the policy's order is the system's."""

    database: Database
    policy: EventPolicy
    rule_book: RuleBookWatch
    turns: Turns
    system_clock: SystemClock
