"""No publication undoes another one unseen: drafts know their base, on every way there is to draft (A28)."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg2.errors
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from tests.edition_1 import WRITTEN
from tests.integration.books import write_into
from tests.integration.clients import problem
from tests.integration.conftest import Sql

STRICTER = [*WRITTEN[:3], {**WRITTEN[3], "above": "80.00"}]
CHANGED = (409, "live-edition-changed")


def draft(client: FlaskClient, **body: object) -> dict[str, Any]:
    answer = client.post("/rules", json={"rules": STRICTER} if not body.keys() & {"rules", "edition"} else body)
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def publish(client: FlaskClient, edition: int, **body: object) -> int:
    return client.post(f"/rules/{edition}/publish", json=body).status_code


def live(client: FlaskClient) -> int:
    return int(client.get("/rules").get_json()["live"])


def run(app: APIFlask, *arguments: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["rules", *arguments])
    return done.exit_code, done.output


def test_a_draft_of_edition_1_does_not_silently_undo_edition_2(client: FlaskClient, sql: Sql) -> None:
    assert draft(client, rules=WRITTEN)["based_on"] == 1
    assert draft(client)["based_on"] == 1
    assert publish(client, 3, note="80 is enough") == 200
    before = sql("SELECT * FROM rule_book_audit ORDER BY id")
    answer = client.post("/rules/2/publish")
    assert problem(answer) == CHANGED
    output = answer.get_json()["detail"]
    assert "edition 2 is based on edition 1, but edition 3 is live, published by anonymous at 20" in output
    assert "1100: above 80.00 → 100.00" in output
    assert output.endswith('POST /rules/2/publish with {"over": 3}')
    assert (live(client), sql("SELECT * FROM rule_book_audit ORDER BY id")) == (3, before)
    assert problem(client.post("/rules/2/publish", json={"over": 1})) == CHANGED, "that is not the live one"
    assert publish(client, 2, over=3) == 200
    steps = client.get("/rules/audit").get_json()["steps"]
    assert [(each["step"], each["edition"], each["based_on"], each["over"]) for each in steps[:5]] == [
        ("publish", 2, None, 3),
        ("retire", 3, None, None),
        ("publish", 3, None, None),
        ("retire", 1, None, None),
        ("draft", 3, 1, None),
    ]


def test_a_rollback_takes_one_step_and_can_be_guarded(client: FlaskClient) -> None:
    draft(client)
    publish(client, 2)
    assert publish(client, 1) == 200, "it was live: whoever brings it back means to undo edition 2"
    draft(client, edition=1)
    publish(client, 3)
    assert problem(client.post("/rules/2/publish", json={"over": 1})) == CHANGED, "edition 3 came in between"
    assert publish(client, 2, over=3) == 200


def test_an_edition_retired_before_going_live_keeps_its_base(client: FlaskClient) -> None:
    draft(client)
    client.post("/rules/2/retire")
    publish(client, draft(client)["edition"])
    assert problem(client.post("/rules/2/publish")) == CHANGED


def test_a_retired_base_is_not_restored_unnoticed(client: FlaskClient) -> None:
    draft(client)
    publish(client, 2)
    assert draft(client, edition=2)["based_on"] == 2
    publish(client, 1)
    assert problem(client.post("/rules/3/publish")) == CHANGED, "edition 2 is in it, which somebody took back"


def test_drafts_of_drafts_keep_the_live_edition_as_base(client: FlaskClient) -> None:
    for _ in range(3):
        draft(client, edition=draft(client)["edition"])
    assert [each["based_on"] for each in client.get("/rules").get_json()["editions"]] == [6, 1, 4, 1, 2, 1, None]
    assert publish(client, 3) == 200, "by way of edition 2, which never was live, it is based on edition 1"
    assert problem(client.post("/rules/5/publish")) == CHANGED


def test_a_draft_of_a_since_published_draft_includes_all_live_rules(client: FlaskClient) -> None:
    draft(client)
    draft(client, edition=2)
    publish(client, 2)
    assert publish(client, 3) == 200


def test_the_base_can_be_given(client: FlaskClient, sql: Sql) -> None:
    draft(client)
    publish(client, 2)
    assert draft(client, rules=STRICTER, based_on=1)["based_on"] == 1
    assert draft(client, edition=1, based_on=2)["based_on"] == 2
    before = sql("SELECT count(*) FROM rule_book")
    answer = client.post("/rules", json={"rules": WRITTEN, "based_on": 9})
    assert problem(answer) == (404, "unknown-edition")
    assert "leave based_on out" in answer.get_json()["detail"]
    for wrong in (0, "1", 1.5, 2**31, None):
        answer = client.post("/rules", json={"rules": WRITTEN, "based_on": wrong})
        assert (problem(answer), list(answer.get_json()["errors"])) == ((400, "invalid-request"), ["based_on"]), wrong
        answer = client.post("/rules/4/publish", json={"over": wrong})
        assert (problem(answer), list(answer.get_json()["errors"])) == ((400, "invalid-request"), ["over"]), wrong
    assert sql("SELECT count(*) FROM rule_book") == before
    assert problem(client.post("/rules/4/shadow", json={"over": 2})) == (400, "invalid-request"), "it replaces none"


def test_an_export_and_its_draft_keep_the_base_edition(app: APIFlask, client: FlaskClient, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(run(app, "export", "1")[1])
    assert file.read_text().startswith("based_on = 1\n")
    draft(client)
    publish(client, 2)
    status, output = run(app, "draft", str(file), "--as", "ann")
    assert (status, "based on edition 1, but edition 2 is live" in output) == (0, True)
    assert "flask --app app rules diff 2 3" in output
    assert " from edition 1; never published" in run(app, "show", "3")[1]
    status, output = run(app, "publish", "3", "--as", "ann")
    assert (status, "edition 3 is based on edition 1, but edition 2 is live" in output) == (1, True)
    assert output.endswith("to replace it anyway: flask --app app rules publish 3 --over 2\n")
    assert run(app, "publish", "3", "--over", "1", "--as", "ann")[0] == 1
    assert run(app, "publish", "3", "--over", "2", "--as", "ann")[0] == 0
    *_, retired, published = run(app, "audit")[1].splitlines()
    assert " ".join(retired.split()[3:]).startswith("retire 2 edition 3 takes its place ")
    assert published.split()[3:7] == ["publish", "3", "2", "off"], "over which, and by one alone"


@pytest.mark.parametrize("line", ["based_on = 0", 'based_on = "1"', "based_on = 1.0", "based_on = true"])
def test_a_base_that_is_no_number_is_refused(app: APIFlask, tmp_path: Path, line: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(run(app, "export", "1")[1].replace("based_on = 1", line))
    assert "based_on: Must be the number of an edition" in run(app, "draft", str(file))[1]


def test_a_file_of_another_rule_book_is_refused_with_a_remedy(app: APIFlask, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(run(app, "export", "1")[1].replace("based_on = 1", "based_on = 7"))
    status, output = run(app, "draft", str(file), "--as", "ann")
    assert (status, "no edition 7 to base a draft on; leave based_on out" in output) == (1, True)
    assert output.endswith("flask --app app rules list\n")
    file.write_text(file.read_text().replace("based_on = 7", ""))
    assert run(app, "draft", str(file), "--as", "ann")[0] == 0


def test_concurrent_guarded_rollbacks_do_not_undo_each_other(app: APIFlask) -> None:
    client = app.test_client()
    for edition in (2, 3):
        draft(client)
        publish(client, edition, over=edition - 1)
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda edition: publish(app.test_client(), edition, over=3), (1, 2)))
    assert sorted(answers) == [200, 409]


def test_an_unreadable_live_edition_can_be_replaced(client: FlaskClient, sql: Sql) -> None:
    draft(client)
    publish(client, draft(client)["edition"])
    good = sql("SELECT rules::text FROM rule_book WHERE edition = 3")[0][0]
    write_into(sql, 3, '[{"code": 1}]')
    try:
        answer = client.post("/rules/2/publish")
        assert (problem(answer), "cannot be read" in answer.get_json()["detail"]) == (CHANGED, True)
        assert publish(client, 2, over=3) == 200
    finally:
        write_into(sql, 3, good)


def test_the_base_can_never_be_changed(client: FlaskClient, sql: Sql) -> None:
    draft(client)
    with pytest.raises(psycopg2.errors.RaiseException, match="an edition never changes"):
        sql("UPDATE rule_book SET based_on = NULL")
    for base in (2, 3):
        with pytest.raises(psycopg2.errors.CheckViolation, match="ck_rule_book_based_on_earlier"):
            sql(
                "INSERT INTO rule_book (edition, status, rules, author, note, based_on)"
                " SELECT 2 + 0, 'draft', rules, '', '', %s FROM rule_book WHERE edition = 1",
                base,
            )
