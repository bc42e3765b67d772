"""The pages of records: what a busy analyst fills in, what waits, and who decides."""

import re

import pytest
from apiflask import APIFlask

from app.interactions import action_steps
from app.staff.permissions import Role
from tests.integration.conftest import Sql
from tests.integration.recordings import CONTESTED, PLATFORM, Records
from tests.integration.staffing import Tab, tab_of
from tests.integration.test_case_pages import CASES, step

CALL = {"channel": "phone", "reached": "yes", "said": "We talked.", "next_step": "Call again.", "days": 3}
FOUND = re.compile(r"/console/(interactions|actions|evaluations)/(\d+)")


@pytest.fixture
def records(app: APIFlask, sql: Sql) -> Records:
    return Records(app, sql)


@pytest.fixture
def analyst(app: APIFlask) -> Tab:
    return tab_of(app, Role.ANALYST)


@pytest.fixture
def lead(app: APIFlask) -> Tab:
    return tab_of(app, Role.LEAD, email="lead@example.com", name="Lea")


@pytest.fixture
def case_id(analyst: Tab, records: Records) -> int:
    """A case that the analyst has taken."""
    opened = records.work.opened(7).id
    step(analyst, opened, "take")
    return opened


def linked(text: str, kind: str) -> str:
    """Return the address of the first record of a kind that a page links to."""
    return next(found[0] for found in FOUND.finditer(text) if found[1] == kind)


def test_an_interaction_takes_few_fields_and_is_in_the_journal(analyst: Tab, case_id: int, sql: Sql) -> None:
    assert step(analyst, case_id, "interaction", **CALL, form_id="one")[0] == 303
    text = analyst.get(f"{CASES}/{case_id}").text
    assert "The interaction is recorded." in text
    assert "Call again." in text
    shown = analyst.get(linked(text, "interactions")).text
    assert "We talked." in shown
    assert "24 hours" in shown
    assert sql("SELECT directness, attempt, reached, prompt_alerts, occurred_at > now() - interval '1 minute'"
               " FROM interaction") == [("direct", 1, "yes", [1], True)]  # fmt: skip


def test_everything_that_may_be_known_is_recorded(analyst: Tab, case_id: int, sql: Sql) -> None:
    fields = {
        **CALL,
        "channel": "email",
        "occurred_at": "2026-11-27T09:30",
        "attempt": 3,
        "concern": "high",
        "offered": ["deposit_limit", "time_out"],
        "accepted": ["time_out"],
        "actions": ["time_out"],
        "action_until": "2027-01-31",
        "stopped_marketing": "yes",
        "told_of_contest": "no",
        "understood": "yes",
        "vulnerability": "Lost work.",
        "prompt": "Third night.",
        "sources": ["payments", "activity"],
        "template": "limits",
        "template_version": "2",
        "response": "accepted",
    }
    analyst.get("/console/me")
    analyst.post("/console/me/look", zone="Europe/Madrid", theme="system", density="comfortable", single_keys="yes")
    status, text = step(analyst, case_id, "interaction", **fields)
    assert status == 303, text
    assert sql(
        "SELECT occurred_at AT TIME ZONE 'UTC' = '2026-11-27 08:30', directness, attempt, concern, offered, accepted,"
        " actions, action_from = occurred_at, marketing_stopped_at = occurred_at, bonus_stopped_at, told_of_contest,"
        " understood, vulnerability, prompt, sources, template, template_version, response FROM interaction"
    ) == [
        (
            *(True, "indirect", 3, "high", ["deposit_limit", "time_out"], ["time_out"], ["time_out"], True, True, None),
            *(False, "yes", "Lost work.", "Third night.", ["payments", "activity"], "limits", "2", "accepted"),
        )
    ]


