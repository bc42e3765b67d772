"""Drafts can be deleted and nothing else can (A48): over HTTP, by the command, and by plain SQL."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from tests.edition_1 import RULES
from tests.integration import books
from tests.integration.clients import problem
from tests.integration.conftest import Sql
from tests.integration.judging import verified

EDITIONS = "SELECT edition FROM rule_book ORDER BY edition"
DELETE = "DELETE FROM rule_book WHERE edition = %s"


def draft(client: FlaskClient, **more: object) -> int:
    return int(client.post("/rules", json=more or {"edition": 1}).get_json()["edition"])


def steps(client: FlaskClient) -> list[dict[str, Any]]:
    return list(client.get("/rules/audit").get_json()["steps"])


def test_deleting_a_draft_keeps_its_audit(client: FlaskClient, sql: Sql) -> None:
    number = draft(client)
    assert client.delete(f"/rules/{number}").status_code == 204
    assert sql(EDITIONS) == [(1,)]
    assert problem(client.get(f"/rules/{number}")) == (404, "unknown-edition")
    assert [(each["edition"], each["step"], each["who"]) for each in steps(client)][:2] == [
        (number, "delete", "anonymous"),
        (number, "draft", "anonymous"),
    ]
    assert problem(client.delete(f"/rules/{number}")) == (404, "unknown-edition")


def test_edition_numbers_are_not_reused(client: FlaskClient) -> None:
    assert client.delete(f"/rules/{draft(client)}").status_code == 204
    assert draft(client) == 3, "the audit names edition 2"


def test_the_command_deletes_and_records_the_actor(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    number = draft(client)
    done = app.test_cli_runner().invoke(args=["rules", "delete", str(number), "--as", "ann", "--note", "a slip"])
    assert (done.exit_code, done.output) == (0, "Edition 2 is deleted.\n")
    assert sql(EDITIONS) == [(1,)]
    assert (steps(client)[0]["who"], steps(client)[0]["note"]) == ("ann", "a slip")
    audit = app.test_cli_runner().invoke(args=["rules", "audit"]).output
    assert "delete" in audit


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ([], "edition 2 was in the shadow, and its alerts are kept; retire it: POST /rules/2/retire"),
        (["shadow"], "edition 2 is shadow, and only drafts can be deleted; retire it: POST /rules/2/retire"),
        (["publish"], "edition 2 is live, and only drafts can be deleted"),
        (["retire"], "edition 2 is retired, and only drafts can be deleted"),
    ],
    ids=["displaced", "shadow", "live", "retired"],
)
def test_editions_that_judged_or_were_retired_cannot_be_deleted(
    client: FlaskClient, sql: Sql, way: list[str], expected: str
) -> None:
    draft(client)
    if not way:
        client.post("/rules/2/shadow")
        client.post(f"/rules/{draft(client)}/shadow")
    for step in way:
        assert client.post(f"/rules/2/{step}").status_code == 200
    before = steps(client)
    answer = client.delete("/rules/2")
    assert (problem(answer), answer.get_json()["detail"]) == ((409, "wrong-step"), expected)
    with pytest.raises(psycopg2.errors.RaiseException, match="an edition is never removed; retire it"):
        sql(DELETE, 2)
    assert steps(client) == before


def test_a_base_draft_stays_until_its_descendant_is_deleted(client: FlaskClient, sql: Sql) -> None:
    draft(client)
    draft(client, edition=2)
    answer = client.delete("/rules/2")
    assert problem(answer) == (409, "wrong-step")
    assert answer.get_json()["detail"].startswith("other editions were made from edition 2: 3; retire it: ")
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        sql(DELETE, 2)
    assert client.delete("/rules/3").status_code == client.delete("/rules/2").status_code == 204
    assert sql(EDITIONS) == [(1,)]


def test_plain_sql_deletes_a_draft(client: FlaskClient, sql: Sql) -> None:
    sql("DELETE FROM rule_book WHERE edition = %s AND status = 'draft'", draft(client))
    assert sql(EDITIONS) == [(1,)]
    with pytest.raises(psycopg2.errors.RaiseException, match="an edition is never removed"):
        sql("TRUNCATE rule_book CASCADE")


def test_an_unreadable_draft_can_be_deleted(client: FlaskClient, sql: Sql) -> None:
    books.write_into(sql, draft(client), '[{"code": 1}]')
    assert client.delete("/rules/2").status_code == 204


def test_concurrent_delete_and_shadow_leave_one_winner(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    for _ in range(5):
        number = draft(client)
        with ThreadPoolExecutor(2) as threads:
            shadowed = threads.submit(app.test_client().post, f"/rules/{number}/shadow")
            deleted = threads.submit(app.test_client().delete, f"/rules/{number}")
        taken = (shadowed.result().status_code, deleted.result().status_code)
        assert taken in {(200, 409), (404, 204)}
        assert len(sql("SELECT edition FROM rule_book WHERE edition = %s", number)) == (taken[0] == 200)


def test_verify_agrees_after_drafts_were_deleted(app: APIFlask, client: FlaskClient) -> None:
    assert client.delete(f"/rules/{books.draft(app, RULES)}").status_code == 204
    client.post("/event", json={"type": "withdraw", "amount": "150", "user_id": 1, "t": 1})
    assert verified(app).differences == []
