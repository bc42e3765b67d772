"""Messages as they are received equal what the section `webhooks` of the OpenAPI document says of them."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.cases import controllers
from app.cases.domain import Outcome
from app.cases.requests import CaseRef, Closing
from app.interactions import action_steps
from app.interactions.requests import Judgement
from app.interactions.words import ActionKind, Period, Review
from app.staff.permissions import Role
from tests.edition_1 import RULES
from tests.integration.books import publish
from tests.integration.casework import casework_of, member
from tests.integration.clients import send
from tests.integration.conftest import AppWith, Sql
from tests.integration.recordings import SOON, Records
from tests.integration.telling import LOOPBACK, Receiver, Request, add_endpoint, number, receiving, work
from tests.message_schemas import MessageSchemas

MANY_RULES = 100


@pytest.fixture
def app(app_with: AppWith) -> APIFlask:
    return app_with(late_events="keep", **LOOPBACK)


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def schemas(client: FlaskClient) -> MessageSchemas:
    return MessageSchemas(client.get("/openapi.json").get_json())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def with_id(client: FlaskClient, kind: str, amount: str, t: int) -> TestResponse:
    return client.post("/event", json={"type": kind, "amount": amount, "user_id": 7, "t": t, "event_id": f"tx-{t}"})


def close_the_case(app: APIFlask, sql: Sql) -> None:
    """Let the numbered alerts open the player's case, which somebody then takes and closes."""
    found = casework_of(app, sql)
    found.attach()
    ann = member(sql, "Ann", Role.ANALYST)
    taken = controllers.take(found.services, ann, CaseRef(case_id=found.case_of(7).id))
    closing = Closing(outcome=Outcome.NO_CONCERN, reason="usual play")
    controllers.close(found.services, ann, CaseRef(case_id=taken.id), closing)


def act_and_review(app: APIFlask, sql: Sql) -> None:
    """Let the platform tell of a limit, which a lead lifts."""
    records, lea = Records(app, sql), member(sql, "Lea", Role.LEAD)
    kind, amount, period = ActionKind.DEPOSIT_LIMIT, Decimal(100), Period.WEEK
    action = records.block(kind=kind, amount=amount, period=period, action_until=SOON).action
    action_steps.review(records.services, lea, action.id, Judgement(review=Review.LIFTED, reason="proved"))


def differences(schemas: MessageSchemas, requests: list[Request]) -> list[str]:
    return [fault for each in requests for fault in schemas.faults(each.json)]


def test_a_message_of_every_type_is_as_documented(
    app: APIFlask, client: FlaskClient, schemas: MessageSchemas, receiver: Receiver, sql: Sql
) -> None:
    endpoint = add_endpoint(sql, receiver.url)
    topics = ["case.opened", "case.closed", "action.recorded"]  # told only by name
    add_endpoint(sql, receiver.url, name="cases", topics=topics)
    for t in (10, 20, 15):  # the last is late, and the withdrawal at 20 the third in a row
        send(client, "withdraw", "50", t)
    send(client, "deposit", "50", 17)  # it is none any more
    with_id(client, "withdraw", "150", 5)
    drafted = client.post("/rules", json={"edition": 1}).get_json()["edition"]
    assert client.post(f"/rules/{drafted}/publish", json={"note": "as agreed"}).status_code == 200
    number(app)
    act_and_review(app, sql)
    close_the_case(app, sql)
    work(app)
    assert client.post(f"/webhooks/endpoints/{endpoint}/test").get_json()["delivered"] is True
    assert {each.json["type"] for each in receiver.requests} == schemas.topics
    assert differences(schemas, receiver.requests) == []
    for each in receiver.requests:
        assert {*schemas.headers(each.json["type"])} <= {*each.headers}
    changed = {**receiver.requests[0].json, "timestamp": "yesterday", "data": {}}
    assert {fault.split()[1] for fault in schemas.faults(changed)} == {"$.timestamp:", "$.data:"}


@pytest.mark.parametrize("letters", [0, 400])
def test_a_shortened_message_is_as_documented(
    app: APIFlask, client: FlaskClient, schemas: MessageSchemas, receiver: Receiver, letters: int
) -> None:
    client.post("/webhooks/endpoints", json={"name": "cases", "url": receiver.url})
    [rule] = [each for each in RULES if each.code == 1100]
    guidance = "ж" * letters or None  # of six bytes each, as JSON has it
    publish(app, [replace(rule, code=1_000 + each, guidance=guidance) for each in range(MANY_RULES)])
    with_id(client, "withdraw", "150", 5)
    work(app)
    [request] = [each for each in receiver.requests if each.json["type"] == "alert.raised"]
    assert request.json["data"]["truncated"] is True
    assert len(request.body) <= 20_000
    assert differences(schemas, receiver.requests) == []
