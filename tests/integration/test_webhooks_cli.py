"""`flask webhooks …`: endpoints and deliveries from the command line, by the same rules as over HTTP."""

import re
from collections.abc import Callable, Iterator

import pytest
from apiflask import APIFlask
from click.testing import Result
from standardwebhooks.webhooks import Webhook

from tests.integration.conftest import AppWith, Sql
from tests.integration.endpoints import LOOPBACK, Receiving, receiving

Flask = Callable[..., Result]
ADD = ("webhooks", "add", "--name", "cases", "--url", "https://1.1.1.1/alerts")
DEAD = (
    "INSERT INTO delivery (message_id, endpoint_id, topic, codes)"
    " SELECT 'alert_1_10_0_raised_0', max(id), 'alert.raised', '{1100}' FROM endpoint"
)


@pytest.fixture
def receiver() -> Iterator[Receiving]:
    with receiving() as there:
        yield there


@pytest.fixture
def app(app_with: AppWith) -> APIFlask:
    return app_with(**LOOPBACK)


@pytest.fixture
def flask(app: APIFlask) -> Flask:
    """Run a command of the application."""
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(args=[str(word) for word in words])


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(result: Result) -> str:
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    return result.stderr


@pytest.fixture
def endpoint(flask: Flask, sql: Sql) -> int:
    done(flask(*ADD))
    [(endpoint_id,)] = sql("SELECT max(id) FROM endpoint")
    return int(endpoint_id)


def test_an_endpoint_is_added_and_its_secret_shown_again(flask: Flask, sql: Sql) -> None:
    assert "webhooks add" in flask("webhooks", "list").stdout
    added = flask(*ADD, "--code", 30, "--code", 1100, "--strength", "strong", "--group", "vip", "--only-fresh")
    secret = done(added).strip()
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    assert "codes 30 1100, strength strong, groups vip, only fresh" in added.stderr
    [(endpoint_id, who)] = sql("SELECT id, made_by FROM endpoint")
    assert "@" in who
    assert done(flask("webhooks", "secret", endpoint_id)).strip() == secret
    heading, line = done(flask("webhooks", "list")).splitlines()
    assert heading.split()[:4] == ["id", "name", "state", "format"]
    assert "https://1.1.1.1/alerts" in line


def test_an_endpoint_is_shown_with_its_steps_also_when_it_is_deleted(flask: Flask, endpoint: int, sql: Sql) -> None:
    done(flask("webhooks", "change", endpoint, "--code", 123))
    sql("INSERT INTO endpoint_event (endpoint_id, step, who, note) VALUES (%s, 'disable', 'sender', 'gone')", endpoint)
    shown = done(flask("webhooks", "show", endpoint))
    assert {"name: cases", "told of: codes 123", "state: enabled"} <= set(shown.splitlines())
    *_, heading, disabled, changed, created = map(str.rstrip, shown.splitlines())
    assert heading.split() == ["id", "at", "(UTC)", "step", "who", "note"]
    assert re.search(r"disable +sender +gone$", disabled)
    assert re.search(r"change +\S+@\S+ +filter all to 123$", changed)
    assert re.search(r"create +\S+@\S+ +cases, standard, 1.1.1.1$", created)
    done(flask("webhooks", "delete", endpoint))
    page = done(flask("webhooks", "show", endpoint, "--limit", 1))
    assert page.splitlines()[0] == f"Endpoint {endpoint} is deleted."
    assert " delete " in page
    [before] = re.findall(r"add --before (\d+)", page)
    rest = done(flask("webhooks", "show", endpoint, "--before", before))
    assert [word for word in ("delete", "disable", "change", "create") if f" {word} " in rest] == [
        *("disable", "change", "create")
    ]
    assert "to list what there is" in refused(flask("webhooks", "show", endpoint + 1))


def test_each_step_is_taken_as_over_http(flask: Flask, endpoint: int, sql: Sql) -> None:
    assert "is enabled: codes 123." in done(flask("webhooks", "change", endpoint, "--code", 123))
    assert "is enabled: everything." in done(flask("webhooks", "change", endpoint, "--all", "--name", "other"))
    assert "(other) is paused" in done(flask("webhooks", "pause", endpoint))
    assert "is enabled" in done(flask("webhooks", "enable", endpoint))
    rotated = flask("webhooks", "rotate", endpoint)
    assert done(rotated) == done(flask("webhooks", "secret", endpoint))
    assert "both secrets sign" in rotated.stderr
    done(flask("webhooks", "delete", endpoint))
    assert [step for (step,) in sql("SELECT step FROM endpoint_event ORDER BY id")] == [
        *("create", "change", "change", "pause", "enable", "rotate", "delete")
    ]
    assert "to list what there is: flask --app app webhooks list" in refused(flask("webhooks", "pause", endpoint))


