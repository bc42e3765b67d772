"""All that is known of a customer, to print and as CSV: who may take it along, and what is recorded of that (A81)."""

import csv
from collections import Counter
from hashlib import sha256
from io import StringIO

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.customers import filing
from app.staff.permissions import Role
from app.staff.services import StaffServices
from lib.services import services_of
from tests.integration import staffing
from tests.integration.casework import Casework, casework_of
from tests.integration.clients import send
from tests.integration.conftest import Sql
from tests.integration.staffing import Tab, tab_of

FILE = "/console/players/7/file"
EXPORT = "/console/players/7/export"


@pytest.fixture
def work(app: APIFlask, sql: Sql) -> Casework:
    return casework_of(app, sql)


@pytest.fixture
def lead(app: APIFlask) -> Tab:
    return tab_of(app, Role.LEAD)


@pytest.fixture
def customer(client: FlaskClient, work: Casework, lead: Tab) -> None:
    """A customer of whom there is something of each kind."""
    client.post("/users", json={"user_id": 7, "name": "=1+1", "email": "ada@example.org"})
    client.put("/users/7", json={"groups": ["vip"]})
    case = work.opened(7)
    lead.get("/console/cases")
    lead.post(f"/console/cases/{case.id}/note", version=1, note="@home,\nhe said")
    for t in (50, 51, 52):
        send(client, "deposit", "300.00", t, 7)
    client.post("/users/7/events/51/amendment", json={"reason": "typo", "amount": "9.00"})


def rows_of(body: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(StringIO(body.decode("utf-8-sig"), newline=""))]


@pytest.mark.usefixtures("customer")
def test_a_file_has_everything_and_is_on_record_with_its_digest(app: APIFlask, lead: Tab, sql: Sql) -> None:
    response = lead.post(EXPORT)
    assert (response.status_code, response.mimetype) == (200, "text/csv")
    assert response.headers["Content-Disposition"] == "attachment; filename=customer-7.csv"
    assert response.headers["Cache-Control"] == "no-store"
    rows = rows_of(response.data)
    kinds = Counter(row["kind"] for row in rows)
    assert {kind: kinds[kind] for kind in ("register", "case", "step", "correction", "event")} == {
        "register": 2,
        "case": 1,
        "step": 2,
        "correction": 1,
        "event": 3,
    }
    assert kinds["alert"] >= 2
    assert next(row["what"] for row in rows if row["kind"] == "register") == "'=1+1"
    assert [row["text"] for row in rows if row["what"] == "note"] == ["'@home,\nhe said"]
    assert [row["amount"] for row in rows if row["kind"] == "event"] == ["300.00", "9.00", "300.00"]
    [(who, kind, user_id, logged, digest)] = sql("SELECT who, kind, user_id, rows, sha256 FROM export_log")
    assert (who.endswith(" Ann Smith"), kind, user_id, logged) == (True, "customer", 7, len(rows))
    assert bytes(digest) == sha256(response.data).digest()
    text = tab_of(app, Role.AUDITOR, email="aud@example.com").get("/console/audit/exports?customer=7").text
    assert sha256(response.data).hexdigest() in text


@pytest.mark.usefixtures("customer")
def test_each_sending_is_a_row_of_its_own_also_of_one_form(lead: Tab, sql: Sql) -> None:
    for _ in range(2):
        assert lead.post(EXPORT, form_id="the same").status_code == 200
    assert sql("SELECT count(*) FROM export_log") == [(2,)]


@pytest.mark.usefixtures("customer")
def test_the_printed_file_has_the_same_on_one_page(lead: Tab, sql: Sql) -> None:
    text = lead.get(FILE).text
    for part in ("Register", "Cases", "Steps of the cases", "Alerts", "Corrections of events", "Money"):
        assert f"<h2>{part}</h2>" in text, part
    for said in ("=1+1", "@home,\nhe said", "typo", "300.00", "Confidential"):
        assert said in text, said
    assert "The CSV file has all of them" not in text
    assert sql("SELECT count(*) FROM export_log") == [(0,)]


@pytest.mark.usefixtures("customer")
def test_a_printed_file_says_what_it_leaves_out(lead: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing, "MAX_PRINTED", 2)
    text = lead.get(FILE).text
    assert "The newest 2. The CSV file has all of them." in text


@pytest.mark.usefixtures("customer")
def test_a_file_is_the_same_however_it_is_read(lead: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    files = []
    for at_once in (1, 2, 1000):
        monkeypatch.setattr(filing, "AT_ONCE", at_once)
        files.append(lead.post(EXPORT).data)
    assert len(set(files)) == 1
    assert [row["t"] for row in rows_of(files[0]) if row["kind"] == "event"] == ["52", "51", "50"]


@pytest.mark.usefixtures("customer")
def test_a_large_file_needs_a_code_again(app: APIFlask, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing, "LARGE", 3)
    member, token = staffing.join(services_of(app, StaffServices), "lee@example.com", Role.LEAD)
    own = Tab(app, token)
    sql("UPDATE staff_session SET confirmed_at = now() - interval '10 minutes'")
    own.get("/console/players/7")
    assert own.post(EXPORT).location == "/console/confirm?next=/console/players/7"
    assert sql("SELECT count(*) FROM export_log") == [(0,)]
    own.post("/console/confirm", code=member.code(), next="/console/players/7")
    assert own.post(EXPORT).status_code == 200


@pytest.mark.usefixtures("customer")
def test_a_file_is_never_cut_silently(lead: Tab, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing, "MAX_ROWS", 3)
    refused = lead.post(EXPORT)
    assert (refused.status_code, "would have more than 3 rows" in refused.text) == (409, True)
    assert sql("SELECT count(*) FROM export_log") == [(0,)]


@pytest.mark.usefixtures("customer")
def test_whoever_may_not_export_gets_neither_button_nor_file(app: APIFlask, sql: Sql) -> None:
    analyst = tab_of(app, Role.ANALYST, email="ana@example.com")
    text = analyst.get("/console/players/7").text
    assert ("Download CSV" in text, "Print file" in text) == (False, True)
    assert analyst.post(EXPORT).status_code == 403
    assert analyst.post(EXPORT, csrf="of nobody").status_code == 403
    assert sql("SELECT count(*) FROM export_log") == [(0,)]
