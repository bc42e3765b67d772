"""The queries for late events, and for judging again what lies around a change; all under the player's lock."""

from collections.abc import Iterator
from decimal import Decimal
from heapq import merge
from typing import NamedTuple

from app.events.domain import Decision
from app.events.queries import NAMES, NEW_EVENT_OF_GROUPS, STORE_OF_GROUPS
from app.events.revising.domain import Place
from app.events.rows import DECISION, EVENT, decision_of, event_of
from app.events.running_totals import ADD_LATE
from app.players.queries import labels_in
from app.rules.event import ActivityEvent, EventType
from app.rules.history import NO_GROUPS, Groups, HistoryNeeds
from app.rules.limits import BIGINT_MAX
from lib.statements import Statement
from lib.transactions import Transaction

FIRST_PAGE, PAGE = 32, 1_000  # of later events, which are few for nearly all late ones

COUNT_LATE = Statement(
    "count_late_event",
    ("bigint",),
    """
    UPDATE user_clock SET events = events + 1, late_events = late_events + 1 WHERE user_id = $1
    RETURNING last_t, events
    """,
)
# A place is never given twice, not even that of a reversed event.
LAST_PLACE = Statement(
    "last_place_in_second",
    ("bigint", "bigint"),
    """
    SELECT max(n) FROM (
        SELECT n FROM activity_event WHERE user_id = $1 AND t = $2
        UNION ALL SELECT n FROM superseded_event WHERE user_id = $1 AND t = $2
    ) AS places
    """,
)
STORE_LATE = Statement(
    "store_late_event",
    (*STORE_OF_GROUPS.types, "bigint"),
    NEW_EVENT_OF_GROUPS.replace("groups_version)", "groups_version, taken_after)").format(
        row="VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    ),
)
# The last revision of an event, as its number followed by the codes that are believed since.
BELIEVED = """
    (SELECT no || codes_after FROM revision
     WHERE user_id = event.user_id AND t = event.t AND n = event.n ORDER BY no DESC LIMIT 1)
"""
# The groups that an event was judged with; null if it names no version of them.
GROUPS_SEEN = """
    (SELECT array_to_string(new_groups, ' ') FROM player_change
     WHERE user_id = event.user_id AND version = event.groups_version)
"""
LATER = Statement(
    "later_events",
    ("bigint", "bigint", "integer", "bigint"),
    f"""
    SELECT t, {DECISION}, {GROUPS_SEEN}, {BELIEVED} FROM activity_event AS event
    WHERE user_id = $1 AND (t, n) > ($2, $3) ORDER BY t, n LIMIT $4
    """,  # noqa: S608  # constants of ours
)
GROUPS_AT = Statement(
    "groups_seen_by_event",
    ("bigint", "bigint", "integer"),
    f"SELECT {GROUPS_SEEN} FROM activity_event AS event WHERE user_id = $1 AND t = $2 AND n = $3",  # noqa: S608  # as above
)
# The events of a type before a place: those within the longest window, and the last ones.
EARLIER = Statement(
    "earlier_events",
    ("bigint", "bigint", "integer", "activity_type", "bigint", "bigint", "bigint"),
    f"""
    SELECT t, {EVENT} FROM activity_event WHERE user_id = $1 AND type = $4 AND (t, n) < ($2, $3) AND t >= $5
    UNION (
        SELECT t, {EVENT} FROM activity_event WHERE user_id = $1 AND type BETWEEN $4 AND $4 AND (t, n) < ($2, $3)
        ORDER BY type DESC, t DESC, n DESC LIMIT $6
    ) ORDER BY t, n LIMIT $7
    """,  # noqa: S608  # as above
)
ADD_TO_TOTAL = Statement(
    "add_to_total",
    ("bigint", "bigint", "integer", "integer", "numeric", "integer", "numeric"),
    """
    UPDATE user_total SET deposits = deposits + $4, deposited = deposited + $5,
        withdraws = withdraws + $6, withdrawn = withdrawn + $7
    WHERE user_id = $1 AND (counted_t, counted_n) >= ($2, $3)
    """,
)


class Later(NamedTuple):
    """A later event with its first decision, the codes that are believed of it by now, and how often those changed.

    `groups` are those that it was judged with.
    """

    decision: Decision
    believed: tuple[int, ...]
    revisions: int
    groups: Groups = NO_GROUPS


class RevisingQueries:
    """Queries of the events around a place, and of late ones, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def count_late(self, user_id: int) -> tuple[int, int]:
        """Count a late event; return the player's latest `t`, and the arrival number of the event."""
        [(last_t, seq)] = self._transaction.fetch(COUNT_LATE, user_id)
        return last_t, seq

    def next_place(self, event: ActivityEvent) -> int:
        """Return the next free place in the second of an event; one without an id has the second to itself."""
        if event.event_id is None:
            return 0
        [(last,)] = self._transaction.fetch(LAST_PLACE, event.user_id, event.t)
        return 0 if last is None else last + 1

    def later(self, user_id: int, place: Place) -> Iterator[Later]:
        """Yield the player's events after a place, by `t` and `n`, reading no more of them than are asked for."""
        most = FIRST_PAGE
        while rows := self._transaction.fetch(LATER, user_id, *place, most):
            for t, *decision, groups, believed in rows:
                found = decision_of(user_id, t, decision)
                codes = found.alert_codes if believed is None else tuple(believed[1:])
                yield Later(found, codes, believed[0] if believed else 0, labels_in(groups))
            if len(rows) < most:
                return
            place, most = Place(found.event.t, found.event.n), PAGE

    def earlier(self, user_id: int, place: Place, needs: HistoryNeeds, most: int) -> Iterator[ActivityEvent]:
        """Yield the player's events before a place, as far back as needed from it, by `t` and `n`.

        Of each type, at most so many.
        """
        parts = (self._earlier_of(user_id, place, needs, kind, most) for kind in EventType)
        return merge(*parts, key=lambda event: (event.t, event.n))

    def _earlier_of(
        self, user_id: int, place: Place, needs: HistoryNeeds, kind: EventType, most: int
    ) -> list[ActivityEvent]:
        seconds = needs.longest_of(kind)
        opens = min(place.t + 1, BIGINT_MAX) if seconds is None else place.t - seconds
        count = needs.last_of.get(kind, 0)
        rows = self._transaction.fetch(EARLIER, user_id, *place, NAMES[kind], opens, count, most)
        return [event_of(user_id, *row) for row in rows]

    def groups_at(self, user_id: int, place: Place) -> Groups:
        """Return the groups that an event was judged with."""
        [(groups,)] = self._transaction.fetch(GROUPS_AT, user_id, *place)
        return labels_in(groups)

    def store_late(self, decision: Decision, seq: int, key_id: int | None, groups_version: int | None) -> None:
        """Store a late event, which is counted, with its decision; add it to the player's totals that are past it."""
        event = decision.event
        verdict = (list(decision.alert_codes), decision.edition, seq, key_id)
        place = (event.n, event.event_id, groups_version, decision.taken_after)
        self._transaction.write(STORE_LATE, event.user_id, event.t, NAMES[event.type], event.amount, *verdict, *place)
        of_type = {
            kind: (int(event.type is kind), event.amount if event.type is kind else Decimal(0)) for kind in NAMES
        }
        self._transaction.write(
            ADD_TO_TOTAL,
            *(event.user_id, event.t, event.n),
            *of_type[EventType.DEPOSIT],
            *of_type[EventType.WITHDRAW],
        )
        self._transaction.write(ADD_LATE, event.user_id, NAMES[event.type], event.t, event.amount)
