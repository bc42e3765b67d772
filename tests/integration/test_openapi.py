"""The examples of the OpenAPI document that need special settings are true; e2e/test_openapi.py tests the rest."""

import re
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NoReturn

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.access.controllers import create_key
from app.access.domain import Access, Scope, prefix_of
from app.alerts.feed.numbering import Numbering
from app.cases import controllers as controllers_of_cases
from app.datastores import db
from app.events import controllers
from app.interactions.examples import STEP as STEPS
from app.interactions.examples import TOLD as INTERACTIONS
from app.interactions.examples import TOLD_ACTION as ACTIONS
from app.owner import Owner
from app.rulebook.examples import DRAFTS
from app.staff.permissions import Role
from app.webhooks.examples import NEW
from app.work.services import WorkServices
from lib.services import services_of
from testkit.openapi_document import ANY, Example, assert_matches_example, examples_in, key_of_example, requests_in
from testkit.openapi_examples import CORRECTIONS, REPRODUCED_ELSEWHERE
from testkit.openapi_examples import REPRODUCTIONS as REPRODUCED_OVER_HTTP
from tests.integration.books import TEN_THOUSAND_AND_ONE, a_minute_later
from tests.integration.casework import member, seen
from tests.integration.conftest import Apps, AppWith, run_sql
from tests.integration.endpoints import LOOPBACK, receiving
from tests.integration.recordings import Records
from tests.integration.wiring import wiring

OK = 200
NOTHING_LIVE = "UPDATE rule_book SET status = 'retired'"
UNCLAIMED = (
    "INSERT INTO activity_event (user_id, t, type, amount, alert_codes)"
    " SELECT 1, n, 'deposit', 1, '{}' FROM generate_series(1, 2000) AS n"
)
FULL_SECOND = (
    "INSERT INTO activity_event (user_id, t, n, event_id, type, amount, alert_codes)"
    " VALUES (1, 10, 999, 'thousandth', 'deposit', 1, '{}')"
)
WITHOUT_NUMBER = "INSERT INTO activity_event (user_id, t, type, amount, alert_codes) VALUES (1, 10, 'deposit', 1, '{}')"
REVERSED = (
    "INSERT INTO revision (user_id, t, n, no, codes_before, codes_after, edition, found, cause)"
    " SELECT 1, 20, 0, 1, '{1100}', '{}', 1, '{}',"
    " correct_event(1, 20, 0, NULL, NULL, 'charged back', 'operations', 'ops@host-1')"
)
MINUTE = re.compile(rb"20\d\d-\d\d-\d\d \d\d:\d\d")
NOWHERE = "postgresql://127.0.0.1:1/nothing"


def ask(client: FlaskClient, example: Example, key: str = "") -> TestResponse:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if example.request is None:
        return client.open(example.path, method=example.method, headers=headers)
    return client.open(example.path, method=example.method, headers=headers, json=example.request)


def without_key(app_with: AppWith, example: Example) -> TestResponse:
    return ask(app_with(access=Access.KEYS).test_client(), example)


def without_the_scope(app_with: AppWith, example: Example) -> TestResponse:
    app = app_with(access=Access.KEYS)
    others = [scope for scope in Scope if scope != example.scope]
    assert len(others) == len(Scope) - 1, f"{example} asks for a scope that is none: {example.scope!r}"
    return ask(app.test_client(), example, create_key(wiring(app).database, "another", others, None))


def once_too_often(app_with: AppWith, example: Example) -> TestResponse:
    client = app_with(rate_limit="1 per hour").test_client()
    ask(client, example)
    return ask(client, example)


def with_a_defect(app_with: AppWith, example: Example) -> TestResponse:
    def defect() -> NoReturn:
        raise RuntimeError("a defect")

    app = app_with()
    app.before_request(defect)
    return ask(app.test_client(), example)


def without_database(app_with: AppWith, example: Example) -> TestResponse:
    """Ask with a key that cannot be looked up."""
    client = app_with(access=Access.KEYS, database_url=NOWHERE).test_client()
    return ask(client, example, "aa_0123456789ab_key")


