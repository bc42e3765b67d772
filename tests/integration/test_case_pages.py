"""The pages of cases: lists by their address, one case, and steps that are refused without loss."""

import re
from collections.abc import Callable

import pytest
from apiflask import APIFlask

from app.staff.permissions import Role
from tests.integration.casework import STRONG_CODE, Casework, casework_of
from tests.integration.conftest import Sql
from tests.integration.staffing import Tab, tab_of

CASES = "/console/cases"


@pytest.fixture
def work(app: APIFlask, sql: Sql) -> Casework:
    return casework_of(app, sql)


@pytest.fixture
def analyst(app: APIFlask) -> Tab:
    return tab_of(app, Role.ANALYST)


@pytest.fixture
def lead(app: APIFlask) -> Tab:
    return tab_of(app, Role.LEAD, email="lead@example.com", name="Lea")


Open = Callable[..., int]


@pytest.fixture
def opened(work: Casework, sql: Sql) -> Open:
    """Let an alert open a case; return its id."""

    def by_alert(user_id: int = 7, code: int = 30) -> int:
        work.alert(user_id, code=code)
        work.attach()
        [(case_id,)] = sql("SELECT id FROM care_case WHERE user_id = %s AND status <> 'closed'", user_id)
        return int(case_id)

    return by_alert


def step(tab: Tab, case_id: int, name: str, **fields: object) -> tuple[int, str]:
    """Send the form of a step as the page shows it; return status and text."""
    shown = tab.get(f"{CASES}/{case_id}").text
    version = re.search(r'name="version" value="(\d+)"', shown)
    response = tab.post(f"{CASES}/{case_id}/{name}", **{"version": version[1] if version else "", **fields})
    return response.status_code, response.text


def state(sql: Sql, case_id: int) -> str:
    [(status,)] = sql("SELECT status FROM care_case WHERE id = %s", case_id)
    return str(status)


def test_the_queue_lists_what_waits_and_counts_the_tabs(analyst: Tab, opened: Open) -> None:
    case_id = opened()
    text = analyst.get(CASES).text
    assert f'href="/console/cases/{case_id}?' in text
    assert "Code 30 at 10" in text
    assert re.search(r"New\s*<span[^>]*>1</span>", text)


def test_without_cases_the_queue_says_how_far_alerts_are_attached(analyst: Tab) -> None:
    assert "No new cases" in analyst.get(CASES).text


def test_alerts_that_wait_long_are_said_loudly(analyst: Tab, work: Casework, sql: Sql) -> None:
    work.alert(7)
    sql("UPDATE alert_feed SET at = now() - interval '5 minutes'")
    assert "The worker is late or not running" in analyst.get(CASES).text


def test_filters_live_in_the_address_and_stay_in_the_tabs(analyst: Tab, opened: Open) -> None:
    first, second = opened(7, 30), opened(8, 1100)
    text = analyst.get(f"{CASES}?code=1100").text
    assert f"{CASES}/{second}?" in text
    assert f"{CASES}/{first}?" not in text
    assert f"{CASES}?tab=mine&amp;code=1100" in text
    nothing = analyst.get(f"{CASES}?user=999").text
    assert "No case matches these filters" in nothing
    assert f'href="{CASES}?tab=new"' in nothing


@pytest.mark.parametrize(
    "query", ["code=abc", "code=99999999999", "priority=4", "strength=weak", "user=-1", "user=99999999999999999999",
              "assignee=1e3", "outcome=nothing", "sort=random", "tab=none", "code=٣"]
)  # fmt: skip
def test_a_filter_that_cannot_be_read_is_said_and_not_ignored(analyst: Tab, query: str) -> None:
    response = analyst.get(f"{CASES}?{query}")
    assert response.status_code == 400
    assert "choose another, or remove the filter" in response.text


def test_a_page_of_another_list_begins_again(analyst: Tab) -> None:
    response = analyst.get(f"{CASES}?after=nonsense")
    assert (response.status_code, response.location) == (303, CASES)
    assert "This is its first page" in analyst.get(CASES).text


def test_news_wait_until_they_are_asked_for(analyst: Tab, opened: Open) -> None:
    shown = analyst.get(CASES).text
    poll = re.search(r'data-poll="([^"]+)"', shown)
    assert poll
    path = poll[1].replace("&amp;", "&")
    assert analyst.get(path).get_json() == {"text": ""}
    opened()
    assert analyst.get(path).get_json() == {"text": "1 new: show"}
    assert analyst.get(f"{CASES}/news?since=never").get_json() == {"text": ""}


