"""An alert knows whether its player's event just before raised the same code (A58)."""

from itertools import count, groupby
from random import Random
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from testkit.oracle import EDITION_1, Event, EventType
from testkit.player_log import PlayerLog
from tests.edition_1 import RULES
from tests.integration.batches import results, send_lines
from tests.integration.books import shadow
from tests.integration.clients import codes, send
from tests.integration.conftest import AppWith, Sql
from tests.integration.judging import verified
from tests.integration.test_corrections import correct, faults

PLAYERS = count(1)
DAY = 24 * 3600
ALERTS = """
    SELECT t, evidence->>'event_id', shadow, code, fresh FROM alert WHERE user_id = %s
    ORDER BY t, coalesce(evidence->>'event_id', ''), shadow, code
"""


@pytest.fixture
def app(app_with: AppWith) -> APIFlask:
    return app_with(late_events="keep")


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


def shown(client: FlaskClient, query: str = "") -> list[tuple[int, int, bool | None]]:
    answer = client.get(f"/alerts{query}")
    assert answer.status_code == 200, answer.text
    return [(each["t"], each["code"], each["fresh"]) for each in answer.get_json()["alerts"]]


def test_a_repeat_is_not_fresh_until_an_event_comes_between(client: FlaskClient) -> None:
    for amount, t in (("150", 1), ("160", 2), ("50", 3), ("170", 4)):
        send(client, "withdraw", amount, t)
    raised = [(4, 1100, True), (4, 30, False), (3, 30, True), (2, 1100, False), (1, 1100, True)]
    assert shown(client) == raised
    assert shown(client, "?fresh=true") == [each for each in raised if each[2]]
    assert shown(client, "?fresh=true&user=1&code=1100&limit=1") == [(4, 1100, True)]
    assert shown(client, "?fresh=false") == shown(client)
    assert client.get("/alerts/1/2/1100").get_json()["fresh"] is False


def test_any_type_of_event_comes_between(client: FlaskClient) -> None:
    """Whichever can meet the rule: only withdrawals meet 1100."""
    send(client, "withdraw", "150", 1)
    send(client, "deposit", "1", 2)
    send(client, "withdraw", "150", 3)
    assert shown(client) == [(3, 1100, True), (1, 1100, True)]


def test_it_never_changes_whatever_becomes_known(client: FlaskClient) -> None:
    send(client, "withdraw", "150", 10)
    send(client, "withdraw", "150", 30)
    send(client, "deposit", "1", 20)
    client.post("/users/1/events/10/reversal", json={"reason": "charge-back"})
    assert shown(client) == [(30, 1100, False), (10, 1100, True)]


def random_event(random: Random) -> Event:
    kind: EventType = random.choice(["deposit", "withdraw"])
    name = random.choice([None, *"abcdefghijklmnop"])
    amount = random.choice(["50", "90.00", "101", "150"])
    return Event(type=kind, amount=amount, user_id=0, t=random.randrange(50), event_id=name)


@pytest.mark.usefixtures("rules_refreshed_by_hand")
@pytest.mark.parametrize("seed", range(8))
def test_any_mixture_equals_a_plain_list(app: APIFlask, client: FlaskClient, sql: Sql, seed: int) -> None:
    """Events one by one and in batches, late ones, reversals, amendments, and from some time on a shadow."""
    random, user, log = Random(seed), next(PLAYERS), PlayerLog(horizon=7 * DAY)  # noqa: S311  # not for secrets
    sent: list[Event] = []
    for step in range(30):
        if seed % 2 and step == 6:
            shadow(app, RULES[:3])
            log.shadow = EDITION_1[:3]
        if sent and random.random() < 0.25:
            event = random.choice(sent)
            if random.random() < 0.5:
                assert correct(client, "reversal", user, event).status_code == 200
                log.reverse(event)
            else:
                amount = random.choice(["50.00", "150.00"])
                answer = correct(client, "amendment", user, event, amount=amount)
                assert answer.status_code == log.amend(event, amount=amount), answer.text
            continue
        events = sorted((random_event(random) for _ in range(random.choice([1, 1, 4]))), key=lambda each: each.t)
        expected = [log.take(each) for each in events]
        bodies = [{**each.body(), "user_id": user} for each in events]
        assert statuses(client, bodies) == [each.status for each in expected]
        sent += [
            event for event, said in zip(events, expected, strict=True) if said.status == 200 and not said.replayed
        ]
    found = sql(ALERTS, user)
    assert found == sorted(log.alerts(), key=lambda alert: (alert[0], alert[1] or "", *alert[2:]))
    assert len({fresh for *_, fresh in found}) == 2
    assert faults(app) == []


