"""The page of one customer: what happened, the lists, and who may see it; A79, A80."""

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import product
from threading import current_thread, main_thread
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from psycopg2.errors import RaiseException
from sqlalchemy import CursorResult, Executable

from app.customers.ranges import Range
from app.events.domain import MeaningOfT
from app.interactions import recording
from app.rules.event import EventType
from app.rules.window_total import WindowTotal
from app.staff.permissions import Role
from lib.statements import Statement
from lib.transactions import Transaction
from tests.edition_1 import RULES
from tests.integration.books import publish
from tests.integration.casework import Casework, casework_of, member
from tests.integration.clients import codes, send
from tests.integration.conftest import Sql
from tests.integration.recordings import Records
from tests.integration.staffing import Tab, tab_of

PLAYERS, ALERTS = "/console/players", "/console/alerts"
UNIX = pytest.mark.settings(t_is=MeaningOfT.UNIX)
DAY = 86_400
VIEWS = "SELECT user_id, count(*) FROM customer_view GROUP BY 1 ORDER BY 1"


@pytest.fixture
def work(app: APIFlask, sql: Sql) -> Casework:
    return casework_of(app, sql)


@pytest.fixture
def analyst(app: APIFlask) -> Tab:
    return tab_of(app, Role.ANALYST)


def words(html: str) -> str:
    """Return what a reader sees, as one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def rows(html: str, caption: str) -> Sequence[str]:
    """Return the rows of a table in words."""
    [table] = [
        each for each in re.findall(r"<table.*?</table>", html, re.DOTALL) if caption in each.partition("</c")[0]
    ]
    return [words(row) for row in re.findall(r"<tr.*?</tr>", table.partition("<tbody")[2], re.DOTALL)]


def test_a_customer_s_page_says_who_they_are_and_what_they_did(client: FlaskClient, analyst: Tab) -> None:
    client.post("/users", json={"user_id": 7, "name": "Ada Lovelace", "email": "ada@example.org", "groups": ["vip"]})
    for kind, amount, t in (("deposit", "42.00", 10), ("deposit", "1042.50", 20), ("withdraw", "150.00", 28)):
        send(client, kind, amount, t, 7)
    text = analyst.get(f"{PLAYERS}/7").text
    assert "<title>Customer 7 " in text
    for said in ("Ada Lovelace", "ada@example.org", "vip", "This customer has had no case."):
        assert said in words(text), said
    all_of_it = "1,084.50 2 deposits 150.00 1 withdrawal 0 934.50 0"
    assert rows(text, "Totals") == [f"{name} {all_of_it}" for name in ("24 h", "7 days", "30 days", "All")]
    sentence = (
        "From t 10 to t 28: 1,084.50 deposited (2 deposits), 150.00 withdrawn (1 withdrawal), "
        "so a net deposit of 934.50; 3 alerts."
    )
    assert f'role="img" aria-label="{sentence}"' in text
    assert f"<figcaption>{sentence}</figcaption>" in text
    assert rows(text, "The numbers of the picture") == [
        "t 10 42.00 1 deposit 0 0",
        "t 20 1,042.50 1 deposit 0 1",
        "t 28 0 150.00 1 withdrawal 2",
    ]


@UNIX
def test_ranges_of_time_end_now(client: FlaskClient, analyst: Tab) -> None:
    now = int(time.time())
    for amount, ago in (("8", 31 * DAY), ("4", 29 * DAY), ("2", 6 * DAY), ("1", 60)):
        send(client, "deposit", amount, now - ago, 7)
    text = analyst.get(f"{PLAYERS}/7").text
    assert [row.split()[1 if row[0] == "A" else 2] for row in rows(text, "Totals")] == ["1.00", "3.00", "7.00", "15.00"]
    assert (
        "Over the last 30 days: 7.00 deposited (3 deposits), no withdrawals, so a net deposit of 7.00; no alerts."
        in text
    )
    assert "Over the last 24 h: 1.00 deposited (1 deposit)" in analyst.get(f"{PLAYERS}/7?range=24h").text
    assert "Over the whole time: 15.00 deposited (4 deposits)" in analyst.get(f"{PLAYERS}/7?range=all").text


@UNIX
def test_whoever_did_nothing_for_a_month_is_shown_as_a_whole(client: FlaskClient, analyst: Tab) -> None:
    send(client, "deposit", "8", int(time.time()) - 90 * DAY, 7)
    assert "Over the whole time: 8.00 deposited (1 deposit)" in analyst.get(f"{PLAYERS}/7").text


@UNIX
def test_a_limit_is_drawn_where_a_bucket_is_as_long(app: APIFlask, client: FlaskClient, analyst: Tab) -> None:
    now = int(time.time())
    send(client, "deposit", "500", now - 60, 7)
    for shown in Range:
        assert 'class="level"' not in analyst.get(f"{PLAYERS}/7?range={shown}").text
    limit = WindowTotal(code=7, name="x", description="x", type=EventType.DEPOSIT, above=Decimal(600), seconds=3600)
    publish(app, [*RULES, limit])
    text = analyst.get(f"{PLAYERS}/7?range=24h").text
    assert "limit of rule 7: 600.00 within 1 h" in words(text)
    assert text.count('<line class="level"') == 2, "in the picture and beside its words"
    assert 'class="level"' not in analyst.get(f"{PLAYERS}/7?range=30d").text


def test_a_customer_of_whom_nothing_is_known_is_a_page(analyst: Tab, sql: Sql) -> None:
    for number, part in product((7, 2**63 - 1, 2**63, 10**30), ("", "/file")):
        path = f"{PLAYERS}/{number}{part}"
        response = analyst.get(path)
        assert (response.status_code, f"There is no customer {number}" in response.text) == (404, True)
    assert sql(VIEWS) == []


def test_a_customer_with_a_case_and_no_events_is_one(analyst: Tab) -> None:
    analyst.get("/console/cases")
    analyst.post("/console/cases/new", user_id=77, indicator="e", strength="strong", reason="A call.")
    text = words(analyst.get(f"{PLAYERS}/77").text)
    assert "is open (in review" in text or "is open (new" in text
    assert "There are cases, but no events of this customer." in text


def test_an_address_that_cannot_be_read_leads_to_the_page(client: FlaskClient, analyst: Tab) -> None:
    send(client, "deposit", "8", 10, 7)
    for query in ("tab=none", "range=1y", "before=nonsense", "tab=money&before=x", "shadow=perhaps"):
        response = analyst.get(f"{PLAYERS}/7?{query}")
        assert (response.status_code, response.location) == (303, f"{PLAYERS}/7"), query
        assert "This address could not be read" in analyst.get(response.location).text
    assert analyst.get(f"{PLAYERS}/7?tab=cases&before=nonsense").status_code == 200


def test_every_page_about_a_customer_leaves_a_row_an_hour(
    app: APIFlask, client: FlaskClient, analyst: Tab, work: Casework, sql: Sql
) -> None:
    case = work.opened(7)
    send(client, "deposit", "8", 50, 8)
    for path in ("/console/cases", "/console/search?q=7", "/console/me"):
        analyst.get(path)
    client.get(f"/cases/{case.id}")
    assert sql(VIEWS) == []
    analyst.get(f"/console/cases/{case.id}")
    assert sql(VIEWS) == [(7, 1)]
    for path in (f"{PLAYERS}/8", f"{PLAYERS}/8?tab=money", f"{PLAYERS}/8/file"):
        assert analyst.get(path).status_code == 200
    assert sql(VIEWS) == [(7, 1), (8, 1)]
    lead = tab_of(app, Role.LEAD, email="lead@example.com", name="Lea")
    lead.get(f"{PLAYERS}/8/file")
    assert sql(VIEWS) == [(7, 1), (8, 2)]
    assert sql("SELECT DISTINCT hour = date_trunc('hour', at) FROM customer_view") == [(True,)]


def test_the_records_are_only_added_to_even_by_their_owner(sql: Sql) -> None:
    attacks = ("UPDATE {} SET user_id = 1", "DELETE FROM {}", "TRUNCATE {}")
    for table, attack in product(("customer_view", "export_log"), attacks):
        with pytest.raises(RaiseException, match="is only added to"):
            sql(attack.format(table))


def test_alerts_are_listed_page_by_page_live_and_shadow(analyst: Tab, work: Casework, sql: Sql) -> None:
    for t in range(1, 61):
        work.alert(7, t)
    sql(
        "INSERT INTO alert (user_id, t, n, code, edition, shadow, evidence) SELECT 7, 5, 0, 999, 2, true,"
        " jsonb_set(evidence, '{sentence}', '\"in the shadow\"') FROM alert WHERE t = 5"
    )
    sql("INSERT INTO activity_event (user_id, t, type, amount, alert_codes) VALUES (7, 60, 'deposit', 1, '{30}')")
    first = analyst.get(f"{PLAYERS}/7").text
    assert [row.split()[1] for row in rows(first, "Alerts, newest first")] == [str(t) for t in range(60, 35, -1)]
    assert "In the shadow" not in first
    following = re.search(r'href="([^"]+)#list" rel="next"', first)
    assert following
    second = analyst.get(following[1].replace("&amp;", "&")).text
    assert [row.split()[1] for row in rows(second, "Alerts, newest first")] == [str(t) for t in range(35, 10, -1)]
    assert 'rel="first"' in second
    assert "In the shadow" in analyst.get(f"{PLAYERS}/7?shadow=true").text


def test_the_lane_leads_to_the_alerts_of_its_time(analyst: Tab, work: Casework, sql: Sql) -> None:
    for t in (1, 2, 119):
        work.alert(7, t)
    sql("INSERT INTO activity_event (user_id, t, type, amount, alert_codes) VALUES (7, 1, 'deposit', 1, '{30}')")
    sql("INSERT INTO activity_event (user_id, t, type, amount, alert_codes) VALUES (7, 120, 'deposit', 1, '{}')")
    text = analyst.get(f"{PLAYERS}/7").text
    lane = re.search(r'<ol class="lane".*?</ol>', text, re.DOTALL)
    assert lane
    cells = [words(cell) for cell in re.findall(r"<li>.*?</li>", lane[0], re.DOTALL)]
    assert cells == ["Alerts: 2", *[""] * 10, "Alerts: 1"]
    link = re.search(r'href="([^"]+)#list"', lane[0])
    assert link
    listed = rows(analyst.get(link[1].replace("&amp;", "&")).text, "Alerts, newest first")
    assert [row.split()[1] for row in listed] == ["2", "1"]


def test_money_is_listed_page_by_page_with_corrections(client: FlaskClient, analyst: Tab) -> None:
    for t in range(1, 61):
        assert codes(send(client, "deposit", "1.00", t, 7)) == []
    reversal = client.post("/users/7/events/60/reversal", json={"reason": "charged back"})
    amendment = client.post("/users/7/events/59/amendment", json={"reason": "typo", "amount": "2.00"})
    assert (reversal.status_code, amendment.status_code) == (200, 200)
    text = analyst.get(f"{PLAYERS}/7?tab=money").text
    listed = rows(text, "Events, newest first")
    assert [row.split()[1] for row in listed] == [str(t) for t in range(59, 34, -1)]
    assert listed[0] == "t 59 Deposit 2.00 Amended"
    corrections = rows(text, "Corrections, newest first")
    assert "Deposit 1.00 Deposit 2.00 typo" in corrections[0]
    assert "Deposit 1.00 Reversed it did not happen charged back" in corrections[1]
    assert "60.00 59 deposits" in rows(text, "Totals")[-1]
    following = re.search(r'href="([^"]+)#list" rel="next"', text)
    assert following
    second = analyst.get(following[1].replace("&amp;", "&")).text
    assert [row.split()[1] for row in rows(second, "Events, newest first")] == [str(t) for t in range(34, 9, -1)]


def test_cases_are_listed_and_the_open_one_comes_first(analyst: Tab, work: Casework) -> None:
    case = work.opened(7)
    text = analyst.get(f"{PLAYERS}/7?tab=cases").text
    [row] = rows(text, "Cases, newest first")
    assert row.startswith(f"{case.id} New Code 30 at 10 1 ")
    assert f'<a href="/console/cases/{case.id}">Case {case.id}</a> is open (new): Code 30 at 10' in text
    assert f"Open case {case.id}" in text


def test_the_tab_of_interactions_lists_all_records_with_their_pages(app: APIFlask, analyst: Tab, sql: Sql) -> None:
    records, ben = Records(app, sql), member(sql, "Ben", Role.ANALYST)
    case = records.taken(ben)
    assert "No interactions" in analyst.get(f"{PLAYERS}/7?tab=interactions").text
    records.call(ben, case, said="<b>Said</b> wrong")
    wrong = records.newest(case)
    corrected = replace(wrong.facts, said="<b>Said</b> that")
    right = recording.correct(records.services, ben, wrong.id, corrected, "a slip of the pen")
    records.pop_up(8, "msg-2")
    records.pop_up()
    block = records.block().action
    [(pop_up,)] = sql("SELECT id FROM interaction WHERE external_id = 'msg-1'")
    text = analyst.get(f"{PLAYERS}/7?tab=interactions").text
    assert re.findall(r'href="/console/((?:interactions|actions|evaluations)/\d+)"', text) == [
        f"actions/{block.id}",
        f"interactions/{pop_up}",
        f"interactions/{right.id}",
    ]
    assert "&lt;b&gt;Said&lt;/b&gt; that" in text
    assert "wrong" not in text
    assert "above the bound" in analyst.get(f"{PLAYERS}/7/file").text


def test_a_customer_s_number_leads_to_their_page(client: FlaskClient, analyst: Tab, work: Casework) -> None:
    case = work.opened(7)
    link = f'<a href="{PLAYERS}/7">7</a>'
    assert link in analyst.get("/console/cases").text
    assert link in analyst.get(f"/console/cases/{case.id}").text
    assert f'href="{PLAYERS}/7"' in analyst.get("/console/search?q=7").text
    send(client, "deposit", "8", 10, 888)
    assert analyst.get("/console/search?q=888").location == f"{PLAYERS}/888"
    assert "Nothing was found" in analyst.get("/console/search?q=889").text


def test_who_looked_at_a_customer_is_found_in_the_audit(
    app: APIFlask, client: FlaskClient, analyst: Tab, sql: Sql
) -> None:
    for user_id in (7, 8):
        send(client, "deposit", "8", 10, user_id)
        analyst.get(f"{PLAYERS}/{user_id}")
    auditor = tab_of(app, Role.AUDITOR, email="aud@example.com", name="<i>Aud</i>")
    auditor.get(f"{PLAYERS}/7")
    listed = rows(auditor.get("/console/audit/views").text, "Who looked")
    assert [row.split(" account ")[1].split()[1] for row in listed] == ["7", "8", "7"]
    text = auditor.get("/console/audit/views?customer=8").text
    [row] = rows(text, "Who looked")
    assert "Ann Smith" in row
    assert "<i>Aud</i>" not in auditor.get("/console/audit/views").text
    assert "/console/audit/views" in auditor.get("/console/audit").text
    assert 'href="/console/audit/views?customer=7"' in auditor.get(f"{PLAYERS}/7").text
    assert "Nobody looked at customer 99" in auditor.get("/console/audit/views?customer=99").text
    wrong = auditor.get("/console/audit/views?customer=x")
    assert (wrong.status_code, "Enter a customer&#39;s number." in wrong.text) == (400, True)
    admin = tab_of(app, Role.ADMIN, email="adm@example.com")
    assert f'href="{PLAYERS}/' not in admin.get("/console/audit/views").text
    sql(
        "INSERT INTO customer_view (staff_id, user_id) SELECT id, n FROM staff_account, generate_series(100, 160) AS n"
        " WHERE email = 'adm@example.com'"
    )
    first = admin.get("/console/audit/views").text
    assert len(rows(first, "Who looked")) == 50
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    assert len(rows(admin.get(following[1].replace("&amp;", "&")).text, "Who looked")) == 61 + 3 - 50


def test_what_others_wrote_about_a_customer_is_text(client: FlaskClient, analyst: Tab, work: Casework) -> None:
    analyst.get("/console/cases")
    evils = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 1234 * 5678 }}")
    for user_id, evil in enumerate(evils, 7):
        client.post("/users", json={"user_id": user_id, "name": evil, "email": f"ada{user_id}@example.org"})
        case = work.opened(user_id)
        analyst.post(f"/console/cases/{case.id}/note", version=1, note=evil)
        send(client, "deposit", "8.00", 50, user_id)
        client.post(f"/users/{user_id}/events/50/amendment", json={"reason": evil, "amount": "9.00"})
        for path in ("", "?tab=money", "?tab=cases", "?tab=interactions", "/file"):
            text = analyst.get(f"{PLAYERS}/{user_id}{path}").text
            assert evil not in text or evil.startswith("{{"), path
            assert "7006652" not in text


def test_a_page_of_a_customer_takes_few_statements(
    client: FlaskClient, work: Casework, analyst: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the page itself: the session before it, BEGIN, COMMIT and settings of the transaction do not count."""
    work.opened(7)
    for t in (50, 51, 52):
        send(client, "deposit", "300", t, 7)
    client.post("/users/7/events/51/amendment", json={"reason": "typo", "amount": "9.00"})
    for tab in ("alerts", "money", "cases", "interactions"):
        analyst.get(f"{PLAYERS}/7?tab={tab}")  # which learns what the editions mean
    asked: list[str] = []
    fetch, execute = Transaction.fetch, Transaction.execute

    def note(name: str) -> None:
        if current_thread() is main_thread():  # the rule book has a thread of its own
            asked.append(name)

    def fetched(own: Transaction, statement: Statement, *values: object) -> Sequence[tuple[Any, ...]]:
        note(statement.name)
        return fetch(own, statement, *values)

    def executed(own: Transaction, statement: Executable) -> CursorResult[Any]:
        note(str(statement))
        return execute(own, statement)

    monkeypatch.setattr(Transaction, "fetch", fetched)
    monkeypatch.setattr(Transaction, "execute", executed)
    counts = {}
    for tab in ("alerts", "money", "cases", "interactions"):
        asked.clear()
        assert analyst.get(f"{PLAYERS}/7?tab={tab}").status_code == 200
        counts[tab] = len([each for each in asked if "staff_session" not in each])
    assert counts == {"alerts": 6, "money": 6, "cases": 4, "interactions": 5}


