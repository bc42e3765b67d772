"""The bodies of messages: short enough whatever they tell, and text that stays text (A67)."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.alerts.domain import Evidence, Kind, StoredAlert
from app.alerts.feed.domain import Entry
from app.alerts.freshness import MAX_ALERTS
from app.rules.event import EventRef
from app.rules.meaning import Indicator, Meaning, Strength
from app.webhooks.bodies import MAX_BODY, data_of, standard_body
from app.webhooks.described import REVIEWED
from app.webhooks.digests import MAX_LINES, lines_of, plain, slack_body, teams_body, title_of
from app.webhooks.domain import Topic
from app.webhooks.messages import Message
from tests.message_schemas import MessageSchemas

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DOCUMENT = json.loads(Path("docs/openapi.json").read_text())


def entry(number: int = 1, events: int = 1, guidance: str | None = "Call.", sentence: str = "Too much.") -> Entry:
    refs = tuple(EventRef(10**9 - place, 0, "e" * 64) for place in range(events))
    evidence = Evidence(value="1", threshold="2", count=events, events=refs, sentence=sentence)
    alert = StoredAlert(
        user_id=7,
        t=5,
        n=1,
        event_id="tx",
        code=1_000 + number,
        edition=3,
        shadow=False,
        evidence=evidence,
        fresh=True,
        meaning=Meaning(indicator=Indicator.SPEND, strength=Strength.STRONG, guidance=guidance),
    )
    return Entry(number=number, kind=Kind.RAISED, at=AT, alert=alert)


def message(*entries: Entry) -> Message:
    return Message(id="alert_7_5_1_raised_0", topic=Topic.RAISED, at=AT, data=data_of(entries))


def published(**data: object) -> Message:
    body = {"edition": 2, "note": "", "published_by": "ann", **data}
    return Message(id="notice_1", topic=Topic.PUBLISHED, at=AT, data=body)


def read(body: bytes) -> Any:  # noqa: ANN401  # of whatever form
    return json.loads(body)


def test_a_message_names_the_event_once_and_each_alert_in_full() -> None:
    body = read(standard_body(message(entry(1), entry(2))))
    assert body["type"] == "alert.raised"
    assert body["timestamp"] == "2026-01-02T03:04:05Z"
    data = body["data"]
    assert [*data] == ["user_id", "t", "n", "event_id", "kind", "alerts"]
    assert [alert["code"] for alert in data["alerts"]] == [1_001, 1_002]
    assert {*data["alerts"][0]} == {
        *("number", "at", "code", "edition", "fresh", "indicator", "strength", "guidance", "evidence")
    }


@pytest.mark.parametrize(
    ("entries", "events_left"),
    [([entry(1, 100)], 100), ([entry(1, 100), entry(2, 100)], 50), ([entry(each, 100) for each in range(8)], 20)],
)
def test_events_of_the_evidence_are_left_out_first(entries: list[Entry], events_left: int) -> None:
    body = standard_body(message(*entries))
    assert len(body) <= MAX_BODY
    data = read(body)["data"]
    assert data.get("truncated", False) is (events_left < 100)
    for alert in data["alerts"]:
        assert len(alert["evidence"]["events"]) == len(alert["evidence"]["moments"]) == events_left
        assert alert["guidance"] == "Call."


@given(st.integers(1, 400), st.integers(0, 100), st.integers(0, 3_000))
def test_a_body_is_short_whatever_it_tells(count: int, events: int, letters: int) -> None:
    many = [entry(each, events, "g" * letters, "\N{SNOWMAN}" * (letters // 4)) for each in range(1, count + 1)]
    body = standard_body(message(*many))
    assert len(body) <= MAX_BODY
    assert read(body)["data"]["alerts"][0]["code"] == 1_001


@pytest.mark.parametrize("count", [1, 3, 10, 30, MAX_ALERTS])
@pytest.mark.parametrize("letters", [0, 500])
def test_a_body_of_any_length_is_as_documented(count: int, letters: int) -> None:
    many = [entry(each, 100, "g" * letters or None) for each in range(1, count + 1)]
    assert MessageSchemas(DOCUMENT).faults(read(standard_body(message(*many)))) == []


def test_no_code_is_left_out_however_many_an_edition_raises() -> None:
    body = read(standard_body(message(*(entry(each, 100, "g" * 500) for each in range(MAX_ALERTS)))))
    assert [alert["code"] for alert in body["data"]["alerts"]] == [1_000 + each for each in range(MAX_ALERTS)]


def test_a_long_notice_is_cut_to_its_type() -> None:
    assert read(standard_body(published(note="x" * 30_000)))["data"] == {"truncated": True}


def test_lines_say_who_what_why_and_what_to_do() -> None:
    assert lines_of([message(entry())]) == [
        "Alert: player 7, code 1001 (strong), t 5, event tx. Too much. To do: Call."
    ]
    reviewed = Message(id="notice_2", topic=Topic.ACTION_RECORDED, at=AT, data=REVIEWED)
    assert lines_of([reviewed]) == ["Action 3 (deposit block), player 1, reviewed: lifted"]
    assert title_of([reviewed]) == "Activity alerts: 1 action"
    assert lines_of([published(note="as agreed")]) == ["Rules published: edition 2 is live, by ann: as agreed"]
    assert title_of([message(entry(1), entry(2)), published()]) == "Activity alerts: 2 raised, 1 published"


def test_a_digest_of_many_alerts_lists_the_first() -> None:
    lines = lines_of([message(entry(each)) for each in range(60)])
    assert len(lines) == MAX_LINES + 1
    assert lines[-1] == "… and 10 more, which the feed of alerts has."
    for body in (slack_body, teams_body):
        assert len(body([message(entry(each, 100, "g" * 2_000)) for each in range(200)])) < 40_000


@given(st.text())
def test_text_of_people_is_one_line_that_steers_nothing(written: str) -> None:
    for line in lines_of([message(entry(guidance=written, sentence=written)), published(note=written)]):
        assert line.isprintable()


@pytest.mark.parametrize(
    "written", ["<!channel> & all", "<https://evil.example|click>", "a\nb\x1b[31m", "\u202etxt", "*bold* _x_"]
)
def test_markup_stays_text_in_slack_and_teams(written: str) -> None:
    messages = [message(entry(guidance=written))]
    slack = read(slack_body(messages))
    assert not {"<", ">"} & {*slack["text"]}
    assert "&" not in slack["text"].replace("&lt;", "").replace("&gt;", "").replace("&amp;", "")
    assert slack["mrkdwn"] is False
    card = read(teams_body(messages))["attachments"][0]["content"]
    [[run]] = [block["inlines"] for block in card["body"]]
    assert run == {"type": "TextRun", "text": lines_of(messages)[0]}


def test_plain_text_is_cut() -> None:
    assert plain("a" * 10, 10) == "a" * 10
    assert plain("a" * 11, 10) == "a" * 9 + "…"
