"""From a list to a case and back, what pages of cases say, and what stands beside their fields."""

import re
from collections.abc import Callable

import pytest
from apiflask import APIFlask

from app.events.domain import MeaningOfT
from app.staff.permissions import Role
from tests.integration.casework import STRONG_CODE, Casework, casework_of
from tests.integration.conftest import AppWith, Sql
from tests.integration.staffing import Tab, tab_of
from tests.integration.test_case_pages import CASES, state, step

LIST = f"{CASES}?tab=team"


@pytest.fixture
def work(app: APIFlask, sql: Sql) -> Casework:
    return casework_of(app, sql)


@pytest.fixture
def lead(app: APIFlask) -> Tab:
    return tab_of(app, Role.LEAD, name="Lea Long")


Take = Callable[[int], int]


@pytest.fixture
def taken(work: Casework, lead: Tab) -> Take:
    """Let the lead have a case of this customer; return its id."""

    def take(user_id: int, code: int = 30) -> int:
        case_id = work.opened(user_id, code=code).id
        step(lead, case_id, "take")
        return case_id

    return take


def link(text: str, key: str) -> str:
    """Return where a key of a page leads."""
    found = re.search(rf'href="([^"]+)" data-key="{re.escape(key)}"', text)
    return found[1].replace("&amp;", "&") if found else ""


def test_keys_lead_along_the_list_and_back_to_the_row(lead: Tab, taken: Take) -> None:
    cases = [taken(user_id) for user_id in (7, 8, 9)]
    listed = lead.get(LIST).text
    rows = re.findall(rf'href="({CASES}/(\d+)\?[^"]+)" data-row-link', listed)
    assert {int(number) for _, number in rows} == {*cases}
    assert f'id="row-{cases[0]}"' in listed
    path, order = rows[0][0].replace("&amp;", "&"), [number for _, number in rows]
    for number in order:
        text = lead.get(path).text
        assert f"Case {number}" in text
        assert link(text, "u") == f"{LIST}#row-{number}"
        path = link(text, "]")
    assert path == ""
    assert link(text, "[").startswith(f"{CASES}/{order[1]}?list=")


def test_steps_keep_to_the_list(lead: Tab, taken: Take) -> None:
    case_id, other = taken(7), taken(8)
    query = f"?list=%2Fconsole%2Fcases%3Ftab%3Dteam&rows={case_id}.{other}"
    text = lead.get(f"{CASES}/{case_id}{query}").text
    assert f'action="{CASES}/{case_id}/note{query.replace("&", "&amp;")}"' in text
    assert lead.post(f"{CASES}/{case_id}/note{query}", note="Called.").location == f"{CASES}/{case_id}{query}"
    refused = lead.post(f"{CASES}/{case_id}/note{query}", note=" ").text
    assert link(refused, "]") == f"{CASES}/{other}{query}"
    closing = {"outcome": "no_concern", "reason": "Usual play."}
    assert lead.post(f"{CASES}/{case_id}/close{query}", **closing).location == f"{CASES}/{other}{query}"
    assert lead.post(f"{CASES}/{other}/close{query}", **closing).location == LIST


def test_a_closing_is_undone_by_one_click(lead: Tab, taken: Take, sql: Sql) -> None:
    case_id = taken(7)
    step(lead, case_id, "close", outcome="no_concern", reason="Usual play.")
    text = lead.get(CASES).text
    assert re.search(rf'<form method="post" action="{CASES}/{case_id}/undo">.*?>Undo</button>', text)
    assert lead.post(f"{CASES}/{case_id}/undo").location == f"{CASES}/{case_id}"
    assert state(sql, case_id) == "in_review"


def test_who_got_a_case_is_named(app: APIFlask, lead: Tab, taken: Take, sql: Sql) -> None:
    tab_of(app, Role.ANALYST, email="ben@example.com", name="Ben <b>Jones</b>")
    [(ben,)] = sql("SELECT id FROM staff_account WHERE email = 'ben@example.com'")
    case_id = taken(7)
    step(lead, case_id, "assign", to=ben)
    assert f"Case {case_id} is assigned to Ben &lt;b&gt;Jones&lt;/b&gt;." in lead.get(f"{CASES}/{case_id}").text


@pytest.mark.parametrize(
    ("name", "fields", "field"),
    [
        ("close", {"outcome": "no_concern"}, "reason"),
        ("close", {"outcome": "no_concern", "reason": "Usual."}, "why_no_interaction"),
        ("snooze", {"days": 7}, "reason"),
        ("note", {}, "note"),
        ("mute", {"code": STRONG_CODE, "days": 7}, "reason"),
        ("assign", {}, "to"),
    ],
)
def test_what_is_missing_is_said_at_its_field(
    lead: Tab, taken: Callable[[int, int], int], name: str, fields: dict[str, object], field: str
) -> None:
    _, text = step(lead, taken(7, STRONG_CODE), name, **fields)
    assert f'<a href="#{name}-{field}">' in text
    assert re.search(rf'id="{name}-{field}"[^>]* aria-describedby="[^"]*{name}-{field}-error"', text)


def test_alerts_name_their_rule_and_say_why(lead: Tab, work: Casework, taken: Take, sql: Sql) -> None:
    [(rule,)] = sql("SELECT each->>'name' FROM rule_book, jsonb_array_elements(rules) AS each"
                    " WHERE edition = 1 AND each->>'code' = '30'")  # fmt: skip
    text = lead.get(f"{CASES}/{taken(7)}").text
    assert f"<b>30 {rule}</b>" in text
    assert "Code 30 at 10" in text
    case = work.opened(8, code=STRONG_CODE)  # which no rule of the edition has
    assert f"<b>{STRONG_CODE}</b>" in lead.get(f"{CASES}/{case.id}").text


def test_t_is_a_time_where_it_counts_seconds(app_with: AppWith, lead: Tab, work: Casework) -> None:
    case = work.opened(7, t=1_764_324_000)
    assert "event at t 1764324000" in lead.get(f"{CASES}/{case.id}").text
    cookie = lead.client.get_cookie("session")
    assert cookie
    unix = Tab(app_with(t_is=MeaningOfT.UNIX), cookie.value)
    assert 'event of <time datetime="2025-11-28T10:00:00Z"' in unix.get(f"{CASES}/{case.id}").text
    beyond = work.opened(8, t=2**62)
    assert f"event at t {2**62}" in unix.get(f"{CASES}/{beyond.id}").text


def test_there_is_no_priority_beyond_the_last(lead: Tab) -> None:
    assert lead.get(f"{CASES}?priority=3").status_code == 200
    refused = lead.get(f"{CASES}?priority=9")
    assert (refused.status_code, "not a valid priority" in refused.text) == (400, True)