def test_polling_does_not_keep_a_session_alive(analyst: Tab, opened: Open, sql: Sql) -> None:
    case_id = opened()
    sql("UPDATE staff_session SET seen_at = now() - interval '59 minutes'")
    before = sql("SELECT seen_at FROM staff_session")
    analyst.get(f"{CASES}/news?since=2026-01-01T00:00:00Z")
    assert sql("SELECT seen_at FROM staff_session") == before
    analyst.get(f"{CASES}/{case_id}")
    assert sql("SELECT seen_at FROM staff_session") != before


def test_claim_next_takes_the_most_urgent_case(analyst: Tab, opened: Open, sql: Sql) -> None:
    opened(7, 30)
    urgent = opened(8, STRONG_CODE)
    analyst.get(CASES)
    assert analyst.post(f"{CASES}/claim", form_id="one").location == f"{CASES}/{urgent}"
    assert analyst.post(f"{CASES}/claim", form_id="one").location == f"{CASES}/{urgent}"  # a double click
    assert sql("SELECT count(*) FROM care_case WHERE status = 'in_review'") == [(1,)]
    analyst.post(f"{CASES}/claim", form_id="two")
    assert analyst.post(f"{CASES}/claim", form_id="three").location == CASES


def test_a_case_is_worked_on_from_taking_to_closing(analyst: Tab, opened: Open, sql: Sql) -> None:
    case_id = opened()
    assert step(analyst, case_id, "take")[0] == 303
    assert step(analyst, case_id, "note", note="Called.\nNo answer.", form_id="note-1")[0] == 303
    assert "Called.\nNo answer." in analyst.get(f"{CASES}/{case_id}").text
    assert step(analyst, case_id, "wait", days=14, note="less play at night")[0] == 303
    assert state(sql, case_id) == "monitoring"
    status, text = step(analyst, case_id, "close", outcome="no_concern", reason="Usual play.", alerts=1)
    assert (status, state(sql, case_id)) == (303, "closed"), text
    text = analyst.get(CASES).text
    assert f"Case {case_id} is closed." in text
    assert f'action="{CASES}/{case_id}/undo"' in text
    assert step(analyst, case_id, "undo")[0] == 303
    assert state(sql, case_id) == "in_review"


def test_after_closing_comes_the_next_of_ones_own_cases(analyst: Tab, opened: Open) -> None:
    first, second = opened(7), opened(8)
    for case_id in (first, second):
        step(analyst, case_id, "take")
    shown = analyst.get(f"{CASES}/{first}").text
    version = re.search(r'name="version" value="(\d+)"', shown)
    assert version
    fields = {"version": version[1], "outcome": "no_concern", "reason": "Usual play."}
    assert analyst.post(f"{CASES}/{first}/close", **fields).location == f"{CASES}/{second}"