def cut_short(app_with: AppWith, example: Example) -> TestResponse:
    """Announce more of a body than comes."""
    longer = {"CONTENT_LENGTH": "100"}
    client = app_with().test_client()
    return client.open(
        example.path, method=example.method, data="{ ", content_type="application/json", environ_overrides=longer
    )


def without_a_live_edition(app_with: AppWith, example: Example) -> TestResponse:
    app = app_with()
    with app.app_context():
        run_sql(db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False), NOTHING_LIVE)
    return ask(app.test_client(), example)


def with_a_history_that_nobody_claimed(app_with: AppWith, example: Example) -> TestResponse:
    """Ask for the totals of a player whose many events have no clock, under whose lock they would be added up."""
    app = app_with()
    with app.app_context():
        run_sql(db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False), UNCLAIMED)
    return ask(app.test_client(), example)


def unready(app_with: AppWith, example: Example) -> TestResponse:
    return ask(app_with(database_url=NOWHERE).test_client(), example)


def not_registered(app_with: AppWith, example: Example) -> TestResponse:
    return ask(app_with(registered_users_only=True).test_client(), example)


def ahead_of_the_clock(app_with: AppWith, example: Example) -> TestResponse:
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr(controllers, "time", lambda: 1_795_736_749.5)
        event = {"type": "deposit", "amount": "42.00", "user_id": 1, "t": 1_795_736_749_000}
        return app_with(t_ahead=300).test_client().post(example.path, json=event)


def in_a_full_second(app_with: AppWith, example: Example) -> TestResponse:
    app = app_with()
    event = {"type": "deposit", "amount": "42.00", "user_id": 1, "t": 10}
    app.test_client().post(example.path, json={**event, "event_id": "first"})
    with app.app_context():
        run_sql(db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False), FULL_SECOND)
    return app.test_client().post(example.path, json={**event, "event_id": "last"})


def with_a_reversal(app_with: AppWith, example: Example) -> TestResponse:
    app = app_with()
    for kind, amount, t in (("deposit", "42.00", 10), ("withdraw", "150.00", 20)):
        app.test_client().post("/event", json={"type": kind, "amount": amount, "user_id": 1, "t": t})
    with app.app_context():
        run_sql(db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False), REVERSED)
    return ask(app.test_client(), example)


EVENT: dict[str, Any] = {"type": "deposit", "amount": "42.00", "user_id": 1, "t": 10}


def correct(client: FlaskClient, example: Example) -> TestResponse:
    return client.post(example.path.replace("/events/1", "/events/10"), json=example.request)


def before_a_thousand(app_with: AppWith, example: Example) -> TestResponse:
    """Send or correct a deposit before more withdrawals than one request judges again."""
    client = app_with(late_events="keep").test_client()
    is_late = example.operation == "receive_event"
    if not is_late:
        client.post("/event", json={**EVENT, **({"event_id": "1"} if "by-id" in example.path else {})})
    later = [{**EVENT, "type": "withdraw", "amount": "1", "t": t} for t in range(11, 1012)]
    for part in (later[:1000], later[1000:]):
        client.post("/events", json=part)
    return client.post("/event", json=EVENT) if is_late else correct(client, example)


def without_a_number(app_with: AppWith, example: Example) -> TestResponse:
    app = app_with()
    with app.app_context():
        run_sql(db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False), WITHOUT_NUMBER)
    return correct(app.test_client(), example)


def the_register(app_with: AppWith, example: Example) -> TestResponse:
    client = app_with().test_client()
    client.post("/users", json={"name": "Ada Sample", "email": "ada.1@example.com"})
    return ask(client, example)


def with_an_alert(app_with: AppWith, example: Example) -> TestResponse:
    """Ask for the feed once the worker has numbered an alert of three deposits."""
    app = app_with()
    client = app.test_client()
    for t, amount in ((0, "100.00"), (10, "62.00"), (28, "50.00")):
        client.post("/event", json={"type": "deposit", "amount": amount, "user_id": 1, "t": t})
    Numbering(wiring(app).database).run_once()
    return ask(client, example)