def test_totals_over_http_are_those_of_the_page(client: FlaskClient) -> None:
    nothing = client.get("/users/7/totals").get_json()
    assert (nothing["until"], [each["deposits"]["count"] for each in nothing["totals"]]) == (None, [0] * 4)
    for amount, t in (("4.00", 10), ("2.00", 20 + 30 * DAY), ("1.00", 20 + 31 * DAY)):
        send(client, "deposit", amount, t, 7)
    found = client.get("/users/7/totals").get_json()
    assert found["until"] == 20 + 31 * DAY
    totals = {each["within"]: each["deposits"]["total"] for each in found["totals"]}
    assert totals == {"24h": "3.00", "7d": "3.00", "30d": "3.00", "all": "7.00"}
    assert [each["net_deposit"] for each in found["totals"]] == ["3.00", "3.00", "3.00", "7.00"]
    assert all(each["whole"] for each in found["totals"])


def test_alerts_of_all_customers_are_listed_and_filtered(analyst: Tab, work: Casework) -> None:
    for user_id, code in ((7, 30), (8, 1100), (9, 30)):
        work.alert(user_id, code=code)
    assert [row.split()[2] for row in rows(analyst.get(ALERTS).text, "Alerts, newest first")] == ["9", "8", "7"]
    filtered = analyst.get(f"{ALERTS}?code=30&user=7").text
    assert [row.split()[2] for row in rows(filtered, "Alerts, newest first")] == ["7"]
    assert "No alert matches these filters" in analyst.get(f"{ALERTS}?shadow=true").text
    wrong = analyst.get(f"{ALERTS}?code=x")
    assert (wrong.status_code, 'id="f-code-error"' in wrong.text) == (400, True)


