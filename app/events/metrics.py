"""The metrics of events: how many were stored or replayed, and which codes they raised."""

import time
from collections.abc import Iterable
from functools import cache

from app.alerts.domain import Changes
from app.events.domain import Decision
from app.rulebook.shedding import Reading
from app.rules.event import EventType
from lib.metrics.kinds import Counter, total
from lib.metrics.series import show_only

STORED = Counter("activity_events_stored", "Events stored, by type.", ["type"])
REPLAYS = Counter("activity_event_replays", "Events sent again, and answered as the first time.")
BATCHED = Counter("activity_batch_events", "Events received in batches, the refused ones included.")
RAISED = Counter("activity_alert_codes_raised", "Alert codes raised by stored events, by code.", ["code"])
LATE = Counter("activity_late_events", "Events stored after one of their player with a later t.")
FOUND_LATE = Counter("activity_codes_found_late", "Alert codes found after the answer to the event, by code.", ["code"])
RETRACTED = Counter("activity_codes_retracted", "Alert codes that no longer hold, by code.", ["code"])
CORRECTIONS = Counter("activity_corrections", "Corrections of events, by kind.", ["kind"])
SHADOW = Counter("activity_shadow_cpu_seconds", "CPU seconds spent on the edition in the shadow.")
SHED = Counter("activity_shadow_sheds", "Times that an edition left the shadow because events found no room.")

ALL_TAKEN = Counter("http_requests_waited", "Events that took the last free thread: the next request had to wait.")

raised = cache(RAISED.labels)
OF_CODES = {
    "activity_alert_codes_raised": RAISED,
    "activity_codes_found_late": FOUND_LATE,
    "activity_codes_retracted": RETRACTED,
}
corrected = {kind: CORRECTIONS.labels(kind) for kind in ("reversal", "amendment")}


def show_codes(live: Iterable[int], *, beside: Iterable[int]) -> None:
    """Export the codes of the editions in force, and no others: those of former editions have lost their meaning.

    Live codes start at zero: Prometheus sees the first alert as an increase only after it has seen the 0. `beside` are
    the codes of the shadow.
    """
    codes = set(live)
    for name, metric in OF_CODES.items():
        for code in codes:
            metric.labels(code)
        show_only(name, "code", map(str, codes.union(beside)))


def read_load() -> Reading:
    """Return what this process has counted, from which the rule book sees whether a shadow is affordable (A47)."""
    return Reading(
        events=total(STORED),
        waits=total(ALL_TAKEN),
        shadow=total(SHADOW),
        cpu=time.process_time(),
    )


def count_shed() -> None:
    """Count one removal of an edition from the shadow."""
    SHED.inc()


def count_shadow_time(seconds: float) -> None:
    """Count the CPU time that the shadow edition took for an event."""
    SHADOW.inc(seconds)


def count_batch(events: int) -> None:
    """Count the events of a batch, whatever becomes of them."""
    BATCHED.inc(events)


stored = {kind: STORED.labels(kind.value) for kind in EventType}


def count(decision: Decision) -> None:
    """Count an event once: when sent again it counts as a replay, and its codes are not counted again."""
    if decision.replayed:
        REPLAYS.inc()
        return
    stored[decision.event.type].inc()
    if decision.taken_after is not None:
        LATE.inc()
    for code in decision.alert_codes:
        raised(code).inc()


def count_revisions(changes: Changes) -> None:
    """Count the codes that were found late and retracted; call it once they are committed."""
    for metric, codes in ((FOUND_LATE, changes.found), (RETRACTED, changes.retracted)):
        for code, times in codes.items():
            metric.labels(code).inc(times)


def count_correction(kind: str, changes: Changes) -> None:
    """Count a correction, "reversal" or "amendment", and what changed with it; call it once it is committed."""
    corrected[kind].inc()
    count_revisions(changes)