def with_a_case(app_with: AppWith, example: Example) -> TestResponse:
    """Ask for cases once the worker has opened one for a withdrawal, as if it were the first case."""
    app = app_with()
    made, client = services_of(app, WorkServices), app.test_client()
    for kind, amount, t in (("deposit", "42.00", 10), ("withdraw", "150.00", 20)):
        client.post("/event", json={"type": kind, "amount": amount, "user_id": 1, "t": t})
    for name in ("feed", "cases"):
        [duty] = [each for each in made.duties if each.name == name]
        duty.errand.run_once()
    case_id = client.get("/cases").get_json()["cases"][0]["id"]
    answer = client.get(example.path.replace("/cases/1", f"/cases/{case_id}"))
    answer.set_data(re.sub(rf'"id":( ?){case_id},', r'"id":\g<1>1,', answer.get_data(as_text=True)))
    return answer


def without_a_case(app_with: AppWith, example: Example) -> TestResponse:
    return ask(app_with().test_client(), example)


def with_records(app_with: AppWith, example: Example) -> TestResponse:
    """Ask once a platform has told of an interaction, an action and a step of it; as if all had the number 1."""
    client = app_with().test_client()
    bodies = {"/interactions": INTERACTIONS["pop-up"]["value"], "/actions": ACTIONS["block"]["value"]}
    told = {path: client.post(path, json=body) for path, body in bodies.items()}
    number = told["/actions"].get_json()["id"]
    if example.operation == "tell_step":
        path, step = f"/actions/{number}/steps", STEPS["executed"]["value"]
        answer = client.post(path, json=step)
        if example.name == "step-taken":
            answer = client.post(path, json={**step, "text": "Another"})
    elif example.name == "recorded":
        answer = told[example.path]
    elif example.name == "conflicting-record":
        answer = client.post(example.path, json={**bodies[example.path], "user_id": 2})
    else:
        answer = client.get(f"/{example.name}s/{told[f'/{example.name}s'].get_json()['id']}")
    return numbered_1(answer, number)


def with_an_evaluation(app_with: AppWith, example: Example) -> TestResponse:
    """Ask for the evaluation of a case that is monitored for a week."""
    app = app_with()
    sql = partial(run_sql, services_of(app, Owner).settings.database_owner_url)
    records, ann = Records(app, sql), member(sql, "Ann", Role.ANALYST)
    ref, due = seen(records.taken(ann, user_id=1)), datetime.now(UTC) + timedelta(days=7, minutes=1)
    controllers_of_cases.wait_for_effect(records.work.services, ann, ref, evaluate_at=due)
    [(number,)] = sql("SELECT id FROM evaluation")
    answer = app.test_client().get(example.path.replace("/1", f"/{number}"))
    answer.set_data(answer.get_data(as_text=True).replace(ann.name, "staff:1 Ann"))
    return numbered_1(answer, number)


def numbered_1(answer: TestResponse, number: int) -> TestResponse:
    text = re.sub(r'"(id|case_id)":( ?)\d+', r'"\g<1>":\g<2>1', answer.get_data(as_text=True))
    answer.set_data(re.sub(rf"(action |/actions/){number}\b", r"\g<1>1", text))
    return answer


def without_records(app_with: AppWith, example: Example) -> TestResponse:
    """Ask for a record that does not exist."""
    return ask(app_with().test_client(), example)


def after_the_last_number(app_with: AppWith, example: Example) -> TestResponse:
    with_an_alert(app_with, example)
    return app_with().test_client().get(example.path, query_string={"after": 1 if example.status == OK else 2})


def a_changed_player(app_with: AppWith, example: Example) -> TestResponse:
    client = app_with().test_client()
    client.post("/users", json={"user_id": 1, "name": "Ada Sample", "email": "ada.1@example.com"})
    changed = client.put("/users/1", json={"groups": ["vip", "18-24"]})
    return changed if example.name == "changed" else ask(client, example)


def no_id_left(app_with: AppWith, example: Example) -> TestResponse:
    client = app_with().test_client()
    client.post("/users", json={"user_id": 2**63 - 1, "name": "Last", "email": "last@example.com"})
    return ask(client, example)


def as_it_was_made(app_with: AppWith, example: Example) -> TestResponse:
    return ask(app_with().test_client(), example)


