"""The database enforces four eyes, whatever variables a command has and however many keys one person holds (A46)."""

import os
import pwd
import socket
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from apiflask import APIFlask
from werkzeug.test import TestResponse

from app.access.controllers import create_key
from app.access.domain import Access, Scope, prefix_of
from tests.integration.clients import problem
from tests.integration.conftest import AppWith, Sql
from tests.integration.wiring import wiring

pytestmark = pytest.mark.settings(access=Access.KEYS)

SELF_APPROVAL = (403, "same-eyes")
CHANGES = "SELECT step, owner FROM rule_policy_change ORDER BY id"
Ask = Callable[..., TestResponse]


@pytest.fixture
def ask(app: APIFlask) -> Ask:
    def ask(key: str, method: str, path: str, **body: object) -> TestResponse:
        headers = {"Authorization": f"Bearer {key}"}
        return app.test_client().open(f"/rules{path}", method=method, json=body or None, headers=headers)

    return ask


def new_key(app: APIFlask, owner: str | None) -> str:
    scopes = [Scope.RULES_READ, Scope.RULES_WRITE, Scope.RULES_PUBLISH]
    return create_key(wiring(app).database, "rules", scopes, None, owner=owner)


@pytest.fixture
def ann(app: APIFlask) -> str:
    return new_key(app, "Ann")


@pytest.fixture
def ben(app: APIFlask) -> str:
    return new_key(app, "Ben")


@pytest.fixture
def another_of_ann(app: APIFlask) -> str:
    """A second key of hers, however her name was typed."""
    return new_key(app, "ann ")


@pytest.fixture
def old(app: APIFlask) -> str:
    """A key as those of 0.1 are."""
    return new_key(app, None)


def command(app: APIFlask, *words: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=list(words))
    return done.exit_code, done.output