@pytest.mark.parametrize(
    "refused",
    [
        ("interaction", {**CALL, "channel": "smoke"}, "Choose one from the list."),
        ("interaction", {**CALL, "said": ""}, "Say what was said or written, or which template was sent."),
        ("interaction", {**CALL, "next_step": " "}, "Say what comes next."),
        ("interaction", {**CALL, "days": ""}, "Choose when to look at the case again."),
        ("interaction", {**CALL, "channel": "none"}, "Say why the customer was not contacted."),
        ("interaction", {**CALL, "occurred_at": "yesterday"}, "Enter a day and a time"),
        ("interaction", {**CALL, "attempt": "many"}, "Not a valid integer."),
        ("interaction", {**CALL, "accepted": "time_out"}, "Only what was offered can be accepted."),
        ("interaction", {**CALL, "said": "x" * 4001}, "Use at most 4,000 characters."),
        ("action", {"kind": "deposit_limit", "reason": "much", "next_step": "x", "days": 1}, "Enter the limit."),
        ("action", {"kind": "monitor", "reason": "", "next_step": "x", "days": 1}, "Say why."),
        ("action", {"kind": "monitor", "reason": "much", "amount": "x"}, "Enter an amount, such as 100.00."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(
    analyst: Tab, case_id: int, sql: Sql, refused: tuple[str, dict[str, object], str]
) -> None:
    name, fields, said = refused
    status, text = step(analyst, case_id, name, **fields)
    assert (status, said in text) == (400, True)
    described = re.search(rf'id="({name}-\w+)-error"', text)
    assert described
    assert f"{described[1]}-error" in text.partition('aria-describedby="')[2]
    assert sql("SELECT (SELECT count(*) FROM interaction), (SELECT count(*) FROM automated_action)") == [(0, 0)]
    if name == "interaction" and fields["said"] == "We talked.":
        assert "We talked.</textarea>" in text


def test_a_stale_form_stays_open_with_all_that_was_typed(analyst: Tab, lead: Tab, case_id: int, sql: Sql) -> None:
    shown = analyst.get(f"{CASES}/{case_id}").text
    version = re.search(r'name="version" value="(\d+)"', shown)
    assert version
    [(lead_id,)] = sql("SELECT id FROM staff_account WHERE email = 'lead@example.com'")
    assert step(lead, case_id, "assign", to=lead_id)[0] == 303
    response = analyst.post(f"{CASES}/{case_id}/interaction", version=version[1], **CALL)
    assert (response.status_code, "look at what happened, then send this again" in response.text) == (409, True)
    assert "We talked.</textarea>" in response.text
    again = re.search(r'name="version" value="(\d+)"', response.text)
    assert again
    assert analyst.post(f"{CASES}/{case_id}/interaction", version=again[1], **CALL).status_code == 303


def test_a_correction_shows_both(analyst: Tab, case_id: int, sql: Sql) -> None:
    step(analyst, case_id, "interaction", **CALL)
    path = linked(analyst.get(f"{CASES}/{case_id}").text, "interactions")
    assert analyst.post(f"{path}/correct", **CALL).status_code == 400  # without saying what was wrong
    fields = {**CALL, "reached": "no", "correction_reason": "It was the mailbox."}
    at = re.search(r'name="occurred_at"[^>]*value="([^"]+)"', analyst.get(path).text)
    assert at
    answer = analyst.post(f"{path}/correct", **fields, occurred_at=at[1])
    assert answer.status_code == 303
    assert "It was the mailbox." in analyst.get(answer.location).text
    assert answer.location in analyst.get(path).text
    assert sql("SELECT count(DISTINCT occurred_at) FROM interaction") == [(1,)]  # the seconds are kept
    refused = analyst.post(f"{path}/correct", **{**fields, "said": "Another."}, occurred_at=at[1])
    assert (refused.status_code, "was already corrected" in refused.text) == (409, True)


def test_an_action_is_recorded_reviewed_and_then_the_case_closes(
    app: APIFlask, analyst: Tab, lead: Tab, case_id: int, sql: Sql
) -> None:
    fields = {
        "kind": "deposit_limit",
        "amount": "100",
        "period": "week",
        "reason": "Much.",
        "next_step": "x",
        "days": 1,
    }
    assert step(analyst, case_id, "action", **fields)[0] == 303
    closing = {"outcome": "action_taken", "reason": "A limit."}
    status, text = step(analyst, case_id, "close", **closing)
    assert (status, "for the review of a lead" in text) == (409, True)
    path = linked(analyst.get(f"{CASES}/{case_id}").text, "actions")
    assert path in lead.get("/console/waiting").text
    analyst.get(path)
    assert analyst.post(f"{path}/review", review="upheld", reason="Right.").status_code == 403
    lead.get(path)
    assert "Choose what to do." in lead.post(f"{path}/review", reason="Right.").text
    assert lead.post(f"{path}/review", review="upheld", reason=" ").status_code == 400
    assert lead.post(f"{path}/review", review="upheld", reason="Right.").status_code == 303
    assert lead.post(f"{path}/review", review="upheld", reason="Right.").status_code == 303  # a double click
    assert lead.post(f"{path}/review", review="lifted", reason="Wrong.").status_code == 409
    assert analyst.post(f"{path}/step", step="contested", text="It is mine.").status_code == 303
    assert "Contested" in lead.get("/console/waiting").text or "Decide the contest" in lead.get("/console/waiting").text
    refused = lead.post(f"{path}/contest", review="lifted", reason="Right.")
    assert (refused.status_code, "another person must decide" in refused.text) == (409, True)
    other = tab_of(app, Role.LEAD, email="max@example.com", name="Max")
    other.get(path)
    assert other.post(f"{path}/contest", review="lifted", reason="Income is proved.").status_code == 303
    assert "Income is proved." in analyst.get(path).text
    assert step(analyst, case_id, "close", **closing)[0] == 303
    assert sql("SELECT status FROM care_case WHERE id = %s", case_id) == [("closed",)]


def test_an_evaluation_is_decided(analyst: Tab, case_id: int, sql: Sql) -> None:
    assert step(analyst, case_id, "wait", days=14, note="Less play.")[0] == 303
    path = linked(analyst.get(f"{CASES}/{case_id}").text, "evaluations")
    assert path not in analyst.get("/console/waiting").text
    sql("UPDATE awaited SET due_at = now()")
    assert path in analyst.get("/console/waiting").text
    shown = analyst.get(path).text
    assert "Less play." in shown
    assert "The numbers suggest: too early" in shown
    assert "Choose a verdict." in analyst.post(f"{path}/decide", reason="x").text
    assert analyst.post(f"{path}/decide", verdict="improved", reason=" ").status_code == 400
    assert analyst.post(f"{path}/decide", verdict="improved", reason="Half of it.").status_code == 303
    assert "Half of it." in analyst.get(path).text
    assert analyst.post(f"{path}/decide", verdict="worse", reason="No.").status_code == 409


def test_who_reads_sees_no_form(app: APIFlask, analyst: Tab, case_id: int, records: Records) -> None:
    step(analyst, case_id, "interaction", **CALL)
    records.block()
    text = analyst.get(f"{CASES}/{case_id}").text
    viewer = tab_of(app, Role.VIEWER, email="vic@example.com")
    for path in (linked(text, "interactions"), linked(text, "actions"), "/console/waiting", f"{CASES}/{case_id}"):
        shown = viewer.get(path)
        assert shown.status_code == 200
        assert f'<form class="form" method="post" action="{path}' not in shown.text
    for missing in ("/console/interactions/4711", "/console/actions/4711", "/console/evaluations/4711"):
        assert viewer.get(missing).status_code == 404
    assert analyst.post(f"{linked(text, 'actions')}/nothing").status_code == 404


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</textarea><b>"])
def test_what_people_and_platforms_write_is_text(
    analyst: Tab, lead: Tab, case_id: int, records: Records, evil: str
) -> None:
    fields = {**CALL, "said": evil, "next_step": evil, "vulnerability": evil, "prompt": evil, "template": evil}
    step(analyst, case_id, "interaction", **fields)
    action = records.block(reason=evil).action
    action_steps.step(records.services, PLATFORM, action.id, CONTESTED)
    lead.get("/console/me")
    lead.post(f"/console/actions/{action.id}/review", review="changed", reason=evil)
    step(analyst, case_id, "wait", days=14, note=evil)
    text = analyst.get(f"{CASES}/{case_id}").text
    evaluation = linked(text, "evaluations")
    analyst.post(f"{evaluation}/decide", verdict="worse", reason=evil, further_action=evil)
    records.sql("UPDATE care_case SET status = 'in_review', due_at = '2020-01-01'")
    paths = (
        f"{CASES}/{case_id}",
        linked(text, "interactions"),
        linked(text, "actions"),
        evaluation,
        "/console/waiting",
    )
    for path in paths:
        assert evil not in analyst.get(path).text
    csrf = analyst.csrf
    assert analyst.client.post(f"{evaluation}/decide", data={"csrf": csrf[::-1], "verdict": "worse"}).status_code == 403