def with_a_draft(app_with: AppWith, example: Example) -> TestResponse:
    """Ask with a draft beside edition 1; apply to the draft what an example does to edition 1."""
    client = app_with().test_client()
    drafted = client.post("/rules", json=DRAFTS["rules"]["value"])
    if example.name == "drafted":
        return drafted
    path = example.path if example.method == "GET" else example.path.replace("/rules/1", "/rules/2")
    return client.open(path.replace("/diff/1", "/diff/2"), method=example.method)


def by_its_author(app_with: AppWith, example: Example) -> TestResponse:
    app = app_with(access=Access.KEYS, four_eyes=True)
    key = create_key(wiring(app).database, "rules", list(Scope), None)
    headers = {"Authorization": f"Bearer {key}"}
    app.test_client().post("/rules", json={"edition": 1}, headers=headers)
    path = example.path.replace("/rules/1", "/rules/2")
    answer = app.test_client().open(path, method=example.method, headers=headers)
    answer.set_data(answer.data.replace(prefix_of(key).encode(), b"0123456789ab"))
    return answer


def published_meanwhile(app_with: AppWith, example: Example) -> TestResponse:
    """Publish edition 2 after edition 3 was published: both are based on edition 1."""
    client = app_with().test_client()
    client.post("/rules", json={"edition": 1})
    client.post("/rules", json=DRAFTS["rules"]["value"])
    client.post("/rules/3/publish")
    answer = client.open(example.path.replace("/rules/1", "/rules/2"), method=example.method)
    answer.set_data(MINUTE.sub(rb"2026-11-22 09:30", answer.data))
    return answer


def with_four_eyes(app_with: AppWith, example: Example) -> TestResponse:
    """Ask where four eyes were turned on by Ben's key; Ann proposes to turn them off, and once more where refused."""
    app, wish = app_with(access=Access.KEYS), {"on": False, "note": "Ben has left"}
    ann, ben = (
        create_key(wiring(app).database, name, list(Scope), None, owner=owner)
        for name, owner in (("rules", "Ann"), ("ben", "Ben"))
    )
    of_ann, of_ben = ({"Authorization": f"Bearer {key}"} for key in (ann, ben))
    wished = {"on": True, "note": "as the auditors ask"}
    answer = app.test_client().put("/rules/four-eyes", json=wished, headers=of_ben)
    for _ in range({"on": 0, "proposed": 1, "same-eyes": 2}[example.name]):
        answer = app.test_client().put("/rules/four-eyes", json=wish, headers=of_ann)
    if example.method == "GET":
        answer = app.test_client().get(example.path, headers=of_ann)
    named = answer.data.replace(prefix_of(ann).encode(), b"0123456789ab")
    answer.set_data(named.replace(prefix_of(ben).encode(), b"ba9876543210"))
    return answer


def with_a_shadow(app_with: AppWith, example: Example) -> TestResponse:
    """Ask for the comparison of a draft that was in the shadow for a minute before two withdrawals; or of too much."""
    app = app_with()
    sql = partial(run_sql, services_of(app, Owner).settings.database_owner_url)
    client = app.test_client()
    client.post("/rules", json=DRAFTS["rules"]["value"])
    client.post("/rules/2/shadow")
    wiring(app).rule_book.refresh()
    a_minute_later(sql)
    for t, amount in ((10, "150.00"), (20, "90.00")):
        client.post("/event", json={**EVENT, "type": "withdraw", "amount": amount, "t": t})
    if example.name == "too-much-to-compare":
        sql(TEN_THOUSAND_AND_ONE)
    answer = client.get(example.path.replace("/rules/1", "/rules/2"))
    answer.set_data(answer.data.replace(b"rules compare 2", b"rules compare 1"))
    return answer


