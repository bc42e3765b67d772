"""Storing an event's alerts with their evidence."""

from collections.abc import Iterable
from typing import Protocol

from app.alerts.domain import Evidence, StoredAlert
from app.events.queries import EventQueries
from app.rules.engine import RuleSet
from app.rules.event import ActivityEvent, EventRef
from app.rules.history import Window
from app.rules.rule import Match, newest_of


class AlertKeeper(Protocol):
    """What stores alerts: the queries of alerts, or whoever collects them for one statement."""

    def keep(self, alert: StoredAlert) -> None:
        """Store an alert."""


class Record:
    """Stores the alerts of one event; the events of a window are looked up once, however many rules name them."""

    __slots__ = ("_alerts", "_event", "_events", "_last_in")

    def __init__(self, events: EventQueries, alerts: AlertKeeper, event: ActivityEvent) -> None:
        self._events, self._alerts, self._event = events, alerts, event
        self._last_in: dict[tuple[Window, int], list[EventRef]] = {}

    def keep(self, rule_set: RuleSet, matches: Iterable[Match]) -> None:
        """Store the alerts of an edition."""
        for match in matches:
            self._alerts.keep(alert_of(self._event, rule_set, match, self._evidence(match)))

    def _evidence(self, match: Match) -> Evidence:
        """Return what proves an alert; only now are the events of a long window looked up."""
        most = match.most_named
        refs = [each.ref for each in match.events[:most]]
        if match.windows:
            before = [ref for window in match.windows for ref in self._before(window, most - len(refs))]
            refs = newest_of(refs, before, most)
        return evidence_of(match, refs)

    def _before(self, window: Window, most: int) -> list[EventRef]:
        key = window, most
        if key not in self._last_in:
            self._last_in[key] = self._events.last_in(self._event, window, most)
        return self._last_in[key]


def evidence_of(match: Match, events: Iterable[EventRef]) -> Evidence:
    """Return what proves an alert: the values of a match, and its events, newest first."""
    return Evidence(
        value=match.value,
        threshold=match.threshold,
        count=match.count,
        events=tuple(events),
        sentence=match.sentence,
    )


def alert_of(event: ActivityEvent, rule_set: RuleSet, match: Match, evidence: Evidence) -> StoredAlert:
    """Return the alert of a rule that an event meets."""
    return StoredAlert(
        user_id=event.user_id,
        t=event.t,
        n=event.n,
        event_id=event.event_id,
        code=match.code,
        edition=rule_set.edition,
        shadow=rule_set.shadow,
        evidence=evidence,
    )
