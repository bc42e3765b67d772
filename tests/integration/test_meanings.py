"""Rules carry what they mean to people; alerts show it, and nothing is judged by it."""

from typing import Any

import flask_migrate
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from tests.edition_1 import WRITTEN
from tests.integration.books import write_into
from tests.integration.clients import codes, send
from tests.integration.conftest import Sql, Unmigrated, run_sql
from tests.integration.wiring import wiring

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")

MEANT: dict[str, Any] = {"indicator": "a", "strength": "strong", "guidance": "Call the player."}
SILENT = {"indicator": None, "strength": "normal", "guidance": None}
MEANINGFUL = [*WRITTEN[:3], {**WRITTEN[3], **MEANT}]


def put_in_force(app: APIFlask, step: str, rules: list[dict[str, Any]]) -> int:
    client = app.test_client()
    drafted = client.post("/rules", json={"rules": rules})
    assert drafted.status_code == 201, drafted.text
    edition = int(drafted.get_json()["edition"])
    assert client.post(f"/rules/{edition}/{step}").status_code == 200
    wiring(app).rule_book.refresh()
    return edition


def meanings(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    alerts = client.get(f"/alerts{query}").get_json()["alerts"]
    return [{name: each[name] for name in MEANT} for each in alerts]


def test_an_alert_has_the_meaning_of_the_edition_that_raised_it(app: APIFlask, client: FlaskClient) -> None:
    first = codes(send(client, "withdraw", "150", 1))
    put_in_force(app, "publish", MEANINGFUL)
    assert codes(send(client, "withdraw", "150", 2)) == first == [1100], "nothing is judged by it"
    assert meanings(client) == [MEANT, SILENT]
    one = client.get("/alerts/1/2/1100").get_json()
    assert {name: one[name] for name in MEANT} == MEANT


def test_alerts_of_the_shadow_have_it_too(app: APIFlask, client: FlaskClient) -> None:
    put_in_force(app, "shadow", MEANINGFUL)
    send(client, "withdraw", "150", 1)
    assert meanings(client, "?shadow=true") == [MEANT]
    assert meanings(client) == [SILENT]


def test_an_edition_that_cannot_be_read_hides_no_alert(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    edition = put_in_force(app, "publish", MEANINGFUL)
    send(client, "withdraw", "150", 1)
    write_into(sql, edition, "[]")
    assert meanings(client) == [dict.fromkeys(MEANT)]


def test_the_rule_book_shows_it_everywhere(app: APIFlask, client: FlaskClient) -> None:
    edition = put_in_force(app, "publish", MEANINGFUL)
    assert client.get(f"/rules/{edition}").get_json()["rules"][3].items() >= MEANT.items()
    assert client.get(f"/rules/1/diff/{edition}").get_json()["differences"] == [
        "1100: indicator none → a",
        "1100: strength normal → strong",
        "1100: guidance none → Call the player.",
    ]
    assert 'guidance = "Call the player."' in client.get(f"/rules/{edition}/toml").text
    shown = app.test_cli_runner().invoke(args=["rules", "show", str(edition)]).output
    assert "a spend, strong: Call the player." in " ".join(shown.split())
    assert "meaning" not in app.test_cli_runner().invoke(args=["rules", "show", "1"]).output


def test_it_travels_through_toml(app: APIFlask, client: FlaskClient) -> None:
    edition = put_in_force(app, "publish", MEANINGFUL)
    text = client.get(f"/rules/{edition}/toml").text
    done = app.test_cli_runner().invoke(args=["rules", "draft", "-"], input=text)
    assert done.exit_code == 0, done.output
    assert client.get(f"/rules/{edition}/diff/{edition + 1}").get_json()["differences"] == []


def test_a_step_back_takes_it_out_of_the_rules(unmigrated: Unmigrated) -> None:
    """The release before could not read them."""
    app, url = unmigrated.app, unmigrated.url
    unmigrated.migrate("head")
    client = app.test_client()
    assert client.post("/rules", json={"rules": MEANINGFUL}).status_code == 201
    before = run_sql(url, "SELECT rules FROM rule_book WHERE edition = 1")
    with app.app_context():
        flask_migrate.downgrade("migrations", "0018")
    assert run_sql(url, "SELECT rules FROM rule_book ORDER BY edition") == before * 2
    with pytest.raises(Exception, match="an edition never changes"):
        run_sql(url, "UPDATE rule_book SET rules = '[]'")
