"""What the routes of events need."""

from dataclasses import dataclass

from app.events.policy import EventPolicy
from app.events.system_clock import SystemClock
from app.rulebook.edition_book import EditionBook
from app.rulebook.live_rules import LiveRules
from lib.database import Database
from lib.keyed_locks import KeyedLocks


@dataclass(frozen=True, slots=True, kw_only=True)
class EventServices:
    """What it takes to receive events and read them back; `system_clock` is used only if the order is the system's."""

    database: Database
    policy: EventPolicy
    rule_book: LiveRules
    editions: EditionBook
    player_locks: KeyedLocks
    system_clock: SystemClock