def statuses(client: FlaskClient, bodies: list[dict[str, Any]]) -> list[int]:
    if len(bodies) == 1:
        return [client.post("/event", json=bodies[0]).status_code]
    return [each["status"] for each in results(send_lines(client, bodies))]


@pytest.mark.usefixtures("rules_refreshed_by_hand")
@pytest.mark.parametrize(
    ("which", "fault"),
    [
        ("t = 10 AND NOT shadow", "code 1100 is stored as not fresh; the event before raised nothing"),
        ("t = 20 AND NOT shadow", "code 1100 is stored as fresh; the event before raised 1100"),
        ("t = 20 AND shadow", "in the shadow, the alert of code 1100 is stored as fresh; the event before raised 1100"),
    ],
)
def test_verify_finds_a_mark_that_was_changed(
    app: APIFlask, client: FlaskClient, sql: Sql, which: str, fault: str
) -> None:
    shadow(app, RULES[3:])
    for t in (10, 20):
        send(client, "withdraw", "150", t)
    assert faults(app) == []
    sql(f"UPDATE alert SET fresh = NOT fresh WHERE {which}")  # noqa: S608  # ours
    [found] = faults(app)
    assert fault in found


@pytest.mark.parametrize(
    ("which", "fault"),
    [
        ("t = 30", "code 30 is stored as not fresh; the event before raised nothing"),
        ("t = 40 AND code = 30", "code 30 is stored as fresh; the event before raised 30"),
    ],
    ids=["found late", "after one that was found late"],
)
def test_verify_goes_by_what_was_known_then(
    app: APIFlask, client: FlaskClient, sql: Sql, which: str, fault: str
) -> None:
    for t in (10, 30, 20):  # at 30, code 30 is found late
        send(client, "withdraw", "10", t)
    assert codes(send(client, "withdraw", "150", 40)) == [30, 1100]
    assert faults(app) == []
    sql(f"UPDATE alert SET fresh = NOT fresh WHERE {which}")  # noqa: S608  # ours
    [found] = faults(app)
    assert fault in found


def test_an_alert_of_the_release_before_has_no_mark(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    """It may run beside this one, and stores alerts without the column."""
    send(client, "withdraw", "150", 10)
    columns = "user_id, t, n, code, shadow, edition, evidence"
    sql(f"WITH gone AS (DELETE FROM alert RETURNING *) INSERT INTO alert ({columns}) SELECT {columns} FROM gone")  # noqa: S608  # ours
    send(client, "withdraw", "150", 20)
    assert shown(client) == [(20, 1100, False), (10, 1100, None)]
    assert shown(client, "?fresh=true") == []
    assert verified(app).different == 0


def test_players_do_not_mix_in_a_batch(client: FlaskClient, sql: Sql) -> None:
    """Of each player's first event of a batch, what is stored decides; of the others, the event before it there."""
    send(client, "withdraw", "150", 1, user_id=1)
    batch = [{"type": "withdraw", "amount": "150", "user_id": user, "t": t} for t in (2, 3) for user in (1, 2)]
    results(send_lines(client, batch))
    rows = sql("SELECT user_id, t, fresh FROM alert WHERE code = 1100 ORDER BY user_id, t")
    marks = {user: [fresh for *_, fresh in each] for user, each in groupby(rows, lambda row: row[0])}
    assert marks == {1: [True, False, False], 2: [True, False]}