def json_of(answer: TestResponse, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return dict(answer.get_json())


def test_no_variable_before_a_command_turns_four_eyes_off(app_with: AppWith, ask: Ask, ann: str, sql: Sql) -> None:
    """In 0.1 `FOUR_EYES=false flask rules publish 2 --as 'Somebody Else'` published what one person wrote."""
    served, typed = app_with(four_eyes=True), app_with(four_eyes=False)
    wiring(served).rule_book.refresh()
    assert sql(CHANGES) == [("on", None)]
    ask(ann, "POST", "", edition=1)
    status, output = command(typed, "rules", "publish", "2", "--as", "Somebody Else")
    assert status == 1
    assert "FOUR_EYES: an edition is published over HTTP" in output
    assert sql("SELECT status FROM rule_book WHERE edition = 2") == [("draft",)]


def test_the_setting_applies_at_once_and_is_stored_with_the_step(
    app_with: AppWith, ask: Ask, ann: str, sql: Sql
) -> None:
    app = app_with(four_eyes=True)
    ask(ann, "POST", "", edition=1)
    assert command(app, "rules", "publish", "2", "--as", "ann")[0] == 1
    assert sql(CHANGES) == [], "a step that is not taken leaves no trace"
    headers = {"Authorization": f"Bearer {new_key(app, 'Ben')}"}
    served = app_with(four_eyes=True, access=Access.KEYS)
    assert served.test_client().post("/rules/2/publish", headers=headers).status_code == 200
    assert sql(CHANGES) == [("on", None)]


def test_publishing_without_the_policy_needs_nothing_new(app: APIFlask, sql: Sql) -> None:
    assert command(app, "rules", "draft", "--edition", "1")[0] == 0
    assert command(app, "rules", "publish", "2")[0] == 0
    assert sql("SELECT four_eyes FROM rule_book_audit WHERE edition = 2 AND step = 'publish'") == [(False,)]


def test_one_owner_turns_four_eyes_on_and_two_turn_them_off(
    ask: Ask, ann: str, another_of_ann: str, ben: str, sql: Sql
) -> None:
    assert json_of(ask(ann, "PUT", "/four-eyes", on=True, note="the auditors"))["on"] is True
    assert json_of(ask(ann, "PUT", "/four-eyes", on=True))["on"] is True, "again, and nothing more is written"
    proposed = json_of(ask(ann, "PUT", "/four-eyes", on=False), 202)
    assert (proposed["on"], proposed["proposal"]["owner"]) == (True, "Ann")
    for key in (ann, another_of_ann):
        answer = ask(key, "PUT", "/four-eyes", on=False)
        assert problem(answer) == SELF_APPROVAL, "another key of hers is not another owner"
        assert "another owner approves" in answer.get_json()["detail"]
    ask(ann, "POST", "", edition=1)
    assert problem(ask(ann, "POST", "/2/publish")) == SELF_APPROVAL, "still on"
    off = json_of(ask(ben, "PUT", "/four-eyes", on=False))
    assert (off["on"], off["proposal"], [each["step"] for each in off["changes"]]) == (
        False,
        None,
        ["off", "propose-off", "on"],
    )
    assert ask(ann, "POST", "/2/publish").status_code == 200
    assert sql(CHANGES) == [("on", "Ann"), ("propose-off", "Ann"), ("off", "Ben")]


def test_a_policy_turned_off_by_two_owners_stays_off_despite_the_setting(
    app_with: AppWith, ask: Ask, ann: str, ben: str
) -> None:
    for key, on in ((ann, True), (ann, False), (ben, False)):
        ask(key, "PUT", "/four-eyes", on=on)
    served = app_with(four_eyes=True)
    wiring(served).rule_book.refresh()
    assert json_of(ask(ann, "GET", "/four-eyes"))["on"] is False


def test_four_eyes_cannot_be_turned_on_without_keys(app_with: AppWith, sql: Sql) -> None:
    answer = app_with(access=Access.OPEN).test_client().put("/rules/four-eyes", json={"on": True})
    assert problem(answer) == SELF_APPROVAL
    assert "ACCESS=keys" in answer.get_json()["detail"]
    assert sql(CHANGES) == []


def test_turning_four_eyes_on_voids_pending_proposals(ask: Ask, ann: str, ben: str) -> None:
    for on, status in ((True, 200), (False, 202), (True, 200)):
        json_of(ask(ann, "PUT", "/four-eyes", on=on), status)
    assert json_of(ask(ben, "PUT", "/four-eyes", on=False), 202)["proposal"]["owner"] == "Ben"


def test_a_proposal_expires(ask: Ask, ann: str, ben: str, sql: Sql) -> None:
    ask(ann, "PUT", "/four-eyes", on=True)
    ask(ann, "PUT", "/four-eyes", on=False)
    sql("ALTER TABLE rule_policy_change DISABLE TRIGGER append_only")
    sql("UPDATE rule_policy_change SET at = at - interval '25 hours'")
    sql("ALTER TABLE rule_policy_change ENABLE TRIGGER append_only")
    assert json_of(ask(ben, "PUT", "/four-eyes", on=False), 202)["on"] is True
    assert json_of(ask(ann, "PUT", "/four-eyes", on=False))["on"] is False


def test_four_eyes_can_be_turned_on_at_the_shell_but_not_off(app: APIFlask, sql: Sql) -> None:
    assert command(app, "rules", "four-eyes", "on", "--as", "ann")[1].startswith(
        "Four eyes are on. Two different owner"
    )
    status, output = command(app, "rules", "four-eyes", "off", "--as", "ben")
    assert status == 1
    assert """curl -X PUT "$SERVICE/rules/four-eyes" -H "Authorization: Bearer $KEY" """ in output
    assert """-d '{"on": false}'\n""" in output
    assert sql(CHANGES) == [("on", None)]
    assert "ann" in command(app, "rules", "four-eyes", "show")[1]


@pytest.mark.parametrize(
    ("before", "owner"),
    [([], "'Ben'"), (["'Ben'"], "'Ben'"), (["'Ben'"], "'BEN'"), (["NULL"], "'Ben'"), (["'Ann'"], "NULL")],
)
def test_the_database_also_refuses_one_owner_alone(sql: Sql, before: list[str], owner: str) -> None:
    add = "INSERT INTO rule_policy_change (step, who, owner, note) VALUES ('{}', 'x', {}, '')"
    for step, whose in [("on", "NULL"), *(("propose-off", each) for each in before)]:
        sql(add.format(step, whose))
    with pytest.raises(psycopg2.errors.RaiseException, match="two different owners"):
        sql(add.format("off", owner))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE rule_policy_change SET step = 'propose-off'",
        "DELETE FROM rule_policy_change",
        "TRUNCATE rule_policy_change",
    ],
)
def test_the_policy_audit_is_append_only(ask: Ask, ann: str, sql: Sql, change: str) -> None:
    ask(ann, "PUT", "/four-eyes", on=True)
    with pytest.raises(psycopg2.errors.RaiseException, match="only added to"):
        sql(change)