REFUSED = [
    ((*ADD, "--url", "https://10.1.2.3/"), "--url: 10.1.2.3 is a private address; to allow it, add 10.1.2.3 to"),
    ((*ADD, "--format", "email"), "--url: An endpoint of the format email has an address such as mailto:"),
    ((*ADD, "--name", " "), "--name: Must not be blank"),
    ((*ADD, "--per-second", "0"), "--per-second: Must be from 1 to 100"),
    ((*ADD, "--topic", "all"), "--topic: Must be"),
    ((*ADD, "--code", "0"), "--code: Must be from 1 to"),
    (("webhooks", "replay", "1"), "--since: Say since when"),
    (("webhooks", "retry", "1"), "there is no delivery 1"),
    (("webhooks", "test", "1000000"), "there is no endpoint 1000000"),
]


@pytest.mark.parametrize(("words", "said"), REFUSED, ids=[said[:30] for _, said in REFUSED])
def test_a_refusal_names_the_option(flask: Flask, words: tuple[str, ...], said: str) -> None:
    assert said in refused(flask(*words))


def test_without_a_key_the_error_says_how_to_make_one(app_with: AppWith) -> None:
    line = refused(app_with(webhook_key=()).test_cli_runner().invoke(args=ADD))
    assert "WEBHOOK_KEY is not set" in line
    assert "openssl rand -hex 32" in line


def test_a_change_of_nothing_is_a_wrong_usage(flask: Flask, endpoint: int) -> None:
    assert flask("webhooks", "change", endpoint).exit_code == 2
    assert flask("webhooks", "change", endpoint, "--all", "--code", 1).exit_code == 2


def test_a_test_message_shows_the_answer_by_its_exit_status(flask: Flask, receiver: Receiving, sql: Sql) -> None:
    secret = done(flask("webhooks", "add", "--name", "here", "--url", receiver.url)).strip()
    [(endpoint_id,)] = sql("SELECT id FROM endpoint")
    told = done(flask("webhooks", "test", endpoint_id))
    assert re.fullmatch(r"Delivered in 0\.\d\d s, status 200\.\nAnswer: ok\n", told)
    [sent] = receiver.received
    assert Webhook(secret).verify(sent.body, sent.headers)["type"] == "endpoint.test"
    receiver.answer = 503, b"later"
    failed = flask("webhooks", "test", endpoint_id)
    assert failed.exit_code == 1
    assert failed.stdout.startswith("Not delivered")
    assert "Answer: later" in failed.stdout


def test_deliveries_are_listed_retried_and_replayed(flask: Flask, endpoint: int, sql: Sql) -> None:
    assert "no such delivery" in done(flask("webhooks", "deliveries"))
    sql(DEAD)
    sql("UPDATE delivery SET state = 'dead', last_status = 500, last_error = 'answered 500', done_at = now()")
    [(delivery,)] = sql("SELECT id FROM delivery")
    sql("INSERT INTO delivery_attempt (delivery_id, no, status, error, seconds) VALUES (%s, 1, 500, 'no', 1)", delivery)
    listed = done(flask("webhooks", "deliveries", "--endpoint", endpoint, "--state", "dead", "--attempts"))
    assert "alert_1_10_0_raised_0" in listed
    assert listed.count("(UTC)") == 3
    assert "is due" in done(flask("webhooks", "retry", delivery))
    assert "no such delivery" in done(flask("webhooks", "deliveries", "--state", "dead"))
    sql("UPDATE delivery SET state = 'dead'")
    assert done(flask("webhooks", "replay", endpoint, "--dead")).startswith("1 message is due")
    assert done(flask("webhooks", "replay", endpoint, "--since", "2026-01-31T09:30:00Z")).startswith("0 messages are")
    sql(DEAD.replace("_10_", "_20_"))
    assert "add --before" in done(flask("webhooks", "deliveries", "--limit", 1))
