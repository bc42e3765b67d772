"""The body of a standard message: JSON of less than 20 kB, made when it is sent, from what is stored.

The form is that of Standard Webhooks 1.0.0, "Payload structure".
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

from app.alerts.feed.domain import Entry, FeedPage
from app.alerts.feed.schemas import FeedPageSchema, render_page
from app.webhooks.domain import OF_A_SHORT_ALERT
from app.webhooks.messages import Message

MAX_BODY = 20_000  # bytes
OF_THE_EVENT = ("user_id", "t", "n", "event_id", "kind")  # members that all alerts of a message share
MANY_EVENTS = (50, 20, 10, 5, 0)  # how many events of the evidence stay, until the body is short enough
SHORT_TEXT = 200  # characters of guidance and sentences, if fewer events do not suffice

Data = Mapping[str, Any]
Shorten = Callable[[Data], Data]  # shortens an alert

_schema = FeedPageSchema()


def data_of(entries: Sequence[Entry]) -> Data:
    """Return what a message says about the entries of one event at one revision; there is at least one."""
    alerts: list[dict[str, Any]] = _schema.dump(render_page(FeedPage(entries=entries, next_after=0)))["alerts"]
    return {
        **{name: alerts[0][name] for name in OF_THE_EVENT},
        "alerts": [{name: value for name, value in each.items() if name not in OF_THE_EVENT} for each in alerts],
    }


def standard_body(message: Message) -> bytes:
    """Return a message in full; else as much of it as fits, with `truncated` in its data."""
    for data in _ever_shorter(message.data):
        body = _encoded(message, data)
        if len(body) <= MAX_BODY:
            break
    return body


def _encoded(message: Message, data: Data) -> bytes:
    timestamp = message.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    body = {"type": message.topic.value, "timestamp": timestamp, "data": data}
    return json.dumps(body, separators=(",", ":")).encode()


def _ever_shorter(data: Data) -> Iterator[Data]:
    yield data
    alerts: Sequence[Data] = data.get("alerts", ())
    for shorten in (*map(_with_events, MANY_EVENTS), _with_short_texts, _without_evidence):
        yield {**data, "alerts": [shorten(each) for each in alerts], "truncated": True}
    few = [_without_evidence(each) for each in alerts]
    while few := few[: len(few) // 2]:
        yield {**data, "alerts": few, "truncated": True}
    yield {"truncated": True}


def _with_events(most: int) -> Shorten:
    def shorten(alert: Data) -> Data:
        evidence = alert["evidence"]
        lists = {name: evidence[name][:most] for name in ("moments", "events")}
        return {**alert, "evidence": {**evidence, **lists}}

    return shorten


def _with_short_texts(alert: Data) -> Data:
    alert = _with_events(0)(alert)
    sentence = {"sentence": alert["evidence"]["sentence"][:SHORT_TEXT]}
    guidance = alert["guidance"] and alert["guidance"][:SHORT_TEXT]
    return {**alert, "guidance": guidance, "evidence": {**alert["evidence"], **sentence}}


def _without_evidence(alert: Data) -> Data:
    return {name: alert[name] for name in OF_A_SHORT_ALERT}