def test_one_alert_has_a_page_that_proves_it(client: FlaskClient, analyst: Tab, sql: Sql) -> None:
    send(client, "withdraw", "150.00", 20, 7)
    text = analyst.get(f"{PLAYERS}/7/alerts/20/1100").text
    for said in ("150.00 withdrawn", "Threshold 100.00", "Edition 1", "1 event behind it"):
        assert said in words(text), said
    assert f'href="{PLAYERS}/7?tab=money&amp;before=20.1#list"' in text
    assert sql(VIEWS) == [(7, 1)]
    for path in (
        "7/alerts/20/30",
        "7/alerts/21/1100",
        f"{10**30}/alerts/1/1",
        f"7/alerts/{10**30}/1",
        f"7/alerts/1/{10**30}",
    ):
        assert analyst.get(f"{PLAYERS}/{path}").status_code == 404
    assert analyst.get(f"{PLAYERS}/7/alerts/20/1100?n=x").status_code == 200
    assert analyst.get(f"{PLAYERS}/7/alerts/20/1100?shadow=true").status_code == 404


def test_what_is_not_read_of_a_busy_customer_is_said(
    client: FlaskClient, analyst: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("app.customers.totals", "app.customers.queries", "app.console.pages.customer_charts"):
        monkeypatch.setattr(f"{module}.MAX_SCANNED", 3)
    for t in range(1, 6):
        send(client, "deposit", "1.00", t, 7)
    text = analyst.get(f"{PLAYERS}/7").text
    said = "From t 1 to t 5, at least 3.00 deposited (3 deposits), no withdrawals; "
    assert said in text
    assert "Only the newest 3 events of each type are in it." in text
    assert rows(text, "Totals")[-1] == "All 3.00 at least 3 deposits 0 0 not added up 0"
    found = client.get("/users/7/totals").get_json()["totals"][-1]
    assert (found["whole"], found["net_deposit"], found["deposits"]["count"]) == (False, None, 3)
