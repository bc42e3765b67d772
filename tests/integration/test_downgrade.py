"""A downgrade that loses data counts it and continues only when the loss is confirmed (A43)."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from apiflask import APIFlask

from tests.integration.clients import codes, send
from tests.integration.conftest import Unmigrated, run_sql

SCRIPTS = list(ScriptDirectory("migrations").walk_revisions())
APPLIED = "SELECT version_num FROM alembic_version"


@pytest.fixture
def url(unmigrated: Unmigrated) -> str:
    return unmigrated.url


@pytest.fixture
def played(unmigrated: Unmigrated) -> APIFlask:
    """An application on which something was stored: three events, two of which raised a code, and an edition."""
    app = unmigrated.app
    assert downgrade(app, "upgrade") == (0, "")
    client = app.test_client()
    assert codes(send(client, "withdraw", "150", 1)) == [1100]
    assert codes(send(client, "deposit", "1", 2)) == []
    assert codes(send(client, "withdraw", "150", 3)) == [1100]
    assert client.post("/rules", json={"edition": 1, "note": "another"}).status_code == 201
    return app


def downgrade(app: APIFlask, *words: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["db", *words])
    return done.exit_code, done.output


def test_a_downgrade_refuses_and_counts_what_would_be_lost(played: APIFlask, url: str) -> None:
    before = run_sql(url, APPLIED)
    status, output = downgrade(played, "downgrade", "0003")
    assert status == 1
    assert "2 marks of fresh alerts, 3 numbers of events, 1 bases, 2 alerts, 1 editions, 1 steps" in output
    numbers = "marks_of_fresh_alerts=2,numbers_of_events=3,bases=1,alerts=2,editions=1,steps=1"
    assert f"flask --app app db downgrade 0003 --i-know {numbers}\n" in output
    assert run_sql(url, APPLIED) == before
    assert run_sql(url, "SELECT count(*) FROM alert") == [(2,)]


@pytest.mark.parametrize(
    "named", ["bases=1,alerts=1,editions=1,steps=1", "alerts=2", "", "alerts=2,editions=1,steps=1,bases=0"]
)
def test_a_partly_confirmed_downgrade_is_refused(played: APIFlask, url: str, named: str) -> None:
    status, output = downgrade(played, "downgrade", "0003", "--i-know", named)
    assert status == 1
    assert "alerts=2" in output
    assert run_sql(url, "SELECT count(*) FROM alert") == [(2,)]


NET = {"code": 7, "kind": "net_total", "name": "net", "description": "net", "above": "100", "seconds": 60}
FAILED = {"type": "deposit_failed", "amount": "1", "user_id": 5, "t": 1}


def test_what_an_older_release_cannot_read_forbids_a_downgrade_before_anything_is_lost(
    played: APIFlask, url: str
) -> None:
    """Not even what its caller agreed to lose is gone afterwards, and each refusal says what to do."""
    client, everything = played.test_client(), ("--i-know", "marks_of_fresh_alerts=9,meanings_of_rules=9")
    guided = {**NET, "indicator": "a", "evaluated_on": ["deposit", "withdraw_cancelled"], "groups": ["vip"]}
    edition = client.post("/rules", json={"rules": [guided]}).get_json()["edition"]
    assert client.post(f"/rules/{edition}/publish", json={}).status_code == 200
    assert client.post("/event", json=FAILED).status_code == 200
    before = run_sql(url, APPLIED)
    for revision, said in (
        ("0017", ["rules for groups"]),
        (
            "0016",
            ["rules for groups", "failed deposits or cancelled withdrawals are stored", "publish an older edition"],
        ),
    ):
        status, output = downgrade(played, "downgrade", revision, *everything)
        assert status == 1
        assert all(each in output for each in said), output
        assert run_sql(url, APPLIED) == before
    assert client.get(f"/rules/{edition}").get_json()["rules"][0]["indicator"] == "a"


@pytest.mark.parametrize("named", ["yes", "alerts=many", "alerts"])
def test_a_typing_error_is_reported_with_the_expected_form(played: APIFlask, named: str) -> None:
    status, output = downgrade(played, "downgrade", "0003", "--i-know", named)
    assert status == 2
    assert "such as alerts=15456,editions=1" in output


@pytest.mark.parametrize("named", ["bases=1,alerts=2,editions=1,steps=1", "bases=10,alerts=20,editions=10,steps=10"])
def test_a_confirmed_downgrade_runs(played: APIFlask, url: str, named: str) -> None:
    """Or more than it: the service may store while that is read."""
    named = f"marks_of_fresh_alerts=2,numbers_of_events=3,{named}"
    assert downgrade(played, "downgrade", "0003", "--i-know", named)[0] == 0
    assert run_sql(url, APPLIED) == [("0003",)]
    assert downgrade(played, "upgrade")[0] == 0
    assert run_sql(url, "SELECT count(*) FROM activity_event") == [(3,)]


def test_a_downgrade_that_loses_nothing_needs_no_confirmation(played: APIFlask, url: str) -> None:
    assert downgrade(played, "downgrade", "0016", "--i-know", "marks_of_fresh_alerts=2")[0] == 0
    assert downgrade(played, "downgrade", "0010")[0] == 0
    status, output = downgrade(played, "downgrade")  # by one
    assert status == 1
    assert "--i-know numbers_of_events=3\n" in output
    assert run_sql(url, APPLIED) == [("0010",)]


def test_a_downgrade_to_base_counts_everything(played: APIFlask) -> None:
    status, output = downgrade(played, "downgrade", "base")
    assert status == 1
    assert "events=3" in output


def test_an_unknown_revision_is_reported_as_by_alembic(played: APIFlask) -> None:
    status, output = downgrade(played, "downgrade", "4711")
    assert status != 0
    assert "--i-know" not in output


def test_each_loss_has_a_name_of_one_shell_word() -> None:
    names = [name for script in SCRIPTS for name in script.module.loses]
    assert [name for name in names if not name.isidentifier()] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.revision)
def test_every_migration_declares_what_its_downgrade_loses(script: object, played: APIFlask, url: str) -> None:  # noqa: ARG001
    questions = script.module.loses.values()  # type: ignore[attr-defined]
    assert all(isinstance(run_sql(url, question)[0][0], int) for question in questions)


WORKED_OUT = {"0011", "0012", "0020", "0023"}  # what they drop is added up or told again, or only tried on


def test_every_migration_that_drops_a_table_or_column_declares_a_loss() -> None:
    silent = [
        script.revision
        for script in SCRIPTS
        if not script.module.loses
        and script.revision not in WORKED_OUT
        and any(
            word in Path(script.path).read_text().partition("def downgrade")[2]
            for word in ("drop_table", "drop_column")
        )
    ]
    assert silent == []