@pytest.fixture(autouse=True)
def names_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the name in the examples have a public address, wherever the tests run."""
    ask = socket.getaddrinfo

    def answer(host: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401  # the function of the library
        return ask("1.1.1.1" if host == "hooks.example.com" else host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", answer)


DELIVERY_DUE = (
    "INSERT INTO delivery (message_id, endpoint_id, topic, user_id, t, n, no, codes)"
    " SELECT 'alert_1_28_0_raised_0', max(id), 'alert.raised', 1, 28, 0, 0, '{123}' FROM endpoint"
)
DELIVERED_IN_VAIN = (
    "UPDATE delivery SET state = 'dead', attempts = 10, last_status = 500, last_error = 'answered 500: out of order',"
    " done_at = now()"
)
TRIED = (
    "INSERT INTO delivery_attempt (delivery_id, no, status, error, seconds)"
    " SELECT id, 1, 500, 'answered 500: out of order', 0.25 FROM delivery"
)
BIG_FEED = (
    "INSERT INTO alert_feed (number, user_id, t, n, kind, no, code, edition)"
    " SELECT i, 1, i, 0, 'raised', 0, 123, 1 FROM generate_series(1, 10001) AS i"
)
FIFTY_ENDPOINTS = (
    "INSERT INTO endpoint (name, url, format, per_second, key, made_by)"
    " SELECT 'x', 'https://1.1.1.1', 'standard', 1, 'k', 'me' FROM generate_series(1, 50)"
)


def with_an_endpoint(app_with: AppWith, example: Example) -> TestResponse:
    """Ask about an endpoint, the one of the examples unless a channel is meant, and a dead delivery to it."""
    with receiving() as there:
        app = app_with(**LOOPBACK)
        client, sql = app.test_client(), partial(run_sql, services_of(app, Owner).settings.database_owner_url)
        form = "slack" if example.name == "not-signed" else "standard"
        answer = client.post("/webhooks/endpoints", json={**NEW["alerts"]["value"], "format": form})
        number = answer.get_json()["id"]
        for statement in (DELIVERY_DUE, DELIVERED_IN_VAIN, TRIED):
            sql(statement)
        if example.name == "too-much-to-replay":
            sql(BIG_FEED)
            sql("UPDATE feed_head SET number = 10001")
        if example.operation == "send_test_message":
            sql("UPDATE endpoint SET url = %s", there.url)
        if example.name == "endpoint-gone":
            client.delete(f"/webhooks/endpoints/{number}")
        [(delivery, step)] = sql("SELECT max(delivery.id), max(endpoint_event.id) FROM delivery, endpoint_event")
        path = example.path.replace("/endpoints/1", f"/endpoints/{number}")
        path = path.replace("/deliveries/1", f"/deliveries/{delivery}")
        if example.name != "created":
            body = {"dead": True} if example.name == "due" else example.request
            answer = client.open(path, method=example.method, json=body)
    return numbered_from_one(answer, number, delivery, step)


def numbered_from_one(answer: TestResponse, endpoint: int, delivery: int, step: int) -> TestResponse:
    """Write the answer as if endpoint, delivery and step were the first ones, and every attempt took as long."""
    text = re.sub(
        rf'"(id|endpoint_id)":( ?)(?:{endpoint}|{delivery}|{step}),', r'"\1":\g<2>1,', answer.get_data(as_text=True)
    )
    text = re.sub(rf"endpoint {endpoint} |/endpoints/{endpoint}\b", lambda found: _with_one(found[0]), text)
    text = re.sub(rf"/deliveries/{delivery}\b", "/deliveries/1", text)
    answer.set_data(re.sub(r'"seconds":( ?)[0-9.e-]+', r'"seconds":\g<1>0.25', text))
    return answer


def _with_one(text: str) -> str:
    return re.sub("[0-9]+", "1", text)


def with_fifty_endpoints(app_with: AppWith, example: Example) -> TestResponse:
    app = app_with()
    run_sql(services_of(app, Owner).settings.database_owner_url, FIFTY_ENDPOINTS)
    return ask(app.test_client(), example)


def without_a_webhook_key(app_with: AppWith, example: Example) -> TestResponse:
    app = app_with()
    number = app.test_client().post("/webhooks/endpoints", json=NEW["alerts"]["value"]).get_json()["id"]
    client, path = app_with(webhook_key=()).test_client(), example.path.replace("/1", f"/{number}")
    return client.open(path, method=example.method, json=example.request)


WITH_AN_ENDPOINT = (
    ("create_endpoint", "created"),
    ("read_endpoints", "one"),
    ("read_endpoint", "endpoint"),
    ("read_steps", "steps"),
    ("change_endpoint", "paused"),
    ("rotate_secret", "rotated"),
    ("rotate_secret", "not-signed"),
    ("send_test_message", "answered"),
    ("replay_deliveries", "due"),
    ("replay_deliveries", "too-much-to-replay"),
    ("read_deliveries", "dead"),
    ("retry_delivery", "due-again"),
    ("retry_delivery", "endpoint-gone"),
)
WITH_A_DRAFT = {
    "read_editions": "list",
    "read_audit": "audit",
    "read_differences": "changed",
    "draft_edition": "drafted",
    "shadow_edition": "in-the-shadow",
    "publish_edition": "published",
    "retire_edition": "retired",
}
REPRODUCTIONS: dict[tuple[str, str], Callable[[AppWith, Example], TestResponse]] = {
    (ANY, "unauthorized"): without_key,
    (ANY, "forbidden"): without_the_scope,
    (ANY, "too-many-requests"): once_too_often,
    (ANY, "request-timeout"): cut_short,
    (ANY, "internal-error"): with_a_defect,
    (ANY, "unavailable"): without_database,
    ("ready", "not-ready"): unready,
    ("read_activity", "still-adding-up"): with_a_history_that_nobody_claimed,
    ("receive_event", "not-ready"): without_a_live_edition,
    ("receive_events", "not-ready"): without_a_live_edition,
    ("receive_event", "unknown-user"): not_registered,
    ("receive_event", "t-in-the-future"): ahead_of_the_clock,
    ("receive_event", "second-full"): in_a_full_second,
    **{(each, "too-many-later-events"): before_a_thousand for each in ("receive_event", *CORRECTIONS)},
    ("reverse_event", "nothing-to-correct"): without_a_number,
    ("read_corrections", "corrections"): with_a_reversal,
    ("read_feed", "entries"): with_an_alert,
    ("read_feed", "nothing-new"): after_the_last_number,
    ("read_feed", "not-yet-numbered"): after_the_last_number,
    **dict.fromkeys((("read_cases", "cases"), ("read_case", "case")), with_a_case),
    ("read_cases", "no-cases"): without_a_case,
    **{(f"read_{kind}s", f"no-{kind}s"): without_records for kind in ("interaction", "action", "evaluation")},
    ("read_interaction", "interaction"): with_records,
    ("read_action", "action"): with_records,
    ("read_evaluation", "evaluation"): with_an_evaluation,
    **{(f"read_{kind}", f"unknown-{kind}"): without_records for kind in ("interaction", "action", "evaluation")},
    ("tell_step", "unknown-action"): without_records,
    ("tell_step", "step-taken"): with_records,
    **{(each, "recorded"): with_records for each in ("tell_interaction", "tell_action", "tell_step")},
    **{(each, "conflicting-record"): with_records for each in ("tell_interaction", "tell_action")},
    ("read_users", "whole-register"): the_register,
    ("update_users", "players"): as_it_was_made,
    ("change_user", "unknown-user"): as_it_was_made,
    ("change_user", "changed"): a_changed_player,
    ("read_user_changes", "changes"): a_changed_player,
    ("register_user", "no-free-user-id"): no_id_left,
    **dict.fromkeys(WITH_A_DRAFT.items(), with_a_draft),
    ("publish_edition", "same-eyes"): by_its_author,
    ("publish_edition", "live-edition-changed"): published_meanwhile,
    ("read_edition", "contract"): as_it_was_made,
    ("compare_edition", "compared"): with_a_shadow,
    ("compare_edition", "too-much-to-compare"): with_a_shadow,
    ("read_policy", "on"): with_four_eyes,
    ("change_policy", "off"): as_it_was_made,
    ("change_policy", "proposed"): with_four_eyes,
    ("change_policy", "same-eyes"): with_four_eyes,
    **dict.fromkeys(WITH_AN_ENDPOINT, with_an_endpoint),
    ("create_endpoint", "too-many-endpoints"): with_fifty_endpoints,
    **{(each, "no-webhook-key"): without_a_webhook_key for each in ("create_endpoint", "rotate_secret")},
}


@pytest.fixture
def examples(client: FlaskClient) -> Sequence[Example]:
    return list(examples_in(client.get("/openapi.json").get_json()))


def test_every_example_is_reproduced_here_or_over_http(examples: Sequence[Example]) -> None:
    ways = [
        (str(each), bool(key_of_example(each, REPRODUCTIONS)) + bool(key_of_example(each, REPRODUCED_OVER_HTTP)))
        for each in examples
    ]
    assert [example for example, number in ways if number != 1] == []
    assert {name for _, name in REPRODUCTIONS} == REPRODUCED_ELSEWHERE, "e2e leaves these to this file"


@pytest.mark.parametrize(("operation", "name"), REPRODUCTIONS, ids=lambda part: part or "any")
def test_an_example_is_what_the_service_answers(
    apps: Apps, examples: Sequence[Example], operation: str, name: str
) -> None:
    meant = [each for each in examples if key_of_example(each, REPRODUCTIONS) == (operation, name)]
    assert meant, "no operation has this example"
    for example in meant:
        answer = REPRODUCTIONS[operation, name](apps, example)
        assert_matches_example(example, answer.status_code, dict(answer.headers), answer.text)
        apps.close()  # or those of all examples together would need more connections than there are


def test_every_example_request_is_accepted(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for request in requests_in(operation):
                answer = client.open(with_numbers(client, path), method=method.upper(), json=request)
                assert answer.status_code in {200, 201}, f"{method} {path}: {answer.text}"


MADE = {
    "action_id": ("/actions", ACTIONS["block"]["value"]),
    "endpoint_id": ("/webhooks/endpoints", NEW["alerts"]["value"]),
}


def with_numbers(client: FlaskClient, path: str) -> str:
    """Return the path of something that is there: of an edition, one that may take every step."""
    if "{t}" in path or "{event_id}" in path:
        with_id = {"event_id": "tx-1a2b"} if "{event_id}" in path else {}
        user_id = len(path)  # another one for each
        client.post("/event", json={**EVENT, "user_id": user_id, **with_id})
        return path.format(user_id=user_id, t=10, event_id="tx-1a2b")
    if (name := path.partition("{")[2].partition("}")[0]) in MADE:
        where, body = MADE[name]
        return path.format(**{name: client.post(where, json=body).get_json()["id"]})
    if "{delivery_id}" in path:
        client.post("/webhooks/endpoints", json=NEW["alerts"]["value"])
        sql = partial(run_sql, services_of(client.application, Owner).settings.database_owner_url)
        sql(DELIVERY_DUE)
        return path.format(delivery_id=sql("SELECT id FROM delivery")[0][0])
    if "{user_id}" in path:
        client.post("/users", json={"user_id": 1, "name": "Ada Sample", "email": "ada.one@example.com"})
        return path.format(user_id=1)
    if "{edition}" not in path:
        return path
    client.post("/rules/1/publish")  # the one that the examples replace, should it not be live any more
    return path.replace("{edition}", str(client.post("/rules", json={"edition": 1}).get_json()["edition"]))


def test_public_operations_have_no_rate_limit(app_with: AppWith) -> None:
    """The document has no 429 for the health checks, even when others have used up the limit."""
    client = app_with(rate_limit="1 per hour").test_client()
    assert [client.get("/users/1").status_code for _ in range(2)] == [200, 429]
    assert [client.get(path).status_code for path in ("/", "/docs", "/openapi.json")] == [200] * 3
    answers = [client.get("/health/live") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any(name.startswith("X-RateLimit") for name, _ in answers[-1].headers)


def test_only_rate_limited_answers_have_the_retry_after_of_the_limit(app_with: AppWith) -> None:
    client = app_with(rate_limit="2 per hour").test_client()
    answers = [client.get("/users/1") for _ in range(3)]
    assert ["Retry-After" in answer.headers for answer in answers] == [False, False, True]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600
    event = {"type": "deposit", "amount": "42.00", "user_id": 1, "t": 10}
    away = app_with(rate_limit="2 per hour", database_url=NOWHERE).test_client().post("/event", json=event)
    assert (away.status_code, away.headers["Retry-After"]) == (503, "1")
