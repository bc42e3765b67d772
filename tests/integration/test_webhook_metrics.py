"""Any web process shows how deliveries are doing, and says so when it does not know."""

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.webhooks.metrics import measured_deliveries
from lib.metrics import measured
from tests.integration.conftest import Sql
from tests.integration.wiring import wiring

ENDPOINT = """
    INSERT INTO endpoint (name, url, format, per_second, key, made_by, state)
    VALUES (%s, 'https://example.com', 'standard', 10, '', 'ann', %s) RETURNING id
"""
DELIVERY = """
    INSERT INTO delivery (message_id, endpoint_id, topic, state, made_at, done_at)
    VALUES (%s, %s, 'alert.raised', %s, now() - interval '90 s', CASE WHEN %s <> 'due' THEN now() END)
"""


def shown(client: FlaskClient) -> dict[str, str]:
    lines = [line.rpartition(" ") for line in client.get("/metrics").text.splitlines() if "activity_webhook" in line]
    return {name: value for name, _, value in lines if not name.startswith("#")}


@pytest.mark.usefixtures("no_pause")
def test_deliveries_are_shown_by_endpoint(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    [(crm,)], [(old,)] = sql(ENDPOINT, "crm", "enabled"), sql(ENDPOINT, "old", "paused")
    for no, (endpoint, state) in enumerate(
        [(crm, "due"), (crm, "due"), (crm, "delivered"), (crm, "dead"), (old, "due")]
    ):
        sql(DELIVERY, f"alert_{no}", endpoint, state, state)
    measured_deliveries(wiring(app).database).refresh()
    found = shown(client)
    expected = {
        f'activity_webhook_deliveries{{endpoint="crm ({crm})",state="due"}}': "2.0",
        f'activity_webhook_deliveries{{endpoint="crm ({crm})",state="delivered"}}': "1.0",
        f'activity_webhook_deliveries{{endpoint="crm ({crm})",state="dead"}}': "1.0",
        f'activity_webhook_deliveries{{endpoint="old ({old})",state="due"}}': "1.0",
        f'activity_webhook_enabled{{endpoint="crm ({crm})"}}': "1.0",
        f'activity_webhook_enabled{{endpoint="old ({old})"}}': "0.0",
    }
    assert expected.items() <= found.items()
    assert 90 <= float(found[f'activity_webhook_oldest_due_seconds{{endpoint="crm ({crm})"}}']) < 900


@pytest.mark.usefixtures("no_pause")
def test_endpoints_of_one_name_are_told_apart(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    [(first,)], [(second,)] = sql(ENDPOINT, "crm", "enabled"), sql(ENDPOINT, "crm", "paused")
    measured_deliveries(wiring(app).database).refresh()
    found = shown(client)
    assert found[f'activity_webhook_enabled{{endpoint="crm ({first})"}}'] == "1.0"
    assert found[f'activity_webhook_enabled{{endpoint="crm ({second})"}}'] == "0.0"


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "PAUSE", 0.0)
    monkeypatch.setattr(measured, "PATIENCE", 10.0)


@pytest.mark.usefixtures("no_pause")
def test_an_endpoint_that_is_gone_is_not_shown_as_it_was(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    [(gone,)] = sql(ENDPOINT, "gone", "enabled")
    sql(DELIVERY, "alert_9", gone, "due", "due")
    look = measured_deliveries(wiring(app).database)
    look.refresh()
    assert shown(client)[f'activity_webhook_deliveries{{endpoint="gone ({gone})",state="due"}}'] == "1.0"
    sql("UPDATE endpoint SET state = 'deleted' WHERE id = %s", gone)
    look.refresh()
    assert shown(client)[f'activity_webhook_deliveries{{endpoint="gone ({gone})",state="due"}}'] == "NaN"