@pytest.mark.parametrize(
    "refused",
    [
        ("close", {"reason": "Usual play."}, "Choose an outcome."),
        ("close", {"outcome": "nothing"}, "Choose one from the list."),
        ("close", {"outcome": "no_concern", "reason": " "}, "Enter a reason."),
        ("close", {"outcome": "no_concern", "reason": "x" * 2001}, "Use at most 2,000 characters."),
        ("snooze", {"days": 2, "reason": "later"}, "Choose one from the list."),
        ("snooze", {"days": 30, "reason": "later"}, "at most 7 days from now, a lead 30"),
        ("snooze", {"days": 7}, "Enter a reason."),
        ("wait", {}, "Choose one from the list."),
        ("note", {"note": " "}, "Enter a note."),
        ("mute", {"code": 999_999, "days": 7, "reason": "known"}, "999999"),
        ("mute", {"code": 30, "days": 365, "reason": "known"}, "Choose one from the list."),
        ("unmute", {"code": 30}, "is not muted"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    analyst: Tab, opened: Open, sql: Sql, refused: tuple[str, dict[str, object], str]
) -> None:
    (name, fields, said), case_id = refused, opened()
    step(analyst, case_id, "take")
    events = sql("SELECT count(*) FROM case_event")
    status, text = step(analyst, case_id, name, **fields)
    assert status in {400, 409}
    assert said in text
    assert sql("SELECT count(*) FROM case_event") == events
    for typed in fields.values():
        if isinstance(typed, str) and len(typed) > 3:
            assert typed in text


def test_a_stale_form_is_a_page_that_says_what_happened_and_keeps_the_text(
    analyst: Tab, lead: Tab, opened: Open, sql: Sql
) -> None:
    case_id = opened()
    step(analyst, case_id, "take")
    shown = analyst.get(f"{CASES}/{case_id}").text
    version = re.search(r'name="version" value="(\d+)"', shown)
    assert version
    step(lead, case_id, "take")
    [(lead_id,)] = sql("SELECT id FROM staff_account WHERE email = 'lead@example.com'")
    assert step(lead, case_id, "assign", to=lead_id)[0] == 303
    response = analyst.post(
        f"{CASES}/{case_id}/close", version=version[1], outcome="no_concern", reason="A long text of mine."
    )
    assert response.status_code == 409
    assert "Someone else changed this first" in response.text
    assert "A long text of mine." in response.text
    assert "Assigned" in response.text
    assert state(sql, case_id) == "in_review"


def test_a_new_alert_makes_the_closing_form_stale(analyst: Tab, opened: Open, work: Casework, sql: Sql) -> None:
    case_id = opened()
    step(analyst, case_id, "take")
    shown = analyst.get(f"{CASES}/{case_id}").text
    version = re.search(r'name="version" value="(\d+)"', shown)
    assert version
    work.alert(7, t=20)
    work.attach()
    fields = {"version": version[1], "alerts": 1, "outcome": "no_concern", "reason": "Usual play."}
    assert analyst.post(f"{CASES}/{case_id}/close", **fields).status_code == 409
    assert state(sql, case_id) == "in_review"


def test_a_strong_case_without_interaction_takes_a_lead(analyst: Tab, lead: Tab, opened: Open, sql: Sql) -> None:
    case_id = opened(7, STRONG_CODE)
    step(analyst, case_id, "take")
    closing = {"outcome": "no_concern", "reason": "Usual play."}
    status, text = step(analyst, case_id, "close", **closing)
    assert status == 409
    assert "record one, or let a lead close it" in text
    assert step(lead, case_id, "close", **closing)[0] == 409
    assert step(lead, case_id, "close", **closing, why_no_interaction="The account was closed.")[0] == 303
    assert state(sql, case_id) == "closed"


def test_steps_with_many_cases_say_what_became_of_each(analyst: Tab, lead: Tab, opened: Open, sql: Sql) -> None:
    first, second, other = opened(7), opened(8), opened(9)
    step(lead, second, "take")
    analyst.get(CASES)
    fields = {"step": "take", "case": [first, second, 4711], "form_id": "bulk-1", "list": f"{CASES}?tab=new"}
    text = analyst.post(f"{CASES}/bulk", **fields).text
    assert "1 of 3 cases taken" in text
    assert "Somebody else works on case" in text
    assert "There is no case 4711" in text
    assert f'href="{CASES}?tab=new"' in text
    assert state(sql, other) == "new"
    again = analyst.post(f"{CASES}/bulk", **fields).text
    assert "1 of 3 cases taken" in again
    assert analyst.post(f"{CASES}/bulk", step="take", list="https://evil.example").location == CASES


def test_a_list_is_saved_under_a_name(analyst: Tab, sql: Sql) -> None:
    analyst.get(CASES)
    analyst.post(f"{CASES}/views", name="Night <b>shift</b>", list=f"{CASES}?tab=strong&code=30")
    text = analyst.get(CASES).text
    assert f'href="{CASES}?tab=strong&amp;code=30"' in text
    assert "Night &lt;b&gt;shift" in text
    [(view_id,)] = sql("SELECT id FROM saved_view")
    analyst.post(f"{CASES}/views/{view_id}/delete")
    assert sql("SELECT count(*) FROM saved_view") == [(0,)]
    assert analyst.post(f"{CASES}/views/{view_id}/delete").status_code == 409
    assert analyst.post(f"{CASES}/views", name=" ", list=CASES).status_code == 409


def test_a_case_is_opened_by_hand(analyst: Tab, sql: Sql) -> None:
    analyst.get(CASES)
    wrong = analyst.post(f"{CASES}/new", user_id="x", reason="A call.")
    assert wrong.status_code == 400
    assert "Enter the customer&#39;s number." in wrong.text
    assert "A call." in wrong.text
    fields = {"user_id": 77, "indicator": "e", "strength": "strong", "reason": "A call."}
    assert analyst.post(f"{CASES}/new", **fields).status_code == 303
    again = analyst.post(f"{CASES}/new", **fields)
    assert (again.status_code, "only one may be open" in again.text) == (409, True)
    assert sql("SELECT user_id, indicator, strength FROM care_case") == [(77, "e", "strong")]


def test_drafts_are_kept_and_presence_is_told(analyst: Tab, lead: Tab, opened: Open) -> None:
    case_id = opened()
    analyst.get(f"{CASES}/{case_id}")
    assert analyst.post(f"{CASES}/{case_id}/draft", text="half a thou").status_code == 204
    assert "half a thou" in analyst.get(f"{CASES}/{case_id}").text
    assert "half a thou" not in lead.get(f"{CASES}/{case_id}").text
    assert analyst.post(f"{CASES}/{case_id}/presence").get_json() == {"text": ""}
    assert lead.post(f"{CASES}/{case_id}/presence").get_json() == {"text": "Ann Smith has this case open, too."}


def test_searching_finds_cases_and_customers(analyst: Tab, opened: Open) -> None:
    case_id = opened(70_000)
    assert analyst.get(f"/console/search?q={case_id}").location == f"{CASES}/{case_id}"
    assert "Cases of customer 70000" in analyst.get("/console/search?q=70000").text
    for nothing in ("", "x", "99999999999999999999", "0", "٣"):
        assert "Nothing was found" in analyst.get(f"/console/search?q={nothing}").text


def test_a_viewer_sees_cases_and_no_step(app: APIFlask, opened: Open, sql: Sql) -> None:
    case_id = opened()
    viewer = tab_of(app, Role.VIEWER, email="vic@example.com")
    text = viewer.get(f"{CASES}/{case_id}").text
    assert '<form method="post" action="/console/cases' not in text
    assert viewer.post(f"{CASES}/{case_id}/take").status_code == 403
    assert state(sql, case_id) == "new"


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</textarea><script>"])
def test_what_people_write_about_cases_is_text(analyst: Tab, opened: Open, evil: str) -> None:
    case_id = opened()
    step(analyst, case_id, "take")
    step(analyst, case_id, "note", note=evil)
    analyst.post(f"{CASES}/{case_id}/draft", text=evil)
    step(analyst, case_id, "snooze", days=7, reason=evil)
    for path in (f"{CASES}/{case_id}", f"{CASES}?tab=snoozed"):
        assert evil not in analyst.get(path).text


def test_an_unknown_case_or_step_is_a_page(analyst: Tab, opened: Open) -> None:
    assert analyst.get(f"{CASES}/4711").status_code == 404
    case_id = opened()
    assert analyst.post(f"{CASES}/{case_id}/nonsense").status_code == 404
    assert analyst.post(f"{CASES}/4711/take").status_code == 404


def test_a_form_that_is_sent_again_with_another_text_is_another_step(analyst: Tab, opened: Open, sql: Sql) -> None:
    case_id = opened()
    for text in ("first", "first", "second"):
        assert step(analyst, case_id, "note", note=text, form_id="the same")[0] == 303
    assert sql("SELECT note FROM case_event WHERE step = 'note' ORDER BY seq") == [("first",), ("second",)]


def test_the_form_of_somebody_else_is_another_step(analyst: Tab, lead: Tab, opened: Open) -> None:
    first, second = opened(7), opened(8)
    locations = set()
    for person in (analyst, lead):
        person.get(CASES)
        locations.add(person.post(f"{CASES}/claim", form_id="the same").location)
    assert locations == {f"{CASES}/{first}", f"{CASES}/{second}"}


def test_steps_with_many_cases_without_the_id_of_a_form_are_each_taken(analyst: Tab, opened: Open, sql: Sql) -> None:
    case_id = opened()
    analyst.get(CASES)
    for wanted, status in (("take", "in_review"), ("release", "new"), ("take", "in_review")):
        analyst.post(f"{CASES}/bulk", step=wanted, case=[case_id])
        assert state(sql, case_id) == status


@pytest.mark.parametrize(
    "path", ["?after=0~2026-01-01T00:00:00%2B23:00~1", "?after=0~9999-12-31T23:59:59-23:00~1",
             "/news?since=2026-01-01T00:00:00%2B23:00", "/news?since=9999-12-31T23:59:59-23:00"]
)  # fmt: skip
def test_times_of_any_zone_are_read(analyst: Tab, path: str) -> None:
    assert analyst.get(f"{CASES}{path}").status_code in {200, 303}


@pytest.mark.parametrize("list_", [f"{CASES}?x\r\ny", f"{CASES}?" + "x" * 2000, f"{CASES}?\\", "/console/casesx"])
def test_a_list_that_is_none_leads_to_the_queue(analyst: Tab, sql: Sql, list_: str) -> None:
    analyst.get(CASES)
    assert analyst.post(f"{CASES}/views", name="Mine", list=list_).location == CASES
    assert sql("SELECT query FROM saved_view") == [({"address": CASES},)]


def test_the_id_of_a_form_may_be_anything(analyst: Tab, opened: Open) -> None:
    opened()
    analyst.get(CASES)
    assert analyst.post(f"{CASES}/claim", form_id="0123456789abcdef" * 375).status_code == 303