def test_a_key_without_an_owner_drafts_and_approves_nothing_until_one_is_named(
    app: APIFlask, ask: Ask, ann: str, old: str
) -> None:
    ask(ann, "PUT", "/four-eyes", on=True)
    ask(ann, "POST", "", edition=1)
    for answer in (ask(old, "POST", "/2/publish"), ask(old, "PUT", "/four-eyes", on=False)):
        assert problem(answer) == SELF_APPROVAL
        assert answer.get_json()["detail"].endswith(f": keys own {prefix_of(old)} NAME")
    assert ask(old, "POST", "", edition=1).status_code == 201
    answer = ask(ann, "POST", "/3/publish")
    assert problem(answer) == SELF_APPROVAL, "it may be a key of hers"
    assert f"keys own {prefix_of(old)} NAME" in answer.get_json()["detail"]
    assert command(app, "keys", "own", prefix_of(old), "Ben")[0] == 0
    assert ask(old, "POST", "/2/publish").status_code == 200


def test_two_keys_of_one_owner_are_not_four_eyes(ask: Ask, ann: str, another_of_ann: str, ben: str, sql: Sql) -> None:
    """In 0.1 two keys were enough, and one person may hold two."""
    ask(ann, "PUT", "/four-eyes", on=True)
    ask(ann, "POST", "", edition=1)
    answer = ask(another_of_ann, "POST", "/2/publish")
    assert problem(answer) == SELF_APPROVAL
    assert "owns both keys" in answer.get_json()["detail"]
    assert ask(ben, "POST", "/2/publish").status_code == 200
    assert sql("SELECT four_eyes FROM rule_book_audit WHERE edition = 2 AND step = 'publish'") == [(True,)]


def test_the_key_audit_records_owners_and_rotation_keeps_them(app: APIFlask, sql: Sql) -> None:
    old = new_key(app, None)
    assert command(app, "keys", "own", prefix_of(old), "Ben")[0] == 0
    of_key = "SELECT step FROM key_event JOIN api_key ON api_key.id = key_id WHERE prefix = %s ORDER BY key_event.id"
    assert sql(of_key, prefix_of(old)) == [("create",), ("own",)]
    assert command(app, "keys", "rotate", prefix_of(old))[0] == 0
    assert sql("SELECT owner FROM api_key") == [("Ben",), ("Ben",)]
    shown = command(app, "keys", "show", prefix_of(old))[1]
    assert "owner: Ben\n" in shown
    assert f"UTC own, {pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}" in shown


def test_the_owner_of_a_key_is_set_once(app: APIFlask, ann: str, sql: Sql) -> None:
    status, output = command(app, "keys", "own", prefix_of(ann), "Ben")
    assert (status, "belongs to Ann already, for good; create another key: " in output) == (1, True)
    assert sql("SELECT owner FROM api_key") == [("Ann",)]


@pytest.mark.parametrize("owner", ["", " ", "x" * 101, "a\x1bb"])
def test_an_owner_has_a_name_that_can_be_shown(app: APIFlask, owner: str, sql: Sql) -> None:
    old = new_key(app, None)
    assert command(app, "keys", "own", prefix_of(old), owner)[0] == 2
    scope = ["--scope", "rules:write"]
    assert command(app, "keys", "create", "--name", "x", "--owner", owner, *scope)[0] == 2
    assert sql("SELECT owner FROM api_key") == [(None,)]


def test_a_key_is_made_with_its_owner_who_is_listed(app: APIFlask, sql: Sql) -> None:
    assert command(app, "keys", "create", "--name", "x", "--owner", "Ann", "--scope", "rules:write")[0] == 0
    assert sql("SELECT owner FROM api_key") == [("Ann",)]
    assert "  Ann  " in command(app, "keys", "list")[1]


def test_the_audit_records_the_true_place_of_a_command(
    app: APIFlask, ask: Ask, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("USER", "LOGNAME", "SUDO_USER", "HOSTNAME"):
        monkeypatch.setenv(variable, "somebody-else")
    command(app, "rules", "draft", "--edition", "1", "--as", "Somebody Else")
    ask(ann, "POST", "", edition=1)
    over_http, typed, *_ = json_of(ask(ann, "GET", "/audit"))["steps"]
    assert (over_http["at_shell"], typed["who"]) == (None, "Somebody Else")
    me, host = pwd.getpwuid(os.getuid()).pw_name, socket.gethostname()
    assert typed["at_shell"].startswith(f"{me}@{host}")
    assert f"{me}@{host}" in command(app, "rules", "audit")[1]


@pytest.mark.parametrize("body", [{}, {"on": "yes"}, {"on": 1}, {"on": None}, {"on": True, "force": True}])
def test_an_invalid_policy_is_refused(ask: Ask, ann: str, body: dict[str, object], sql: Sql) -> None:
    assert problem(ask(ann, "PUT", "/four-eyes", **(body or {"note": "x"}))) == (400, "invalid-request")
    assert sql(CHANGES) == []
