"""Which events of a batch can be decided together: pure values."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from app.events.domain import Decision, EventRefused
from app.rules.event import ActivityEvent

MAX_EVENTS = 1000  # of a request
MAX_BODY = 256 * 1024  # bytes
# Events of one transaction: with twice as many an event costs hardly less, and a single event of one of their players
# waits twice as long.
CHUNK = 128

Sent = tuple[int, ActivityEvent]  # an event with its place in the request
Result = Decision | EventRefused


def first_chunk(sent: Sequence[Sent], *, once_each: bool) -> tuple[list[Sent], list[Sent]]:
    """Return the events of the next transaction, and those for later ones; each player's keep their order.

    `once_each`: only one event of each player.
    """
    if not once_each:
        return [*sent[:CHUNK]], [*sent[CHUNK:]]
    chunk: dict[int, Sent] = {}
    later: list[Sent] = []
    for each in sent:
        if len(chunk) < CHUNK and each[1].user_id not in chunk:
            chunk[each[1].user_id] = each
        else:
            later.append(each)
    return [*chunk.values()], later


def by_player(events: Iterable[ActivityEvent]) -> dict[int, list[ActivityEvent]]:
    """Return the events of each player in their order, by ascending id of the player."""
    found: dict[int, list[ActivityEvent]] = {}
    for event in events:
        found.setdefault(event.user_id, []).append(event)
    return dict(sorted(found.items()))


def plain(events_of: Mapping[int, Sequence[ActivityEvent]], latest_t: float) -> dict[int, Sequence[ActivityEvent]]:
    """Return the players whose events can follow each other as they were sent, none of them after `latest_t`."""
    return {user_id: events for user_id, events in events_of.items() if _follow_each_other(events, latest_t)}


def rise(events: Iterable[ActivityEvent]) -> bool:
    """Return whether `t` rises strictly over all these events, whoever they are of (A7)."""
    return all(before.t < event.t for before, event in pairwise(events))


def _follow_each_other(events: Sequence[ActivityEvent], latest_t: float) -> bool:
    if len(events) == 1:
        return events[0].t <= latest_t
    ids = [event.event_id for event in events if event.event_id is not None]
    return (
        events[-1].t <= latest_t
        and len(set(ids)) == len(ids)
        and all(
            before.t < event.t or (before.t == event.t and before.event_id is not None and event.event_id is not None)
            for before, event in pairwise(events)
        )
    )
