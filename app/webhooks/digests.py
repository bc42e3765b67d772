"""Several messages as text for people: the bodies for Slack and Teams, and what an e-mail says (A67).

Sentences, guidance, notes and names were written by people or come from a platform. So nothing in a text may act as
markup or steer a terminal: Slack's is escaped and switched off, Teams shows runs of text, which have no markup.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.webhooks.domain import Topic
from app.webhooks.messages import Message

MAX_LINES = 50  # alerts that a digest lists
MAX_SENTENCE, MAX_GUIDANCE, MAX_NOTE = 300, 300, 500  # characters
WORDS = {
    Topic.RAISED: "Alert",
    Topic.FOUND_LATE: "Alert, found late",
    Topic.RETRACTED: "Alert retracted",
    Topic.PUBLISHED: "Rules published",
    Topic.CASE_OPENED: "Case opened",
    Topic.CASE_CLOSED: "Case closed",
    Topic.ACTION_RECORDED: "Action",
    Topic.TEST: "Test",
}
COUNTED = {
    Topic.RAISED: "raised",
    Topic.FOUND_LATE: "found late",
    Topic.RETRACTED: "retracted",
    Topic.PUBLISHED: "published",
    Topic.CASE_OPENED: "case opened",
    Topic.CASE_CLOSED: "case closed",
    Topic.ACTION_RECORDED: "action",
    Topic.TEST: "test",
}
TEST = "Test: messages for this address arrive."
ADAPTIVE_CARD = "application/vnd.microsoft.card.adaptive"


def lines_of(messages: Sequence[Message]) -> list[str]:
    """Return a line for each alert and each other message, without control characters and of bounded length."""
    lines = [line for message in messages for line in _lines(message)]
    if len(lines) > MAX_LINES:
        rest = len(lines) - MAX_LINES
        lines = [*lines[:MAX_LINES], f"… and {rest} more, which the feed of alerts has."]
    return lines


def title_of(messages: Sequence[Message]) -> str:
    """Return how many of what there are, such as "Activity alerts: 2 raised, 1 retracted"."""
    counts = Counter(COUNTED[message.topic] for message in messages for _ in range(_count(message)))
    return "Activity alerts: " + ", ".join(f"{count} {word}" for word, count in counts.items())


def slack_body(messages: Sequence[Message]) -> bytes:
    """Return the body for an incoming webhook of Slack."""
    text = "\n".join(_escaped(line) for line in lines_of(messages))
    return _json({"text": text, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False})


def teams_body(messages: Sequence[Message]) -> bytes:
    """Return the body for a workflow of Teams: a message with an adaptive card."""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": line}]} for line in lines_of(messages)
        ],
    }
    attachment = {"contentType": ADAPTIVE_CARD, "contentUrl": None, "content": card}
    return _json({"type": "message", "attachments": [attachment]})


def plain(text: object, longest: int) -> str:
    """Return a text on one line, without what steers a terminal or the direction of writing."""
    line = " ".join("".join(each if each.isprintable() else " " for each in str(text)).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _count(message: Message) -> int:
    return len(message.data["alerts"]) if "alerts" in message.data else 1


def _lines(message: Message) -> Iterator[str]:
    if message.topic is Topic.TEST:
        yield TEST
    elif message.topic is Topic.PUBLISHED:
        yield _publication(message.data)
    elif message.topic in {Topic.CASE_OPENED, Topic.CASE_CLOSED}:
        yield _case(WORDS[message.topic], message.data)
    elif message.topic is Topic.ACTION_RECORDED:
        yield _action(message.data)
    else:
        for alert in message.data["alerts"]:
            yield _alert(WORDS[message.topic], message.data, alert)


def _publication(data: Mapping[str, Any]) -> str:
    note = plain(data["note"], MAX_NOTE)
    by = plain(data["published_by"], MAX_NOTE)
    return f"{WORDS[Topic.PUBLISHED]}: edition {data['edition']} is live, by {by}" + (f": {note}" if note else "")


def _case(word: str, data: Mapping[str, Any]) -> str:
    strength = " (strong)" if data["strength"] == "strong" else ""
    codes = f", codes {', '.join(map(str, data['codes']))}" if data["codes"] else ""
    outcome = f", outcome {data['outcome']}" if data["outcome"] else ""
    return f"{word}: {data['case_id']}{strength}, player {data['user_id']}, priority {data['priority']}{codes}{outcome}"


def _action(data: Mapping[str, Any]) -> str:
    kind = data["kind"].replace("_", " ")
    what = data["step"].replace("_", " ") if data["step"] else "recorded"
    review = f": {data['review']}" if data["review"] else ""
    return f"{WORDS[Topic.ACTION_RECORDED]} {data['action_id']} ({kind}), player {data['user_id']}, {what}{review}"


def _alert(word: str, data: Mapping[str, Any], alert: Mapping[str, Any]) -> str:
    strength = f" ({alert['strength']})" if alert["strength"] == "strong" else ""
    place = f"t {data['t']}" + (f", event {plain(data['event_id'], 64)}" if data["event_id"] else "")
    sentence = plain(alert["evidence"]["sentence"], MAX_SENTENCE)
    guidance = f" To do: {plain(alert['guidance'], MAX_GUIDANCE)}" if alert["guidance"] else ""
    return f"{word}: player {data['user_id']}, code {alert['code']}{strength}, {place}. {sentence}{guidance}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
