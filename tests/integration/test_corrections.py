"""Events are reversed and amended, and later events judged again (A52)."""

from decimal import Decimal
from itertools import count
from random import Random

import psycopg2
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from psycopg2.errors import InsufficientPrivilege
from werkzeug.test import TestResponse

from app.events.domain import EventOrder
from app.rules.event import EventType as EventKind
from app.rules.window_total import WindowTotal
from testkit.oracle import EDITION_1, Event, EventType
from testkit.player_log import PlayerLog
from tests.edition_1 import RULES
from tests.integration.books import publish, write_into
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql, run_sql
from tests.integration.judging import verified
from tests.integration.test_seals import sealed

PLAYERS = count(1)
LONG = WindowTotal(code=7, name="long", description="long", type=EventKind.DEPOSIT, above=Decimal(300), seconds=3600)
LONG_AS_WRITTEN = {
    "code": 7,
    "kind": "window_total",
    "type": "deposit",
    "above": "300",
    "seconds": 3600,
    "evaluated_on": ("deposit", "withdraw"),
}
DAY = 24 * 3600


@pytest.fixture
def app(app_with: AppWith) -> APIFlask:
    return app_with(late_events="keep")


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


def faults(app: APIFlask) -> list[str]:
    found = verified(app)
    return [each.what for each in found.differences] + [each.what for each in found.losses]


def correct(client: FlaskClient, what: str, user: int, event: Event, **members: str) -> TestResponse:
    which = f"by-id/{event.event_id}" if event.event_id else event.t
    return client.post(f"/users/{user}/events/{which}/{what}", json={"reason": "it was wrong", **members})


def test_a_reversal_retracts_later_codes(client: FlaskClient, sql: Sql) -> None:
    for t in (10, 20, 30):
        send(client, "withdraw", "10", t)
    answer = client.post("/users/1/events/20/reversal", json={"reason": "charge-back"})
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert body["revised"] == [{"t": 30, "n": 0, "event_id": None, "codes_before": [30], "codes_after": []}]
    assert sql("SELECT last_t, events, corrections FROM user_clock") == [(30, 4, 1)]


def test_the_clock_goes_back(client: FlaskClient, sql: Sql) -> None:
    send(client, "deposit", "10", 10)
    send(client, "deposit", "10", 1_795_736_749_000)
    assert client.post("/users/1/events/1795736749000/reversal", json={"reason": "wrong clock"}).status_code == 200
    assert codes(send(client, "deposit", "10", 20)) == []
    assert client.post("/users/1/events/20/reversal", json={"reason": "x"}).status_code == 200
    assert client.post("/users/1/events/10/reversal", json={"reason": "x"}).status_code == 200
    assert sql("SELECT last_t FROM user_clock") == [(-1,)]
    assert codes(send(client, "deposit", "10", 0)) == []


@pytest.mark.parametrize("seed", range(12))
def test_any_mixture(app: APIFlask, client: FlaskClient, sql: Sql, seed: int) -> None:
    random, user, log = Random(seed), next(PLAYERS), PlayerLog(horizon=7 * DAY)  # noqa: S311  # not for secrets
    sent: list[Event] = []
    change_rules = seed % 2 == 1
    for step in range(40):
        if change_rules and step == 12:  # from here on a long window, which is added up and not listed
            publish(app, [*RULES, LONG])
            log.rules = [*EDITION_1, LONG_AS_WRITTEN]
        if random.random() < 0.05:
            sealed(app)
        if sent and random.random() < 0.3:
            event = random.choice(sent)
            if random.random() < 0.5:
                answer = correct(client, "reversal", user, event)
                assert answer.status_code == 200, answer.text
                log.reverse(event)
            else:
                amount = random.choice(["50.00", "90.00", "101.00", "150.00"])
                answer = correct(client, "amendment", user, event, amount=amount)
                assert answer.status_code == log.amend(event, amount=amount), answer.text
            continue
        kind: EventType = random.choice(["deposit", "withdraw"])
        amount = random.choice(["50", "90.00", "101", "150"])
        name = random.choice([None, *"abcdefghijklmnop"])
        event = Event(type=kind, amount=amount, user_id=0, t=random.randrange(50), event_id=name)
        expected = log.take(event)
        answer = client.post("/event", json={**event.body(), "user_id": user})
        assert answer.status_code == expected.status, answer.text
        if expected.status == 200:
            assert codes(answer) == expected.codes
            if not expected.replayed:
                sent.append(event)
    found = sql(
        "SELECT DISTINCT ON (t, n) t, n, codes_after FROM revision WHERE user_id = %s ORDER BY t, n, no DESC", user
    )
    rows = {(t, n): believed for t, n, believed in found}
    stored = sql("SELECT t, n, event_id, alert_codes FROM activity_event WHERE user_id = %s ORDER BY t, n", user)
    believed = [(t, event_id, rows.get((t, n), first)) for t, n, event_id, first in stored]
    assert believed == [(each.t, each.event_id, met) for each, met in log.believed()]
    assert faults(app) == []
    # Totals are those of what stands.
    body = client.get(f"/users/{user}").get_json()
    assert body["deposits"]["count"] == sum(each.type == "deposit" for each, _ in log.believed())


