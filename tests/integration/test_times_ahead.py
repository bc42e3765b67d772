"""T_AHEAD: a `t` too far ahead of the service's clock is refused, since it would shut its player out (A31)."""

import time

import pytest
from flask.testing import FlaskClient

from app.events import controllers
from app.events.domain import EventOrder, MeaningOfT
from app.sessions import check_session_settings
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql
from tests.settings import settings_with

NOW = 1_795_736_749


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's clock stands still."""
    monkeypatch.setattr(controllers, "time", lambda: NOW + 0.9)


@pytest.mark.usefixtures("clock")
@pytest.mark.settings(t_is=MeaningOfT.UNIX, t_ahead=300)
def test_both_sides_of_the_bound(client: FlaskClient, sql: Sql) -> None:
    assert codes(send(client, "withdraw", "500.00", NOW + 300, user_id=1)) == [1100]
    refused = send(client, "withdraw", "500.00", NOW + 301, user_id=2)
    assert problem(refused) == (400, "t-in-the-future")
    assert refused.get_json()["detail"] == (
        f"t {NOW + 301} is 301 s ahead of the service's clock, and T_AHEAD allows 300 s; "
        "correct the sender's clock, then send the event again"
    )
    assert sql("SELECT user_id FROM user_clock") == sql("SELECT user_id FROM activity_event") == [(1,)]


@pytest.mark.usefixtures("clock")
@pytest.mark.settings(t_ahead=0)
@pytest.mark.parametrize(
    ("factor", "hint"),
    [
        (1_000, "this looks like milliseconds"),
        (1_000_000, "this looks like microseconds"),
        (1_000_000_000, "this looks like nanoseconds"),
        (100, "correct the sender's clock"),
    ],
)
def test_a_refusal_names_the_unit_that_t_seems_to_have(client: FlaskClient, factor: int, hint: str) -> None:
    refused = send(client, "deposit", "1", (NOW - 60) * factor, user_id=1)
    assert problem(refused) == (400, "t-in-the-future")
    assert hint in refused.get_json()["detail"]


@pytest.mark.usefixtures("clock")
def test_without_a_bound_any_t_is_accepted(client: FlaskClient) -> None:
    assert codes(send(client, "deposit", "1", NOW * 1_000, user_id=1)) == []


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("order", EventOrder)
def test_an_event_that_was_stored_before_there_was_a_bound_is_replayed(app_with: AppWith, order: EventOrder) -> None:
    send(app_with(event_order=order).test_client(), "withdraw", "500.00", NOW * 1_000, user_id=1)
    bounded = app_with(event_order=order, t_ahead=300).test_client()
    again = send(bounded, "withdraw", "500.00", NOW * 1_000, user_id=1)
    assert codes(again) == [1100]
    assert again.headers["Idempotent-Replay"] == "true"
    assert problem(send(bounded, "withdraw", "501.00", NOW * 1_000, user_id=1)) == (409, "duplicate-event")
    assert problem(send(bounded, "withdraw", "500.00", NOW * 1_000 + 1, user_id=1)) == (400, "t-in-the-future")


def test_the_start_warns_of_calendar_periods_without_unix_time(
    app_with: AppWith, database: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A62: an edition with them may be live already when the setting changes."""
    client = app_with(t_is=MeaningOfT.UNIX).test_client()
    daily = {
        "code": 7,
        "kind": "net_total",
        "name": "net",
        "description": "net",
        "above": "1",
        "period": "day",
        "zone": "UTC",
    }
    edition = client.post("/rules", json={"rules": [daily]}).get_json()["edition"]
    check_session_settings(settings_with(database_url=database))
    assert "calendar periods" not in capfd.readouterr().err, "a draft judges nothing"
    assert client.post(f"/rules/{edition}/publish", json={}).status_code == 200
    check_session_settings(settings_with(database_url=database, t_is=MeaningOfT.UNIX))
    assert "calendar periods" not in capfd.readouterr().err
    check_session_settings(settings_with(database_url=database))
    warning = capfd.readouterr().err
    assert "rules for calendar periods without Unix time" in warning
    assert f'"edition": {edition}' in warning


def test_the_start_warns_of_a_stored_t_ahead_of_the_clock(
    client: FlaskClient, database: str, capfd: pytest.CaptureFixture[str]
) -> None:
    now = int(time.time())
    send(client, "deposit", "1", now, user_id=1)
    settings = settings_with(database_url=database, t_ahead=300)
    check_session_settings(settings)
    assert "stored t ahead of the clock" not in capfd.readouterr().err
    send(client, "deposit", "1", now * 1_000, user_id=2)
    check_session_settings(settings_with(database_url=database, t_ahead=None))
    assert "stored t ahead of the clock" not in capfd.readouterr().err
    check_session_settings(settings)
    warning = capfd.readouterr().err
    assert "stored t ahead of the clock" in warning
    assert f'"t": {now * 1_000}' in warning
    assert '"user_id": 2' in warning
    assert "A `t` from a wrong clock" in warning
