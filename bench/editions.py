"""Third measurement: what an event costs when twenty rules are live, as a multiple of the four of the contract."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.rulebook.forms import format_rules, parse_rules
from app.rules.event import EventType
from app.rules.rule import Rule
from bench.database import run
from bench.results import Comparison
from bench.rounds import Question, compare, under_load
from bench.scale import CONNECTIONS, USUAL_EVENTS
from bench.site import Site
from bench.stored import Population
from bench.wrk import Load

if TYPE_CHECKING:
    from collections.abc import Mapping

BAR = 1.3
NEVER = "999999999.00"  # what the rules beside the four are compared with: they are judged, and raise nothing
TOLD = {"name": "for the measurement", "description": "judged at every event, and hardly ever met"}
_COUNTS = (7, 8, 9)  # longer than nearly any streak of the load
_WINDOWS = (20, 60, 300, 3600)  # seconds
_DAY = 24 * 3600


def of_rules(site: Site) -> Comparison:
    """Compare the four rules of the contract with these and sixteen more, of all kinds."""
    users = site.scale.usual_store // USUAL_EVENTS
    four, twenty = (site.database(name, Population(users=users, events_each=USUAL_EVENTS)) for name in ("4", "20"))
    publish_beside(twenty, sixteen_more())
    question = Question(title="Twenty rules", base="4 rules", subject="20 rules", bar=BAR)
    load = Load(users=users, connections=CONNECTIONS)
    with site.service("4", four) as first, site.service("20", twenty) as second:
        runs = [under_load(server, site.postgres, load) for server in (first, second)]
        return compare(question, *runs, scale=site.scale, progress=site.progress)


def sixteen_more() -> list[Rule]:
    """Return rules of all kinds, with counts up to nine and windows from 20 seconds to a calendar month."""
    forms: list[Mapping[str, object]] = [
        *({"kind": "threshold", "type": kind, "above": NEVER} for kind in (EventType.DEPOSIT, EventType.WITHDRAW)),
        *({"kind": "streak", "type": EventType.WITHDRAW, "count": count} for count in _COUNTS),
        *({"kind": "rising_streak", "type": EventType.WITHDRAW, "count": count} for count in _COUNTS),
        *({"kind": "window_total", "type": EventType.DEPOSIT, "above": NEVER, "seconds": each} for each in _WINDOWS),
        {"kind": "window_count", "type": EventType.DEPOSIT, "count": 100_000, "seconds": 300},
        {"kind": "window_count", "type": EventType.DEPOSIT_FAILED, "count": 100_000, "seconds": _DAY},
        {"kind": "net_total", "above": NEVER, "seconds": 7 * _DAY},
        {"kind": "net_total", "above": NEVER, "period": "month", "zone": "Europe/Amsterdam"},
    ]
    return list(parse_rules([{"code": code, **TOLD, **form} for code, form in enumerate(forms, start=2001)]))


def publish_beside(url: str, more: Sequence[Rule]) -> None:
    """Let a second edition be live: the rules of the first and these."""
    run(url, "UPDATE rule_book SET status = 'retired' WHERE edition = 1")
    run(
        url,
        """
        INSERT INTO rule_book (edition, status, rules, author, note)
        SELECT 2, 'live', rules || %(more)s::jsonb, 'bench', '' FROM rule_book WHERE edition = 1
        """,
        {"more": json.dumps(format_rules(more))},
    )