def test_seals_cover_them(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    for t in (10, 30):
        send(client, "withdraw", "10", t)
    sealed(app)
    send(client, "withdraw", "10", 20)
    client.post("/users/1/events/30/reversal", json={"reason": "charge-back"})
    send(client, "withdraw", "150", 25)
    sealed(app)
    assert sql("SELECT seq, t, events FROM sealed_player ORDER BY seq") == [(2, 30, 2), (5, 25, 3)]
    assert faults(app) == []


TAMPERED = [
    ("UPDATE revision SET codes_after = '{}'", "revision 1 says"),
    ("UPDATE revision SET cause = 1", "by number 1; it should be"),
    ("UPDATE revision SET found = jsonb_set(found, '{30,value}', '\"4\"')", "the evidence of code 30 in revision 1"),
    ("UPDATE revision SET known_at = known_at + interval '1 s'", "they or their alerts were changed"),
    ("DELETE FROM revision", "no revision is stored of what number 3 changed: nothing to 30"),
    ("DELETE FROM superseded_event", "number 4 is missing"),
    ("UPDATE superseded_event SET reason = 'another'", "they or their alerts were changed"),
    ("UPDATE superseded_event SET corrected_by = 'another'", "they or their alerts were changed"),
    ("UPDATE superseded_event SET amount = 9 WHERE t = 40", "edition 1 raises 30, stored is 30, 1100"),
    ("UPDATE activity_event SET amount = 9 WHERE t = 10", "the stored event is not what was received and corrected"),
    ("UPDATE activity_event SET alert_codes = '{7}' WHERE t = 10", "another first answer"),
    ("UPDATE activity_event SET edition = 77 WHERE t = 10", "another first answer"),
    ("UPDATE activity_event SET received_at = '2000-01-01' WHERE t = 10", "another first answer"),
    ("UPDATE activity_event SET taken_after = NULL", "it is stored as taken after None; the latest t was 30"),
    ("UPDATE user_clock SET late_events = 0", "the clock counts 0 late events and 2 corrections"),
    ("UPDATE user_clock SET corrections = 0", "the clock counts 1 late events and 0 corrections"),
    ("DELETE FROM alert WHERE code = 30", "there is no alert of code"),
    (
        "UPDATE alert SET evidence = jsonb_set(evidence, '{value}', '\"4\"') WHERE code = 30",
        "neither answered nor found late",
    ),
    ("INSERT INTO alert VALUES (1, 10, 300, 1, false, '{}')", "neither answered nor found late"),
    (
        "INSERT INTO revision VALUES (1, 10, 0, 1, '{}', '{30}', 1, '{}', 3)",
        "nothing caused 1 of its stored revisions",
    ),
]


@pytest.mark.parametrize(("change", "fault"), TAMPERED, ids=[change for change, _ in TAMPERED])
def test_verify_notices_what_was_changed(app: APIFlask, client: FlaskClient, sql: Sql, change: str, fault: str) -> None:
    for t in (10, 30):
        send(client, "withdraw", "10", t)
    send(client, "withdraw", "10", 20)  # 30 is found late
    client.post("/users/1/events/10/amendment", json={"reason": "typing error", "amount": "11"})
    send(client, "withdraw", "150", 40)
    client.post("/users/1/events/40/reversal", json={"reason": "charge-back"})
    sealed(app)
    assert faults(app) == []
    for table in ("revision", "superseded_event"):
        sql(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
    sql(change)
    for table in ("revision", "superseded_event"):
        sql(f"ALTER TABLE {table} ENABLE TRIGGER append_only")
    assert any(fault in each for each in faults(app)), faults(app)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM activity_event",
        "UPDATE activity_event SET amount = 1",
        "INSERT INTO superseded_event (user_id) VALUES (1)",
        "UPDATE superseded_event SET reason = 'x'",
        "DELETE FROM revision",
        "UPDATE user_clock SET corrections = 0",
    ],
)
def test_the_service_may_correct_by_the_function_alone(service_url: str, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        run_sql(service_url, statement)


def test_the_function_leaves_its_record(client: FlaskClient, service_url: str) -> None:
    send(client, "deposit", "10", 10)
    run_sql(service_url, "SELECT correct_event(1, 10, 0, NULL, NULL, 'why', 'who', NULL)")
    assert run_sql(service_url, "SELECT t, reason, corrected_by FROM superseded_event") == [(10, "why", "who")]


def test_an_edition_that_cannot_be_read_judges_nothing_again(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    edition = publish(app, RULES)
    send(client, "deposit", "10", 10)
    write_into(sql, edition, '[{"kind": "of a later release"}]')
    answer = client.post("/users/1/events/10/amendment", json={"reason": "typing error", "amount": "11"})
    assert (answer.status_code, answer.get_json()["type"]) == (503, "urn:problem-type:unavailable")
    assert sql("SELECT count(*) FROM superseded_event") == [(0,)]


def test_commands_correct_events(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    for t in (10, 20, 30):
        send(client, "withdraw", "10", t)
    runner = app.test_cli_runner()
    done = runner.invoke(args=["events", "reverse", "1", "--t", "20", "--reason", "charge-back", "--as", "Ann"])
    assert done.exit_code == 0, done.output
    assert "correction 4 of player 1 (reversal)" in done.output
    assert "30" in done.output
    again = runner.invoke(args=["events", "reverse", "1", "--t", "20", "--reason", "charge-back"])
    assert "was corrected so before" in again.output
    amended = runner.invoke(args=["events", "amend", "1", "--t", "30", "--type", "deposit", "--reason", "typing error"])
    assert amended.exit_code == 0, amended.output
    assert sql("SELECT corrected_by, at_shell IS NULL, reason FROM superseded_event ORDER BY seq")[0] == (
        *("Ann", False, "charge-back"),
    )


def test_a_command_shows_the_first_events_whose_codes_changed_and_where_the_others_are(
    app: APIFlask, client: FlaskClient, sql: Sql
) -> None:
    send(client, "deposit", "201", 1)
    for t in range(2, 27):
        send(client, "deposit", "1", t)
    words = ["events", "reverse", "1", "--t", "1", "--reason", "charge-back"]
    for said in ("is corrected", "was corrected so before"):
        done = app.test_cli_runner().invoke(args=words)
        head, _, *shown, others = done.output.splitlines()
        assert said in head
        assert [line.split()[0] for line in shown] == [str(t) for t in range(1, 21)]
        assert "the first 20 of 26 events. GET /users/1/corrections shows 1,000 of a correction" in others
        query = others[others.index("SELECT") :]
        assert len(sql(query)) == 26


WRONG_COMMANDS = [
    (["reverse", "1", "--reason", "x"], "Name the event by --t or by --id."),
    (["reverse", "1", "--t", "10"], "--reason"),
    (["reverse", "1", "--t", "10", "--reason", " "], "1 to 500 printable characters"),
    (["reverse", "1", "--id", "-x", "--reason", "x"], "event_id"),
    (["reverse", "1", "--t", "10", "--reason", "x"], "no event of player 1 is stored with t 10"),
    (["amend", "1", "--t", "10", "--reason", "x"], "Give --type or --amount, or both."),
    (["amend", "1", "--t", "10", "--amount", "1e3", "--reason", "x"], "plain amount above zero"),
    (["amend", "1", "--t", "10", "--amount", "0", "--reason", "x"], "plain amount above zero"),
]


@pytest.mark.parametrize(("words", "message"), WRONG_COMMANDS, ids=[" ".join(words) for words, _ in WRONG_COMMANDS])
def test_wrong_commands_say_what_to_do(app: APIFlask, words: list[str], message: str) -> None:
    done = app.test_cli_runner().invoke(args=["events", *words])
    assert done.exit_code != 0
    assert message in done.output


WRONG_BODIES: list[tuple[str, object, tuple[int, str]]] = [
    ("reversal", {}, (400, "invalid-request")),
    ("reversal", {"reason": ""}, (400, "invalid-request")),
    ("reversal", {"reason": "x" * 501}, (400, "invalid-request")),
    ("reversal", {"reason": "a\nb"}, (400, "invalid-request")),
    ("reversal", {"reason": "x", "amount": "1"}, (400, "invalid-request")),
    ("amendment", {"reason": "x"}, (400, "invalid-request")),
    ("amendment", {"reason": "x", "amount": "0"}, (400, "invalid-request")),
    ("amendment", {"reason": "x", "amount": "1e3"}, (400, "invalid-request")),
    ("amendment", {"reason": "x", "type": "win"}, (400, "invalid-request")),
    ("amendment", {"reason": "x", "amount": "10.00"}, (409, "nothing-to-correct")),
]


@pytest.mark.parametrize(("what", "body", "expected"), WRONG_BODIES)
def test_wrong_corrections_leave_no_trace(
    client: FlaskClient, sql: Sql, what: str, body: object, expected: tuple[int, str]
) -> None:
    send(client, "deposit", "10", 10)
    assert problem(client.post(f"/users/1/events/10/{what}", json=body)) == expected
    assert sql("SELECT events, corrections FROM user_clock") == [(1, 0)]


def test_the_identity_of_a_corrected_event_stays_taken(client: FlaskClient) -> None:
    first = send(client, "withdraw", "150", 10)
    client.post("/users/1/events/10/amendment", json={"reason": "x", "amount": "20"})
    again = send(client, "withdraw", "150", 10)
    assert (codes(again), again.headers["Idempotent-Replay"]) == (codes(first), "true")
    amended = send(client, "withdraw", "20", 10)
    assert problem(amended) == (409, "duplicate-event")
    assert "was amended by correction 2" in amended.get_json()["detail"]
    client.post("/users/1/events/10/reversal", json={"reason": "x"})
    assert codes(send(client, "withdraw", "150", 10)) == codes(first)
    assert "was reversed by correction 3" in send(client, "deposit", "1", 10).get_json()["detail"]
    assert problem(client.post("/users/1/events/10/amendment", json={"reason": "x", "amount": "2"})) == (
        *(409, "nothing-to-correct"),
    )


def test_the_first_seal_may_come_after_a_correction(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    for t in (10, 20, 50, 60):
        send(client, "deposit", "1", t)
    client.post("/users/1/events/60/reversal", json={"reason": "charge-back"})
    sealed(app)
    assert sql("SELECT seq, t, events FROM sealed_player") == [(5, 50, 5)]
    assert faults(app) == []


def test_a_late_event_cannot_be_made_to_look_in_order(app: APIFlask, client: FlaskClient, sql: Sql) -> None:
    send(client, "deposit", "1", 50)
    send(client, "deposit", "1", 10)
    assert faults(app) == []
    sql("UPDATE user_clock SET late_events = 0")
    assert any("counts 0 late events" in each for each in faults(app))


def test_totals_follow_a_clock_that_goes_back(client: FlaskClient, sql: Sql) -> None:
    sql(
        "INSERT INTO activity_event (user_id, t, type, amount, alert_codes, seq)"
        " SELECT 1, 2 * n, 'deposit', 1, '{}', n FROM generate_series(1, 2000) AS n"
    )
    sql("INSERT INTO user_clock (user_id, last_t, events) VALUES (1, 4000, 2000)")
    assert client.get("/users/1").get_json()["deposits"] == {"count": 2000, "total": "2000.00"}
    for t in range(4000, 3980, -2):
        client.post(f"/users/1/events/{t}/reversal", json={"reason": "wrong clock"})
    assert client.get("/users/1").get_json()["deposits"] == {"count": 1990, "total": "1990.00"}
    send(client, "deposit", "500", 3991)
    assert client.get("/users/1").get_json()["deposits"] == {"count": 1991, "total": "2490.00"}


def test_the_greatest_t_can_be_corrected(client: FlaskClient) -> None:
    send(client, "deposit", "1", 2**63 - 1)
    path = f"/users/1/events/{2**63 - 1}"
    assert client.post(f"{path}/amendment", json={"reason": "x", "amount": "2"}).status_code == 200
    assert client.post(f"{path}/reversal", json={"reason": "x"}).status_code == 200
    assert codes(send(client, "deposit", "1", 5)) == []


def test_the_clock_of_the_system_goes_back_whatever_the_order_is_now(app_with: AppWith, sql: Sql) -> None:
    in_system = app_with(event_order=EventOrder.SYSTEM).test_client()
    send(in_system, "deposit", "1", 10, 1)
    send(in_system, "deposit", "1", 10**12, 2)
    by_player = app_with().test_client()
    assert by_player.post(f"/users/2/events/{10**12}/reversal", json={"reason": "x"}).status_code == 200
    assert sql("SELECT last_t FROM user_clock WHERE user_id = 0") == [(10,)]
    assert codes(send(in_system, "deposit", "1", 20, 3)) == []
    sql("UPDATE user_clock SET last_t = %s WHERE user_id = 0", 10**12)  # as if the correction had been cut off there
    again = by_player.post(f"/users/2/events/{10**12}/reversal", json={"reason": "x"})
    assert again.headers["Idempotent-Replay"] == "true"
    assert sql("SELECT last_t FROM user_clock WHERE user_id = 0") == [(20,)]


@pytest.mark.parametrize("amount", ["'NaN'", "0", "-1", "1e12", "1.001", "'Infinity'"])
def test_the_function_takes_no_other_amounts_than_the_service(
    client: FlaskClient, service_url: str, sql: Sql, amount: str
) -> None:
    send(client, "deposit", "10", 10)
    with pytest.raises(psycopg2.Error):
        run_sql(service_url, f"SELECT correct_event(1, 10, 0, NULL, {amount}, 'why', 'who', NULL)")
    with pytest.raises(psycopg2.Error):
        sql("INSERT INTO activity_event (user_id, t, type, amount, alert_codes) VALUES (1, 20, 'deposit', 'NaN', '{}')")


def test_an_amendment_of_what_is_so_already_is_no_replay(client: FlaskClient) -> None:
    send(client, "deposit", "10", 10)
    client.post("/users/1/events/10/amendment", json={"reason": "x", "amount": "20"})
    said = client.post("/users/1/events/10/amendment", json={"reason": "x", "type": "deposit"})
    assert problem(said) == (409, "nothing-to-correct")
    again = client.post("/users/1/events/10/amendment", json={"reason": "y", "amount": "20.00"})
    assert again.headers["Idempotent-Replay"] == "true"


def test_the_second_of_a_reversed_event_stays_taken(client: FlaskClient) -> None:
    send(client, "deposit", "10", 10)
    client.post("/users/1/events/10/reversal", json={"reason": "x"})
    event = {"type": "deposit", "amount": "10", "user_id": 1, "t": 10, "event_id": "a"}
    answer = client.post("/event", json=event)
    assert problem(answer) == (409, "duplicate-event")
    assert "was reversed by correction 2" in answer.get_json()["detail"]


def test_no_request_reads_more_than_it_may(client: FlaskClient, sql: Sql) -> None:
    sql(
        "INSERT INTO activity_event (user_id, t, type, amount, alert_codes, seq)"
        " SELECT 1, n / 1000, 'deposit', 1, '{}', n FROM generate_series(0, 0) AS n"
    )
    sql(
        "INSERT INTO activity_event (user_id, t, n, event_id, type, amount, alert_codes, seq)"
        " SELECT 1, 1 + n / 1000, n % 1000, 'e' || n, 'deposit', 1, '{}', n + 1 FROM generate_series(0, 20100) AS n"
    )
    sql("INSERT INTO user_clock (user_id, last_t, events) VALUES (1, 21, 20102)")
    late = client.post("/event", json={"type": "deposit", "amount": "1", "user_id": 1, "t": 20, "event_id": "late"})
    assert problem(late) in {(409, "too-many-later-events"), (409, "second-full")}
    answer = client.post("/users/1/events/by-id/e20100/amendment", json={"reason": "x", "amount": "2"})
    assert problem(answer) == (409, "too-many-later-events")
    assert "more than 20,000 events of player 1 are within reach" in answer.get_json()["detail"]
